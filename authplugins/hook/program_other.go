//go:build !linux

package hook

import "syscall"

// ownProcessGroup puts a program into a process group of its own, so that it can be killed together
// with its child processes. Only on Linux does the kernel kill the program together with the
// authenticator: elsewhere a program that is running when the authenticator is killed runs to its
// end.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
