package authplugin

import "golang.org/x/sys/unix"

// keepDescriptors keeps programs from getting descriptors that the gateway itself has inherited from whoever started it.
// What Go opens is marked so already.
func keepDescriptors() {
	// A kernel before 5.11 cannot do it, and then the descriptors are handed on as ever.
	_ = unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
}
