package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"filegate/core/config"
)

// lastCapability is beyond the last one that any kernel has.
const lastCapability = 63

// limitPrograms keeps programs that are started from having other rights of root's than some (the
// bounding set of capabilities(7)). Only root can do that, and from others it takes nothing.
func limitPrograms(kept []uintptr) error {
	for c := uintptr(0); c <= lastCapability; c++ {
		if slices.Contains(kept, c) {
			continue
		}
		err := allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c)
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
			break
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// limitPrivileges takes from this process all of root's rights but some and, until its sockets are
// open, that to low ports. No program that it starts gains any, such as sudo in a hook.
func limitPrivileges(kept []uintptr) error {
	if err := allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := setCapabilities(append(slices.Clone(kept), unix.CAP_NET_BIND_SERVICE)); err != nil {
		return err
	}
	return allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
}

// keepCapabilities lets a change of the user leave this process its capabilities, for low ports.
// Where that cannot be done, opening one of those fails and says why.
func keepCapabilities() {
	_ = allThreads(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1)
}

// keptCapabilities are those that are needed as long as clients are served: root may serve files of
// others from a directory.
func keptCapabilities(cfg *config.Config) []uintptr {
	if len(cfg.Directories()) > 0 && cfg.User == "" && os.Geteuid() == 0 {
		return []uintptr{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER}
	}
	return nil
}

// setCapabilities leaves to the process those of its capabilities that are in a list.
func setCapabilities(list []uintptr) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var now [2]unix.CapUserData
	if err := unix.Capget(&header, &now[0]); err != nil {
		return fmt.Errorf("capabilities cannot be read: %w", err)
	}
	var left [2]unix.CapUserData
	for _, c := range list {
		bit := uint32(1) << (c % 32)
		left[c/32].Permitted |= now[c/32].Permitted & bit
	}
	for i := range left {
		left[i].Effective = left[i].Permitted
	}
	if left == now {
		return nil
	}
	// unix.Capset is about one thread; for all of them there is only the call itself, which takes
	// addresses.
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&left[0])), 0)
	return threadsError(errno)
}

// allThreads makes a call of the system that is about one thread in each of them.
func allThreads(call, a, b uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(call, a, b, 0, 0, 0, 0)
	return threadsError(errno)
}

func threadsError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return errors.New("this program was built with cgo: make build makes one that can")
	}
	return errno
}

// hideMemory keeps other processes of the same user from reading this one's memory, with passwords
// in it.
func hideMemory() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
