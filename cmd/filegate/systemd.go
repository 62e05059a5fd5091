package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// firstInherited is the first file descriptor that a supervisor hands over.
const firstInherited = 3

// inheritedSockets returns the sockets that a supervisor has opened for this process, as systemd's
// socket units do (sd_listen_fds(3)). Programs that are started later do not get them.
func inheritedSockets() ([]net.Listener, error) {
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
	var all []net.Listener
	for fd := firstInherited; fd < firstInherited+n; fd++ {
		syscall.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), "inherited")
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("what was handed over as file descriptor %d is no listening socket: %w", fd, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// supervisor is told how the process is, as systemd wants it (sd_notify(3)). The zero value tells
// nobody.
type supervisor struct {
	socket   string
	watchdog time.Duration // how often it wants to hear that all is well; 0: not at all
}

// findSupervisor reads the environment, and takes away what is not for programs that are started
// later.
func findSupervisor() supervisor {
	s := supervisor{socket: os.Getenv("NOTIFY_SOCKET")}
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
func (s supervisor) tell(lines ...string) {
	if s.socket == "" {
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
func (s supervisor) tend(ctx context.Context, alive func()) {
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
func (s supervisor) reloading() {
	if s.socket != "" {
		s.tell("RELOADING=1", monotonic())
	}
}
