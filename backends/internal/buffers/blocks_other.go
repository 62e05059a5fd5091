//go:build !linux

package buffers

import "golang.org/x/sys/unix"

// adviceRelease lets the system take the memory of a block back when it needs it. What the next
// touch finds is what was there, or zeros.
const adviceRelease = unix.MADV_FREE
