package authplugin

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// reap waits for the end of a program, and then kills all that the program has started. How the
// program ended is in its ProcessState afterwards.
//
// The children are killed before the program is waited for: until then no other process group can
// get the number of this one.
func reap(cmd *exec.Cmd) {
	pid := cmd.Process.Pid
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	_ = cmd.Wait()
}
