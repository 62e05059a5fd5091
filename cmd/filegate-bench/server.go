package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startPatience = 30 * time.Second
	stopPatience  = 15 * time.Second
	sampleEvery   = 50 * time.Millisecond
)

// server is a measured program. Its memory is sampled while it runs, because sshd's processes end
// with their connections.
type server struct {
	cmd      *exec.Cmd
	log      tail
	exited   chan struct{}
	stopping chan struct{}
	sampling sync.WaitGroup

	mu   sync.Mutex
	peak int64
}

// startServer starts a program, and returns when it accepts connections at the address.
func startServer(ctx context.Context, address, dir string, env []string, argv ...string) (*server, error) {
	s := &server{exited: make(chan struct{}), stopping: make(chan struct{})}
	s.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // it ends by stop, which asks it to before it kills
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	// So that Ctrl-C reaches only this program.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process
		_ = s.cmd.Wait() // the log has the reason
		close(s.exited)
	}()
	s.sampling.Go(s.sample)
	if err := s.accepts(ctx, address); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w\n%s", argv[0], err, s.log.String())
	}
	return s, nil
}

func (s *server) accepts(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return errors.New("ended at once")
		case <-ctx.Done():
			return fmt.Errorf("does not listen on %s: %w", address, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop stops the server and its child processes. It may be called twice.
func (s *server) stop() {
	select {
	case <-s.stopping:
		return
	default:
		close(s.stopping)
	}
	s.sampling.Wait()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have exited
	select {
	case <-s.exited:
	case <-time.After(stopPatience):
	}
	// The remaining processes of the group; none after an orderly exit.
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.exited
}

func (s *server) sample() {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stopping:
			return
		case <-s.exited:
			return
		case <-ticker.C:
			_, _ = s.usage() // records the peak
		}
	}
}

// usage returns the usage of the server so far, with the highest peak seen.
func (s *server) usage() (usage, error) {
	u, err := usageOf(s.cmd.Process.Pid)
	if err != nil {
		return usage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = max(s.peak, u.peak)
	u.peak = s.peak
	return u, nil
}

// quiet waits until the server is idle after its last client, so that its usage is exact: until it
// has used no CPU for four samples. For a server that is never idle it stops after 60 samples.
func (s *server) quiet(ctx context.Context) (usage, error) {
	const still, patience = 4, 60 // samples
	last, err := s.usage()
	for unchanged, seen := 0, 0; err == nil && unchanged < still && seen < patience; seen++ {
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-time.After(sampleEvery):
		}
		var u usage
		if u, err = s.usage(); u.cpu == last.cpu {
			unchanged++
		} else {
			unchanged = 0
		}
		last = u
	}
	return last, err
}

// freeAddress returns a free local address.
func freeAddress() (host, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it waits for nothing
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	return net.SplitHostPort(l.Addr().String())
}

// tail stores the end of the data that is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 4 << 10

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if len(t.b) > 2*tailSize {
		t.b = bytes.Clone(t.b[len(t.b)-tailSize:])
	}
	return len(b), nil
}

// String returns the stored text without surrounding space.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b[max(0, len(t.b)-tailSize):]))
}
