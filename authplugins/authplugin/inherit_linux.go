package authplugin

import "golang.org/x/sys/unix"

// keepDescriptors keeps programs from inheriting descriptors that the gateway has itself inherited.
// Descriptors that Go opens are not inherited anyway.
func keepDescriptors() {
	// Kernels before 5.11 do not support this, and then the descriptors are inherited.
	_ = unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
}
