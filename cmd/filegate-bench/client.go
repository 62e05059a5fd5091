package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// client is a client program, or a client in this program. A function that it lacks is nil.
type client struct {
	name     string
	protocol string // "sftp", "ftp", "swift", or "keystone"

	// put and get transfer files one after the other, in one session.
	put func(ctx context.Context, b *bench, p *place, files []file) error
	get func(ctx context.Context, b *bench, p *place, files []file) error
	// list lists the run's directory and returns the client's output, one line for each entry.
	list func(ctx context.Context, b *bench, p *place) (string, error)
	// login logs in and returns when the server is ready for commands. The function leave closes
	// the connection.
	login func(ctx context.Context, b *bench, p *place) (leave func(), err error)
}

// run runs a program and returns its standard output.
func run(ctx context.Context, env []string, stdin, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the programs are ours to choose
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out strings.Builder
	var errors tail
	cmd.Stdout, cmd.Stderr = &out, &errors
	// So that the processes that it starts are killed too: sftp starts ssh.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", fmt.Errorf("%s: %w: %s", program, err, errors.String())
	}
	return out.String(), nil
}

// quoted quotes a word for the commands of sftp and lftp, and for the configuration of curl.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
