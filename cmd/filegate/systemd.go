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

// firstInherited is the first file descriptor that a supervisor hands over.
const firstInherited = 3

// inheritedSockets returns the sockets that a supervisor has opened for this process, as systemd's
// socket units do (sd_listen_fds(3)). Programs that are started later do not get them.
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

// inheritedSocket returns the listening socket that was handed over as a file descriptor.
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

// inheritedFile returns what was handed over as a file descriptor. Where it is a pipe, reading from
// it ends with its deadline.
func inheritedFile(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	_ = syscall.SetNonblock(fd, true) // a regular file minds as little as a pipe
	return os.NewFile(uintptr(fd), name)
}

// supervisor is told how the process is, as systemd wants it (sd_notify(3)). The zero value tells
// nobody.
type supervisor struct {
	socket   string
	watchdog time.Duration // how often it wants to hear that all is well; 0: not at all
	silent   atomic.Bool   // another process tells it from now on
}

// findSupervisor reads the environment, and takes away what is not for programs that are started
// later.
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

// tell sends lines such as "READY=1". Whether somebody has heard them is no matter to who serves
// clients.
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

// tend tells that all is well for as long as alive returns, until ctx ends.
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

// reloading tells that the configuration is read again, until "READY=1".
func (s *supervisor) reloading() {
	if s.socket != "" {
		s.tell("RELOADING=1", monotonic())
	}
}
