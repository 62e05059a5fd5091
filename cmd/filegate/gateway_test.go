package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is the time limit for expected events. It is much longer than they ever take.
const patience = 30 * time.Second

// eventually waits until the condition holds, and reports whether it did in time.
func eventually(holds func() bool) bool {
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(10 * time.Millisecond) // another process cannot notify this one
	}
	return true
}

// process is a gateway started by a script.
type process struct {
	cmd    *exec.Cmd
	stdout string // the name of a file
	exited chan struct{}
	err    error // from Wait, after exited is closed

	mu  sync.Mutex
	log bytes.Buffer
}

// Write implements io.Writer for standard error.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

var (
	readyLine  = regexp.MustCompile(`(?m)msg=ready\b`)
	listenLine = regexp.MustCompile(`(?m)msg=(?:listening frontend=|")(ssh|ftp|admin)(?:\.\S+| listening") addr=(\S+)`)
)

func cmdGateway(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: gateway NAME ARG...")
	}
	name := args[0]
	var env []string
	for _, key := range []string{"HOME", "TMPDIR", "WORK", "AUTH_URL", "KEYSTONE_URL", "DATA", "SOCK"} {
		env = append(env, key+"="+ts.Getenv(key))
	}
	p, err := start(ts.MkAbs("."), ts.MkAbs(name+".stdout"), env, args[1:]...)
	ts.Check(err)
	// Also if the script fails before it stops the gateway.
	ts.Defer(func() {
		p.kill()
		ts.Logf("[log of %s]\n%s", name, p.logged())
	})
	ts.Value(storyKey{}).(*story).gateways[name] = p
	if !p.ready() {
		ts.Fatalf("%s is not ready", name)
	}
	for door, port := range p.ports() {
		ts.Setenv(strings.ToUpper(door)+"_PORT", port)
	}
}

// start starts filegate in a directory, with its standard output in a file.
func start(dir, stdout string, env []string, args ...string) (*process, error) {
	out, err := os.Create(stdout)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{cmd: exec.Command("filegate", args...), stdout: stdout, exited: make(chan struct{})} //nolint:noctx // it outlives the call; kill ends it
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = out, p
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// kill kills the process with SIGKILL.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}

// ready waits until the process serves clients, and reports whether it does.
func (p *process) ready() bool {
	return eventually(func() bool { return readyLine.MatchString(p.logged()) || p.hasExited() }) && !p.hasExited()
}

// ports returns the ports of the process: "ssh", "ftp" and "admin".
func (p *process) ports() map[string]string {
	all := map[string]string{}
	for _, m := range listenLine.FindAllStringSubmatch(p.logged(), -1) {
		if _, port, err := net.SplitHostPort(m[2]); err == nil {
			all[m[1]] = port
		}
	}
	return all
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func cmdTerminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: terminate NAME")
	}
	p := runningGateway(ts, args[0])
	children := childrenOf(p.cmd.Process.Pid)
	if len(children) == 0 {
		ts.Fatalf("the gateway has no authenticator process")
	}
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	if !eventually(p.hasExited) {
		ts.Fatalf("%s does not end after SIGTERM", args[0])
	}
	_, err := ts.Stderr().Write([]byte(p.logged()))
	ts.Check(err)
	if p.err != nil {
		ts.Fatalf("%s ended with %v after SIGTERM, want exit code 0", args[0], p.err)
	}
	for _, pid := range children {
		if !eventually(func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH }) {
			ts.Fatalf("the process %d is left behind", pid)
		}
	}
}

func cmdHangUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reload NAME")
	}
	ts.Check(runningGateway(ts, args[0]).cmd.Process.Signal(syscall.SIGHUP))
}

func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logged NAME REGEXP")
	}
	p := runningGateway(ts, args[0])
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	if !eventually(func() bool { return pattern.MatchString(p.logged()) }) {
		ts.Fatalf("the log of %s has no match for %q", args[0], args[1])
	}
}

func cmdKillChildren(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: killchildren NAME")
	}
	for _, pid := range childrenOf(runningGateway(ts, args[0]).cmd.Process.Pid) {
		ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	}
}

func cmdCores(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cores NAME LIMIT")
	}
	want := args[1]
	if want == "ours" {
		want = coreLimit(ts, os.Getpid())
	}
	gateway := runningGateway(ts, args[0]).cmd.Process.Pid
	for _, pid := range append(childrenOf(gateway), gateway) {
		if got := coreLimit(ts, pid); got != want {
			ts.Fatalf("the process %d may dump %s bytes, want %s", pid, got, want)
		}
	}
}

// coreLimit returns the limit for the size of a process's core dump, on Linux.
func coreLimit(ts *testscript.TestScript, pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	ts.Check(err)
	m := regexp.MustCompile(`(?m)^Max core file size +(\S+)`).FindSubmatch(text)
	if m == nil {
		ts.Fatalf("no limit in %s", text)
	}
	return string(m[1])
}

func runningGateway(ts *testscript.TestScript, name string) *process {
	p := ts.Value(storyKey{}).(*story).gateways[name]
	if p == nil {
		ts.Fatalf("nothing that runs is called %s", name)
	}
	return p
}

// childrenOf returns the child processes of a process, on Linux.
func childrenOf(pid int) []int {
	var all []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}
