package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// maxComplaint is how much of what a program writes to standard error reaches the log, for each
// question.
const maxComplaint = 4 << 10

// patience is how long something that a program has left behind may hold its output open.
const patience = time.Second

// program is a door to a program of the operator's, run once for each question.
type program struct {
	command []string
	log     io.Writer
}

func (p *program) ask(ctx context.Context, question []byte) ([]byte, error) {
	// Linux ends the program with the thread that started it: see ownProcessGroup.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	out, complaint := &bounded{max: maxAnswer, cut: true}, &bounded{max: maxComplaint}
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(question), out, complaint
	cmd.SysProcAttr = ownProcessGroup()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with all that it has started
	cmd.WaitDelay = patience
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind; mostly there is nothing
	}
	if text := bytes.TrimSpace(complaint.Bytes()); len(text) > 0 {
		fmt.Fprintf(p.log, "%s: %s\n", p.command[0], text)
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case out.over:
		return nil, fmt.Errorf("the program wrote more than %d bytes", maxAnswer)
	case failed:
		return nil, fmt.Errorf("the program ended with: %s", exit.ProcessState)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil, errors.New("the program ended, and left something behind that holds its output open")
	case err != nil:
		return nil, fmt.Errorf("the program could not be run: %w", err)
	}
	return out.Bytes(), nil
}

// bounded keeps the first bytes that are written to it. The others it swallows, or refuses, which
// ends most programs.
type bounded struct {
	buf  bytes.Buffer
	max  int
	cut  bool
	over bool
}

// Bytes is what was kept.
func (b *bounded) Bytes() []byte { return b.buf.Bytes() }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	rest := b.max - b.buf.Len()
	b.buf.Write(p[:min(len(p), rest)])
	if len(p) > rest {
		b.over = true
		if b.cut {
			return rest, io.ErrShortWrite
		}
	}
	return len(p), nil
}
