package confine

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// enterSandbox restricts this process, and the programs that it starts, to changes in the given
// places. It also forbids system calls that a gateway does not need. It cannot be undone.
func enterSandbox(writable []string) error {
	if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	if err := forbidWriting(writable); err != nil {
		return err
	}
	return filterCalls()
}

// leastLandlock is the first version of Landlock that permits moving files between directories.
const leastLandlock = 2

// forbidWriting forbids changes of files, except of the given files and of files in the given
// directories.
func forbidWriting(except []string) error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || version < leastLandlock {
		return errors.New("this kernel has no Landlock of version 2 (Linux 5.19), or it is switched off")
	}
	changes := uint64(unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER)
	ofFiles := uint64(unix.LANDLOCK_ACCESS_FS_WRITE_FILE)
	if version >= 3 {
		changes |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
		ofFiles |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: changes}
	// Package unix has no functions for Landlock and seccomp, so this file passes addresses itself.
	// The size is that of the first field, because an older kernel does not know the others.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules.Handled_access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("Landlock: %w", errno) //nolint:staticcheck // it is a name
	}
	defer unix.Close(int(fd))
	for _, path := range except {
		if err := allowChanges(int(fd), path, changes, ofFiles); err != nil {
			return fmt.Errorf("%s, which must be writable: %w", path, err)
		}
	}
	if err := allThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0); err != nil {
		return fmt.Errorf("Landlock: %w", err) //nolint:staticcheck // likewise
	}
	return nil
}

// allowChanges makes an exception for a file or a directory.
func allowChanges(rules int, path string, ofDirectory, ofFile uint64) error {
	at, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	access := ofDirectory
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.IsDir() {
		access = ofFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(at)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// refusedCalls are system calls with which a process takes over other processes or the kernel. A
// gateway and its authenticators need none of them. The alternative, a list of allowed calls, would
// break when a new version of Go or of the C library uses another call.
var refusedCalls = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_QUOTACTL, unix.SYS_ACCT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_FANOTIFY_INIT, unix.SYS_SYSLOG,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
}

// Offsets of the call's number and of the processor's architecture in the data of a filter (struct
// seccomp_data).
const (
	callNumber = 0
	callArch   = 4
)

// x32Calls is the first number of the system calls of x32, an old interface for programs.
const x32Calls = 0x40000000

// filterCalls makes refusedCalls fail with EPERM.
func filterCalls() error {
	if nativeArch == 0 {
		return nil // without the architecture, a filter cannot check that the call numbers are native
	}
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	equal := func(value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes, Jf: no}
	}
	answer := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	refuse := answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	program := []unix.SockFilter{
		// These programs never use the call numbers of another processor.
		load(callArch), equal(nativeArch, 1, 0), refuse,
		load(callNumber),
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: x32Calls, Jt: 0, Jf: 1},
		refuse,
	}
	for _, call := range refusedCalls {
		program = append(program, equal(call, 0, 1), refuse)
	}
	program = append(program, answer(unix.SECCOMP_RET_ALLOW))
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	switch {
	case errno != 0:
		return fmt.Errorf("seccomp: %w", errno)
	case r != 0: // the number of a thread with a filter of its own
		return errors.New("seccomp: a thread has another filter")
	}
	return nil
}
