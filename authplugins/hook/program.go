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

// maxComplaint is the maximum number of bytes of a program's standard error that are logged for one
// question.
const maxComplaint = 4 << 10

// patience is how long to wait, after a program has exited, for its child processes that hold its
// output open.
const patience = time.Second

// program asks the operator's program, which is run once for each question.
type program struct {
	command []string
	log     io.Writer
}

func (p *program) ask(ctx context.Context, question []byte) ([]byte, error) {
	// The kernel kills the program when the thread that started it ends: see ownProcessGroup.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	out, complaint := &bounded{max: maxAnswer, cut: true}, &bounded{max: maxComplaint}
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(question), out, complaint
	cmd.SysProcAttr = ownProcessGroup()
	// Kill the child processes too.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = patience
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // remaining child processes, if any
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

// bounded stores the first max bytes that are written to it. It discards the rest or, if cut is
// set, refuses it with an error.
type bounded struct {
	buf  bytes.Buffer
	max  int
	cut  bool
	over bool
}

// Bytes returns the stored bytes.
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
