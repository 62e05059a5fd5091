package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that can be killed and started again.
type process struct {
	argv []string
	log  *os.File

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:noctx // it ends by kill
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C reaches only this program
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() { // ends with the process
		_ = cmd.Wait() // it was killed
		close(exited)
	}()
	return nil
}

// signal sends a signal to the process.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s) // it may have ended
	}
}

// kill kills the process and waits for its end.
func (p *process) kill() {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	_ = cmd.Process.Kill()
	<-exited
}

// children returns the process IDs of the process's child processes.
func (p *process) children() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	var all []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && len(f) > 1 && f[1] == strconv.Itoa(p.cmd.Process.Pid) {
			all = append(all, pid)
		}
	}
	return all
}

// gateway is a filegate with its network paths.
type gateway struct {
	process
	sftp, ftp *wire
	ports     []string
}

// newGateway starts a gateway in a directory. swift and cache are addresses.
func newGateway(ctx context.Context, dir, program, swift, cache string) (*gateway, error) {
	g := &gateway{}
	for _, w := range []**wire{&g.sftp, &g.ftp} {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		g.ports = append(g.ports, address)
		if *w, err = newWire(address); err != nil {
			return nil, err
		}
	}
	shared := ""
	if cache != "" {
		shared = fmt.Sprintf("cache \"memcached\" {\n  servers = [%q]\n  key = \"for chaos only 0123456789 abcdefghijk\"\n}\n", cache)
	}
	text := fmt.Sprintf(`log { level = "info" }
%s
login { max_per_address = 0 }
limits {
  per_address { logins_per_minute = 0 }
  per_user { logins_per_minute = 0 }
}
auth "swiftv1" "swift" {
  config { auth_url = "http://%s/auth/v1.0" }
}
backend "swift" "main" {
  segment_size  = "256KiB"
  patience      = "20s"
  stall_timeout = "5s"
}
frontend "ssh" "sftp" {
  listen    = [%q]
  host_keys = [%q]
}
frontend "ftp" "ftp" { listen = [%q] }
`, shared, swift, g.ports[0], filepath.Join(dir, "..", "keys"), g.ports[1])
	file := filepath.Join(dir, "gateway.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	g.log = log
	g.argv = []string{program, "serve", "-c", file}
	if err := g.start(); err != nil {
		return nil, err
	}
	return g, g.wait(ctx)
}

// wait waits until the gateway accepts connections.
func (g *gateway) wait(ctx context.Context) error {
	for _, address := range g.ports {
		for {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err == nil {
				conn.Close()
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the gateway does not listen on %s: see %s", address, g.log.Name())
			case <-g.exited:
				return fmt.Errorf("the gateway has ended: see %s", g.log.Name())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

func (g *gateway) close() {
	g.kill()
	for _, w := range []*wire{g.sftp, g.ftp} {
		w.close()
	}
	g.log.Close()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it waits for nothing
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
