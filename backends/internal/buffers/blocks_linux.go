package buffers

import "golang.org/x/sys/unix"

// adviceRelease makes Linux take back the memory of a block at once. Reading the block then yields
// zeros.
const adviceRelease = unix.MADV_DONTNEED
