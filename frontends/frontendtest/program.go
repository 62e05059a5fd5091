package frontendtest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filegate/core/testneed"
)

// programTimeout is how long a client program may run: much longer than any test needs.
const programTimeout = 2 * time.Minute

// Program returns the path of a client program. The test is skipped with -short, and where the
// program is missing, unless CI=true: there it fails.
func Program(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("%s is not run with -short", name)
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	testneed.Missing(t, "%s is missing", name)
	return ""
}

// Result is what a client program has left.
type Result struct {
	Status int // its exit status; -1 when it was killed
	Stdout string
	Stderr string
}

// Run runs a client program to its end, in the directory dir and with stdin.
func Run(t *testing.T, dir, stdin, name string, args ...string) Result {
	t.Helper()
	return run(t, dir, stdin, nil, name, args...)
}

func run(t *testing.T, dir, stdin string, env []string, name string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, Program(t, name), args...)
	cmd.Dir = dir
	cmd.Env = append(environ(dir), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader([]byte(stdin)), &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%s: %v", name, err)
	}
	r := Result{Status: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
	t.Logf("%s %q: status %d\n%s%s", name, args, r.Status, r.Stdout, r.Stderr)
	return r
}

// environ is an environment in which nothing of the user's own settings counts.
func environ(home string) []string {
	return append(os.Environ(), "HOME="+home, "LC_ALL=C.UTF-8", "SSH_AUTH_SOCK=", "NODE_PATH="+NodeModules())
}

// NodeModules is where .ci/deps puts the clients that are packages of Node.
func NodeModules() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "filegate", "npm", "node_modules")
}
