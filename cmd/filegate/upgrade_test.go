//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// lineage is a gateway and the processes that replace it, with one log and one PID file.
type lineage struct {
	dir, addr string
	first     *exec.Cmd
	exited    chan struct{} // closed when the first process has exited
	err       error         // of the first process, after exited is closed
}

// startLineage starts a program as a gateway with FTP at an address, with a configuration that
// begins with the text.
func startLineage(t *testing.T, dir, program, addr, text string) *lineage {
	t.Helper()
	l := &lineage{dir: dir, addr: addr, exited: make(chan struct{})}
	l.configure(t, text)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	l.first = exec.Command(program, "serve", "-c", filepath.Join(dir, "gateway.hcl"))
	// Not a pipe, which would stay open until all processes have exited.
	l.first.Stderr = log
	if err := l.first.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.err = l.first.Wait()
		close(l.exited)
	}()
	t.Cleanup(func() {
		for _, pid := range append(l.pids(), l.first.Process.Pid) {
			if !hasEnded(pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		<-l.exited
		if t.Failed() {
			t.Log(regexp.MustCompile(`(?m)^.*msg="session (begins|ends)".*\n`).ReplaceAllString(l.logged(), ""))
		}
	})
	if !eventually(func() bool { return l.pid() != 0 && readyLine.MatchString(l.logged()) || closed(l.exited) }) || closed(l.exited) {
		t.Fatalf("the gateway is not ready:\n%s", l.logged())
	}
	return l
}

func (l *lineage) configure(t *testing.T, text string) {
	t.Helper()
	write(t, filepath.Join(l.dir, "gateway.hcl"), fmt.Sprintf(`
pid_file = "%[1]s/run/pid"
admin { socket = "%[1]s/run/admin" }
limits {
  per_address { logins_per_minute = 0 }
  per_user { logins_per_minute = 0 }
}
backend "swift" "main" {}
frontend "ftp" "public" { listen = [%[2]q] }
`, l.dir, l.addr)+text, 0o644)
}

func (l *lineage) logged() string {
	text, _ := os.ReadFile(filepath.Join(l.dir, "log"))
	return string(text)
}

// pid returns the serving process from the PID file, or 0.
func (l *lineage) pid() int {
	text, _ := os.ReadFile(filepath.Join(l.dir, "run", "pid"))
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(line)
	return pid
}

// replaced waits until another process has replaced old, and returns it.
func (l *lineage) replaced(t *testing.T, old int) (pid int) {
	t.Helper()
	if !eventually(func() bool { pid = l.pid(); return pid != 0 && pid != old }) {
		t.Fatalf("nothing comes in the place of process %d", old)
	}
	return pid
}

// pids returns all processes that have replaced others.
func (l *lineage) pids() (all []int) {
	for _, m := range regexp.MustCompile(`another process has taken over" pid=(\d+)`).FindAllStringSubmatch(l.logged(), -1) {
		pid, _ := strconv.Atoi(m[1])
		all = append(all, pid)
	}
	return all
}

// hasEnded reports whether a process has ended. A zombie process has ended too.
func hasEnded(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// ftpLogin logs in over FTP.
func (l *lineage) ftpLogin() (*textproto.Conn, error) {
	c, err := textproto.Dial("tcp", l.addr)
	if err != nil {
		return nil, err
	}
	_, _, err = c.ReadResponse(220)
	for _, step := range []struct {
		command string
		code    int
	}{{"USER test:tester", 331}, {"PASS testing", 230}} {
		if err == nil {
			err = c.PrintfLine("%s", step.command)
		}
		if err == nil {
			_, _, err = c.ReadResponse(step.code)
		}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// replied sends a command and returns the reply, which must have this code.
func replied(c *textproto.Conn, code int, command string) (string, error) {
	if err := c.PrintfLine("%s", command); err != nil {
		return "", err
	}
	_, text, err := c.ReadResponse(code)
	return text, err
}

// visit logs in, sends PWD, and quits.
func (l *lineage) visit() error {
	c, err := l.ftpLogin()
	if err != nil {
		return err
	}
	defer c.Close()
	_, looked := replied(c, 257, "PWD")
	_, left := replied(c, 221, "QUIT")
	return errors.Join(looked, left)
}

// transfer starts to send or receive a file.
func (l *lineage) transfer(t *testing.T, command string) (control *textproto.Conn, data net.Conn) {
	t.Helper()
	c, err := l.ftpLogin()
	if err != nil {
		t.Fatal(err)
	}
	// /box may exist already.
	for _, command := range []string{"TYPE I", "MKD /box"} {
		c.PrintfLine("%s", command)
		c.ReadResponse(0)
	}
	text, err := replied(c, 229, "EPSV")
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(l.addr)
	data, err = net.Dial("tcp", net.JoinHostPort(host, regexp.MustCompile(`\d+`).FindString(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replied(c, 150, command); err != nil {
		t.Fatal(err)
	}
	return c, data
}

// TestUpgrade upgrades the process twice while clients log in all the time. None of them is
// refused. An upload in progress is completed by the process that it is connected to. A process
// that cannot serve replaces no other, and the operator gets the reason.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	swift := swifttest.Start(t, swifttest.Config{Users: []swifttest.User{{Account: "test", Name: "tester", Key: "testing"}}})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("drain_delay = \"10m\"\nauth \"swiftv1\" \"only\" {\n  config { auth_url = %q }\n}\n", swift.AuthURL())
	l := startLineage(t, dir, "filegate", addr, config)
	filegate := func(command string) (string, error) {
		out, err := exec.Command("filegate", command, "-c", filepath.Join(dir, "gateway.hcl")).CombinedOutput()
		return string(out), err
	}

	control, data := l.transfer(t, "STOR /box/file")
	defer control.Close()
	content := strings.Repeat("begun before the upgrade. ", 4000)
	io.WriteString(data, content)

	var (
		clients sync.WaitGroup
		visits  atomic.Int64
		stop    = make(chan struct{})
	)
	for range 4 {
		clients.Go(func() {
			for !closed(stop) {
				if err := l.visit(); err != nil {
					t.Errorf("a client notices something: %v", err)
					return
				}
				visits.Add(1)
			}
		})
	}
	stopClients := sync.OnceFunc(func() {
		close(stop)
		clients.Wait()
	})
	defer stopClients()
	some := func() {
		t.Helper()
		begun := visits.Load()
		if !eventually(func() bool { return visits.Load() >= begun+20 || t.Failed() }) {
			t.Fatal("clients stand still")
		}
	}

	some()
	before := l.pid()
	l.configure(t, strings.Replace(config, "auth_url", "auth_uri", 1))
	if out, err := filegate("upgrade"); err == nil || !strings.Contains(out, "everything goes on as before") || !strings.Contains(out, "auth_uri") {
		t.Errorf("upgrade with a mistake in the configuration: %v, %s", err, out)
	}
	if l.pid() != before {
		t.Error("the pid file names a process that does not serve")
	}
	some()
	l.configure(t, config)
	for round := range 2 {
		before := l.pid()
		if round == 1 {
			syscall.Kill(before, syscall.SIGUSR2)
		} else if out, err := filegate("upgrade"); err != nil || !strings.Contains(out, fmt.Sprintf("Process %d ends when", before)) {
			t.Fatalf("upgrade: %v, %s", err, out)
		}
		l.replaced(t, before)
		some()
		if out, err := filegate("status"); err != nil || !strings.Contains(out, strconv.Itoa(l.pid())) {
			t.Errorf("round %d: process %d serves, and the admin socket answers: %v, %s", round, l.pid(), err, out)
		}
		if round > 0 && !eventually(func() bool { return hasEnded(before) }) {
			t.Errorf("round %d: process %d has no more clients, and has not ended", round, before)
		}
	}
	if closed(l.exited) {
		t.Error("the first process has ended with a client that uploads")
	}
	io.WriteString(data, "ended after it")
	data.Close()
	if _, _, err := control.ReadResponse(226); err != nil {
		t.Errorf("the upload: %v", err)
	}
	control.Close()
	stopClients()
	if !eventually(func() bool { return closed(l.exited) }) || l.err != nil {
		t.Errorf("the first process has no more clients, and its end is %v", l.err)
	}

	control, data = l.transfer(t, "RETR /box/file")
	got, err := io.ReadAll(data)
	control.Close()
	if err != nil || string(got) != content+"ended after it" {
		t.Errorf("what was uploaded over an upgrade is %d bytes, %v; want %d", len(got), err, len(content)+14)
	}
	last := l.pid()
	// Twice or more, because the first signal starts drain_delay.
	if !eventually(func() bool { syscall.Kill(last, syscall.SIGTERM); return hasEnded(last) }) {
		t.Error("the last process does not end after SIGTERM")
	}
	for _, name := range []string{"pid", "admin"} {
		if _, err := os.Stat(filepath.Join(dir, "run", name)); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
}

// TestUpgradeWithoutPrivileges upgrades a process that has given up root and runs in a sandbox. The
// new process serves port 21 without the privilege to open it, and has no more privileges than the
// old one. It does not add its own sandbox, because the kernel limits how many can be nested.
func TestUpgradeWithoutPrivileges(t *testing.T) {
	if os.Geteuid() != 0 {
		testneed.Missing(t, "only root can become another user")
	}
	t.Parallel()
	c := newConfined(t)
	run := filepath.Join(c.dir, "run")
	if err := errors.Join(os.Mkdir(run, 0o755), os.Chown(run, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("user = \"nobody\"\nsandbox = \"on\"\nauth \"swiftv1\" \"only\" {\n  config { auth_url = %q }\n}\n", c.authURL)
	l := startLineage(t, c.dir, filepath.Join(c.dir, "filegate"), "127.77.1.3:21", config)
	pid := l.pid()
	for range 2 {
		syscall.Kill(pid, syscall.SIGUSR2)
		pid = l.replaced(t, pid)
	}
	if err := l.visit(); err != nil {
		t.Error(err)
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	for _, file := range threads {
		checkStatus(t, file, true, "2", "nobody")
		if text, err := os.ReadFile(file); err == nil && !strings.Contains(string(text), "Seccomp_filters:\t1\n") {
			t.Errorf("%s: another sandbox was put into that of before:\n%s", file, text)
		}
	}
	l.configure(t, config+"frontend \"ftp\" \"more\" { listen = [\"127.77.1.3:22\"] }\n")
	syscall.Kill(pid, syscall.SIGUSR2)
	if !eventually(func() bool { return strings.Contains(l.logged(), "Ports below 1024 can be opened only at the start") }) {
		t.Error("the log does not say why port 22 cannot be opened")
	}
	if !eventually(func() bool { return strings.Contains(l.logged(), "this process serves on") }) || l.pid() != pid {
		t.Errorf("process %d does not serve on", pid)
	}
	if err := l.visit(); err != nil {
		t.Error(err)
	}
	syscall.Kill(pid, syscall.SIGTERM)
	if !eventually(func() bool { return hasEnded(pid) }) {
		t.Error("the last process does not end after SIGTERM")
	}
}
