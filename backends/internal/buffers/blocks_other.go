//go:build !linux

package buffers

import "golang.org/x/sys/unix"

// adviceRelease lets the system take back the memory of a block when it needs it. Reading the block
// then yields the old content or zeros.
const adviceRelease = unix.MADV_FREE
