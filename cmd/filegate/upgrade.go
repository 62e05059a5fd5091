package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filegate/core/gateway"
)

// An upgrade has these steps. The old process starts the program again, with copies of its sockets
// and two pipes. The new process reads the configuration, starts everything and opens the missing
// sockets. Then it reports that it is ready, or why not, and waits. When it is ready, the old
// process names it to systemd as the main process, sends it "proceed", and accepts no more clients.
// New clients wait in the sockets meanwhile. If a step fails, the new process ends and the old one
// continues to serve.
//
// The new process is a child of the old one, and lacks the rights that the old one has given up. It
// cannot open ports below 1024 that were not open before, become another user, or change files in
// other places.

// upgradeVar is the environment variable in which the new process gets its bequest.
const upgradeVar = "FILEGATE_UPGRADE"

// bequest describes the file descriptors that the old process passes to the new one. They begin at
// firstInherited: the sockets, the write end of the pipe for the answer, the read end of the pipe
// to wait on, and the pid file if there is one.
type bequest struct {
	Parent  int      `json:"parent"` // the old process
	Sockets []string `json:"sockets"`
	PIDFile string   `json:"pid_file"` // empty: none
	Sandbox string   `json:"sandbox"`  // see confine.Confinement
}

// The messages on the pipes, one line each.
const (
	wordReady = "ready"   // to the old process; any other line is the reason of a failure
	wordGo    = "proceed" // to the new process
)

// upgradePatience is the maximum time until a new process is ready. It is shorter than the timeout
// of a client of the admin server.
const upgradePatience = 100 * time.Second

// upgradeEnd is the time that a rejected new process has to end before it is killed.
const upgradeEnd = 10 * time.Second

// origin is how this process was started. An upgrade starts the new process in the same way.
type origin struct {
	program string
	args    []string
	env     []string
}

// originOf returns how this process was started. It is called before the process changes its
// environment.
func originOf() origin {
	s := origin{program: os.Args[0], args: os.Args[1:], env: os.Environ()}
	if found, err := exec.LookPath(s.program); err == nil {
		s.program = found
	}
	// The name may be a link, which may point to another version later. So the link is not
	// resolved.
	if abs, err := filepath.Abs(s.program); err == nil {
		s.program = abs
	}
	own := []string{upgradeVar, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"}
	s.env = slices.DeleteFunc(s.env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(own, name)
	})
	return s
}

// upgrade replaces this process by a new one. If it returns an error, this process continues to
// serve.
func (r *reloader) upgrade(ctx context.Context) (told []string, err error) {
	if !r.changing.TryLock() {
		return nil, errors.New("a reload or an upgrade is under way: try again when it is through")
	}
	defer r.changing.Unlock()
	r.log.Info("upgrading", "program", r.origin.program)
	ctx, cancel := context.WithTimeout(ctx, upgradePatience)
	defer cancel()
	next, err := r.launch()
	if err == nil {
		err = next.takeOver(ctx, func() {
			r.boss.tell("MAINPID=" + strconv.Itoa(next.pid))
			r.boss.silent.Store(true)
		})
	}
	if err != nil {
		r.log.Error("the upgrade failed, and this process serves on", "err", err)
		return nil, fmt.Errorf("the upgrade failed, and everything goes on as before: %w", err)
	}
	r.log.Info("another process has taken over", "pid", next.pid)
	r.replaced.Store(true)
	r.g.HandOver()
	return []string{fmt.Sprintf("Process %d serves the next clients. Process %d ends when its clients have left.", next.pid, os.Getpid())}, nil
}

// successor is the new process of an upgrade, as the old one sees it.
type successor struct {
	cmd    *exec.Cmd
	pid    int
	answer *os.File // read end: the answer of the new process
	word   *os.File // write end: the permission to proceed
}

// launch starts the program again, with everything that it needs to take over.
func (r *reloader) launch() (*successor, error) {
	sockets, err := r.g.Copies()
	if err != nil {
		return nil, err
	}
	given := bequest{Parent: os.Getpid(), Sandbox: r.confined.Sandbox}
	cmd := exec.Command(r.origin.program, r.origin.args...)
	for _, s := range sockets {
		defer s.Close()
		given.Sockets = append(given.Sockets, s.Addr)
		cmd.ExtraFiles = append(cmd.ExtraFiles, s.File)
	}
	answer, answerEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer answerEnd.Close()
	wordEnd, word, err := os.Pipe()
	if err != nil {
		answer.Close()
		return nil, err
	}
	defer wordEnd.Close()
	cmd.ExtraFiles = append(cmd.ExtraFiles, answerEnd, wordEnd)
	if r.pid != nil {
		given.PIDFile = r.pid.name
		cmd.ExtraFiles = append(cmd.ExtraFiles, r.pid.f)
	}
	text, err := json.Marshal(given)
	if err == nil {
		cmd.Env = append(slices.Clone(r.origin.env), upgradeVar+"="+string(text))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		err = cmd.Start()
	}
	if err != nil {
		answer.Close()
		word.Close()
		return nil, err
	}
	return &successor{cmd, cmd.Process.Pid, answer, word}, nil
}

// takeOver waits until the new process is ready, calls before, and lets it serve. If it returns an
// error, the new process has ended.
func (s *successor) takeOver(ctx context.Context, before func()) error {
	defer s.answer.Close()
	defer s.word.Close()
	defer context.AfterFunc(ctx, func() { _ = s.answer.SetReadDeadline(time.Unix(1, 0)) })()
	line, err := bufio.NewReader(io.LimitReader(s.answer, 64<<10)).ReadString('\n')
	switch line = strings.TrimSpace(line); {
	case line == wordReady:
		before()
		_, err := fmt.Fprintln(s.word, wordGo)
		if err != nil {
			return errors.Join(fmt.Errorf("the new process ended when it was ready: %w", err), s.end())
		}
		return s.cmd.Process.Release() // it outlives this process
	case line != "":
		return errors.Join(errors.New(unescapeLines(line)), s.end())
	case ctx.Err() != nil:
		return errors.Join(fmt.Errorf("the new process was not ready in time: %w", context.Cause(ctx)), s.end())
	case err != nil && !errors.Is(err, io.EOF):
		return errors.Join(err, s.end())
	}
	return errors.Join(errors.New("the new process ended before it was ready, for a reason that it has written to the log or to standard error"), s.end())
}

// end makes the new process end and waits for it. It kills the process after upgradeEnd.
func (s *successor) end() error {
	s.word.Close() // the new process takes this as a refusal
	kill := time.AfterFunc(upgradeEnd, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the new process ended: %w", err)
	}
	return nil
}

// heritage is everything that this process was given: by the process that it replaces, or by a
// supervisor such as systemd. The zero value is empty.
type heritage struct {
	sockets []gateway.Socket
	sandbox string
	answer  *os.File // nil: this process replaces no other one
	word    *os.File
	pid     *pidFile // locked; may be nil
}

// inherit returns the heritage of this process. Programs that this process starts later do not
// inherit it.
func inherit() (*heritage, error) {
	text := os.Getenv(upgradeVar)
	os.Unsetenv(upgradeVar)
	var given bequest
	if text == "" || json.Unmarshal([]byte(text), &given) != nil || given.Parent != os.Getppid() {
		sockets, err := inheritedSockets()
		return &heritage{sockets: sockets}, err
	}
	h := &heritage{sandbox: given.Sandbox}
	fd := firstInherited
	for _, addr := range given.Sockets {
		l, err := inheritedSocket(fd)
		if err != nil {
			return nil, err
		}
		h.sockets = append(h.sockets, gateway.Socket{Addr: addr, Listener: l})
		fd++
	}
	h.answer, h.word = inheritedFile(fd, "answer"), inheritedFile(fd+1, "word")
	if given.PIDFile != "" {
		h.pid = &pidFile{given.PIDFile, inheritedFile(fd+2, given.PIDFile)}
	}
	return h, nil
}

// ready reports to the replaced process that this one is ready. It returns when this process may
// serve.
func (h *heritage) ready(ctx context.Context) error {
	if h.answer == nil {
		return nil
	}
	defer h.close()
	if _, err := fmt.Fprintln(h.answer, wordReady); err != nil {
		return fmt.Errorf("the process that was to be replaced: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = h.word.SetReadDeadline(time.Unix(1, 0)) })()
	switch line, err := bufio.NewReader(io.LimitReader(h.word, 100)).ReadString('\n'); {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.TrimSpace(line) == wordGo:
		return nil
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("the process that was to be replaced: %w", err)
	}
	return errors.New("the process that was to be replaced serves on")
}

// failed reports to the process that was to be replaced why this one cannot replace it.
func (h *heritage) failed(reason string) {
	if h.answer == nil {
		return
	}
	fmt.Fprintln(h.answer, escapeLines(strings.TrimSpace(reason)))
	h.close()
}

func (h *heritage) close() {
	h.answer.Close()
	h.word.Close()
}

// escapeLines turns several lines into one; unescapeLines reverses this.
func escapeLines(s string) string   { return strings.ReplaceAll(s, "\n", "\x00") }
func unescapeLines(s string) string { return strings.ReplaceAll(s, "\x00", "\n") }
