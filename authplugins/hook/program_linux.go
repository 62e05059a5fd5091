package hook

import "syscall"

// ownProcessGroup puts a program into a process group of its own, so that it can be killed together
// with its child processes. The kernel kills the program when the thread that started it ends, so
// that no program outlives an authenticator that is killed.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
