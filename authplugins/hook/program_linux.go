package hook

import "syscall"

// ownProcessGroup puts a program into a process group of its own, so that it can be killed with all
// that it has started. The kernel ends it together with the thread that started it, so that none
// outlives an authenticator that is killed.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
