//go:build !linux

package hook

import "syscall"

// ownProcessGroup puts a program into a process group of its own, so that it can be killed with all
// that it has started. Only Linux can end it together with the authenticator: elsewhere a program
// that is running when the authenticator is killed goes on to its own end.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
