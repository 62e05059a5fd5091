package authplugin

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// reap waits for the end of a program, and then kills its children. How the program ended is then
// in cmd.ProcessState.
//
// The children are killed before the program is waited for, because until then its process group ID
// cannot be reused.
func reap(cmd *exec.Cmd) {
	pid := cmd.Process.Pid
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	_ = cmd.Wait()
}
