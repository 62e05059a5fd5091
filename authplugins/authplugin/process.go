package authplugin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"filegate/core/auth"
)

const (
	// hostFDEnv is the variable with the number of the descriptor that is closed at the end of the
	// host.
	hostFDEnv = "FILEGATE_HOST_FD"
	// socketDirEnv is the variable with the directory for the program's socket, by go-plugin's
	// convention.
	socketDirEnv = "PLUGIN_UNIX_SOCKET_DIR"
	// drainTime is the time for which output is read after the program's end, because a child may
	// hold the pipes open.
	drainTime = 500 * time.Millisecond
	// maxHandshake is the maximum number of bytes of the first line that are kept for error
	// messages.
	maxHandshake = 4 << 10
)

// process is one run of a program in its own process group, and in its own control group if the
// gateway may create one. It implements go-plugin's runner.Runner.
type process struct {
	cmd       *exec.Cmd
	group     *group // nil if there is none
	socketDir string // the directory in which its socket must be
	stdout    *os.File
	stderr    *os.File
	host      *os.File      // closed at the end of the program, and by the kernel at the end of the host
	started   chan struct{} // closed when the program has been started
	exited    chan struct{} // closed when the program has ended

	mu        sync.Mutex
	firstLine []byte // of standard output
}

var _ runner.Runner = (*process)(nil)

// newProcess returns a process for spec, with the environment that go-plugin has prepared.
func newProcess(spec auth.LaunchSpec, prepared *exec.Cmd) *process {
	p := &process{
		cmd:     exec.Command(spec.Path, spec.Args...), //nolint:noctx // it outlasts the call that starts it
		started: make(chan struct{}),
		exited:  make(chan struct{}),
	}
	p.cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		p.cmd.Env = append(p.cmd.Env, name+"="+spec.Env[name])
	}
	p.cmd.Env = append(p.cmd.Env, hostFDEnv+"=3") // the last of several variables with one name counts
	p.cmd.Env = append(p.cmd.Env, prepared.Env...)
	for _, v := range prepared.Env {
		if dir, ok := strings.CutPrefix(v, socketDirEnv+"="); ok {
			p.socketDir = dir
		}
	}
	// In its own process group it gets no signals from the terminal, and can be killed together
	// with its children.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return p
}

// Start implements runner.Runner.
func (p *process) Start(context.Context) error {
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
	}()
	var pipes [3][2]*os.File
	for i := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		pipes[i] = [2]*os.File{r, w}
		theirs = append(theirs, r, w)
	}
	p.stdout, p.cmd.Stdout = pipes[0][0], pipes[0][1]
	p.stderr, p.cmd.Stderr = pipes[1][0], pipes[1][1]
	keepDescriptors()
	p.cmd.ExtraFiles, p.host = []*os.File{pipes[2][0]}, pipes[2][1]
	if err := p.startGrouped(); err != nil {
		return err
	}
	theirs = []*os.File{pipes[0][1], pipes[1][1], pipes[2][0]}
	close(p.started)
	go p.wait() // ends with the program; Wait waits for it
	return nil
}

// startGrouped starts the program in a control group, or without one if that fails.
func (p *process) startGrouped() error {
	if g := newGroup(); g != nil {
		cmd := *p.cmd
		err := g.start(*p.cmd.SysProcAttr, func(attr *syscall.SysProcAttr) error {
			cmd.SysProcAttr = attr
			return cmd.Start()
		})
		if err == nil {
			p.cmd, p.group = &cmd, g
			return nil
		}
		g.remove()
	}
	return p.cmd.Start()
}

func (p *process) wait() {
	reap(p.cmd)
	p.group.remove()
	_ = p.host.Close()
	limit := time.Now().Add(drainTime)
	_ = p.stdout.SetReadDeadline(limit)
	_ = p.stderr.SetReadDeadline(limit)
	close(p.exited)
}

// Wait implements runner.AttachedRunner.
func (p *process) Wait(context.Context) error {
	<-p.exited
	_ = p.stdout.Close()
	_ = p.stderr.Close()
	return nil
}

// Kill implements runner.AttachedRunner.
func (p *process) Kill(context.Context) error { return p.kill() }

// kill kills the program and its children.
func (p *process) kill() error {
	if !p.isStarted() {
		return nil
	}
	select {
	case <-p.exited:
		return nil
	default:
	}
	p.group.kill()
	return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}

func (p *process) isStarted() bool {
	select {
	case <-p.started:
		return true
	default:
		return false
	}
}

// how returns how the program has ended.
func (p *process) how() string { return p.cmd.ProcessState.String() }

// handshake returns the first line that the program printed.
func (p *process) handshake() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, _, _ := bytes.Cut(p.firstLine, []byte("\n"))
	return strings.TrimSpace(string(line))
}

// lineEnded reports whether the first line is complete.
func (p *process) lineEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Contains(p.firstLine, []byte("\n"))
}

// hasSocket reports whether the program has created a socket, or anything else, in its directory.
func (p *process) hasSocket() bool {
	found, err := os.ReadDir(p.socketDir)
	return err == nil && len(found) > 0
}

// Stdout implements runner.Runner.
func (p *process) Stdout() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(p.stdout, firstLine{p}), p.stdout}
}

// firstLine keeps the beginning of the output for handshake.
type firstLine struct{ p *process }

func (f firstLine) Write(b []byte) (int, error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	f.p.firstLine = append(f.p.firstLine, b[:min(len(b), maxHandshake-len(f.p.firstLine))]...)
	return len(b), nil
}

// Stderr implements runner.Runner.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

// Name implements runner.Runner.
func (p *process) Name() string { return p.cmd.Path }

// ID implements runner.AttachedRunner.
func (p *process) ID() string {
	if !p.isStarted() {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose implements runner.Runner. It returns nothing, because startError explains the failure.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost implements runner.AddrTranslator. The host connects only to a socket in the
// directory that it has given the program.
func (p *process) PluginToHost(network, addr string) (string, string, error) {
	if network != "unix" || filepath.Dir(addr) != filepath.Clean(p.socketDir) {
		return "", "", fmt.Errorf("it listens on %s %s instead of a socket in %s", network, addr, socketDirEnv)
	}
	return network, addr, nil
}

// HostToPlugin implements runner.AddrTranslator.
func (p *process) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
