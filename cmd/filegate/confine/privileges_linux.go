package confine

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

// lastCapability is greater than the number of any capability.
const lastCapability = 63

// limitPrograms limits the capabilities of programs that this process starts (the bounding set, see
// capabilities(7)). Only root can do this; for other users it does nothing.
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

// limitPrivileges removes all capabilities of this process except kept, and except the one for
// ports below 1024, which Finish removes. Programs that it starts cannot gain any, so sudo in a
// hook fails.
func limitPrivileges(kept []uintptr) error {
	if err := allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := setCapabilities(append(slices.Clone(kept), unix.CAP_NET_BIND_SERVICE)); err != nil {
		return err
	}
	return allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
}

// keepCapabilities lets the process keep its capabilities when it changes its user, for ports below
// 1024. If this fails, opening such a port fails later and says why.
func keepCapabilities() {
	_ = allThreads(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1)
}

// keptCapabilities returns the capabilities that serving clients needs. A backend "local" that runs
// as root may serve the files of all users.
func keptCapabilities(cfg *config.Config) []uintptr {
	if len(cfg.Directories()) > 0 && cfg.User == "" && os.Geteuid() == 0 {
		return []uintptr{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER}
	}
	return nil
}

// setCapabilities removes all capabilities of the process that are not in list.
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
	// unix.Capset changes one thread only.
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&left[0])), 0)
	return threadsError(errno)
}

// allThreads makes a system call that affects one thread, in all threads.
func allThreads(call, a, b uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(call, a, b, 0, 0, 0, 0)
	return threadsError(errno)
}

func threadsError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return errors.New("this program was built with cgo; use one that was built with make build")
	}
	return errno
}

// hideMemory prevents other processes of the same user from reading the memory of this process,
// which contains passwords.
func hideMemory() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
