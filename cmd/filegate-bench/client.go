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

// client is a program that people use, or the one in here. What it cannot do is nil.
type client struct {
	name     string
	protocol string // "sftp", "ftp", "swift", or "keystone"

	// put and get move files one after the other, in one session.
	put func(ctx context.Context, b *bench, p *place, files []file) error
	get func(ctx context.Context, b *bench, p *place, files []file) error
	// list lists the run's directory, and returns what the client printed, an entry on a line.
	list func(ctx context.Context, b *bench, p *place) (string, error)
	// login logs in, until the server would do what it is told. Then leave hangs up.
	login func(ctx context.Context, b *bench, p *place) (leave func(), err error)
}

// run runs a program to its end, and returns what it wrote to standard output.
func run(ctx context.Context, env []string, stdin, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the programs are ours to choose
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out strings.Builder
	var errors tail
	cmd.Stdout, cmd.Stderr = &out, &errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with what it starts: sftp starts ssh
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

// quoted is a word for sftp's and lftp's commands and curl's configuration.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
