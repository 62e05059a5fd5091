//go:build !linux

package authplugin

import (
	"os/exec"
	"syscall"
)

// reap waits for the end of a program, and then kills its children. How the program ended is then
// in cmd.ProcessState.
//
// These systems have no waitid(2) that keeps the process, so the children are killed after the
// wait.
func reap(cmd *exec.Cmd) {
	_ = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
