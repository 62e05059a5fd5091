//go:build !linux

package authplugin

import (
	"os/exec"
	"syscall"
)

// reap waits for the end of a program, and then kills all that the program has started. How the
// program ended is in its ProcessState afterwards.
//
// These systems have no waitid(2) that leaves the process in place, so the signal follows the wait.
func reap(cmd *exec.Cmd) {
	_ = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
