package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"filegate/core/gateway"
)

// firstInherited is the number of the first file descriptor that a process inherits beside standard
// input, output and error.
const firstInherited = 3

// inheritedSockets returns the sockets that a supervisor has opened for this process, as systemd
// does for socket units (sd_listen_fds(3)). Programs that this process starts later do not inherit
// them.
func inheritedSockets() ([]gateway.Socket, error) {
	pid, fds := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(fds)
	if err != nil || n < 0 || n > 1000 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is no number of sockets", fds)
	}
	var all []gateway.Socket
	for fd := firstInherited; fd < firstInherited+n; fd++ {
		l, err := inheritedSocket(fd)
		if err != nil {
			return nil, err
		}
		all = append(all, gateway.Socket{Listener: l})
	}
	return all, nil
}

// inheritedSocket returns the listening socket with this inherited file descriptor.
func inheritedSocket(fd int) (net.Listener, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "inherited")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("what was handed over as file descriptor %d is no listening socket: %w", fd, err)
	}
	return l, nil
}

// inheritedFile returns the file or pipe with this inherited file descriptor. Reads from a pipe
// honour deadlines.
func inheritedFile(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	_ = syscall.SetNonblock(fd, true) // this has no effect on a regular file
	return os.NewFile(uintptr(fd), name)
}

// supervisor receives the state of this process, as systemd expects it (sd_notify(3)). With the
// zero value, nothing is sent.
type supervisor struct {
	socket   string
	watchdog time.Duration // longest time between two signs of life; 0: none are sent
	silent   atomic.Bool   // after an upgrade: the new process sends the state
}

// findSupervisor reads the environment and removes the variables, so that programs that are started
// later do not get them.
func findSupervisor() *supervisor {
	s := &supervisor{socket: os.Getenv("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && usec < int64(24*time.Hour/time.Microsecond) && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.watchdog = time.Duration(usec) * time.Microsecond
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	return s
}

// tell sends lines such as "READY=1". It ignores errors, because clients can be served without a
// supervisor.
func (s *supervisor) tell(lines ...string) {
	if s.socket == "" || s.silent.Load() {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(strings.Join(lines, "\n")))
}

// tend sends a sign of life to the watchdog after each return of alive, until ctx ends. If alive
// blocks, nothing is sent.
func (s *supervisor) tend(ctx context.Context, alive func()) {
	if s.watchdog == 0 {
		return
	}
	tick := time.NewTicker(s.watchdog / 2)
	defer tick.Stop()
	for {
		alive()
		s.tell("WATCHDOG=1")
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// reloading reports that the configuration is being reloaded. This state ends with "READY=1".
func (s *supervisor) reloading() {
	if s.socket != "" {
		s.tell("RELOADING=1", monotonic())
	}
}
