package authplugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filegate/core/auth"
)

// wantUnavailable fails unless err means that the login could not be checked.
func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("%s: got %v, want %v", what, err, auth.ErrUnavailable)
	}
}

func TestDiesInLogin(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), nil))
	for range 3 {
		began := time.Now()
		_, err := login(t, p, "die", "x")
		wantUnavailable(t, "a login over which the program dies", err)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s to notice", took)
		}
		eventually(t, "a login succeeds again", func() bool { _, err := login(t, p, "alice", "secret"); return err == nil })
	}
}

func TestRenewSurvivesDeath(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), map[string]any{"greeting": "hello", "renewed": filepath.Join(t.TempDir(), "renewed")}))
	grant := mustLogin(t, p).Grant
	first := p.pid(t)
	if fresh, err := p.Renew(t.Context(), grant); err != nil || fresh.Token != "fresh for alice" {
		t.Errorf("a renewal over which the program dies: %v", err)
	}
	if p.pid(t) == first {
		t.Error("the program did not die")
	}
}

func TestHangsInLogin(t *testing.T) {
	l := impatient()
	l.CallTimeout = 300 * time.Millisecond
	p := mustLaunch(t, l, spec(t, programAs(t, "good"), nil))
	for _, user := range []string{"hang", "slow"} {
		_, err := login(t, p, user, "x")
		wantUnavailable(t, user, err)
	}
	mustLogin(t, p)
}

func TestPanicCostsOneLogin(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), nil))
	pid := p.pid(t)
	_, err := login(t, p, "panic", "x")
	wantUnavailable(t, "a login that panics", err)
	mustLogin(t, p)
	if p.pid(t) != pid {
		t.Error("the program had to be restarted")
	}
}

// TestHangsAsAWhole tests that health checks find a program that is suspended or hangs completely,
// and that it is replaced.
func TestHangsAsAWhole(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), nil))
	pid := p.pid(t)
	kill(t, pid, syscall.SIGSTOP)
	eventually(t, "trouble is reported", func() bool { return p.Healthy() != nil })
	eventually(t, "the program is replaced", func() bool { return !runs(pid) })
	mustLogin(t, p)
	eventually(t, "health is back", func() bool { return p.Healthy() == nil })
}

func TestCloseWhileItHangs(t *testing.T) {
	p := mustLaunch(t, &Launcher{}, spec(t, programAs(t, "good"), nil))
	pid := p.pid(t)
	kill(t, pid, syscall.SIGSTOP)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if runs(pid) {
		t.Error("the program is there after Close")
	}
}

func TestInterruptIsIgnored(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), nil))
	pid := p.pid(t)
	kill(t, pid, syscall.SIGINT)
	mustLogin(t, p)
	if p.pid(t) != pid {
		t.Error("SIGINT ended the program: Ctrl-C must leave that to the gateway")
	}
	kill(t, pid, syscall.SIGTERM)
	eventually(t, "SIGTERM ends the program", func() bool { return !runs(pid) })
}

// TestDown tests that calls fail after a short wait while the program cannot be started, and
// succeed again when it can.
func TestDown(t *testing.T) {
	l := impatient()
	l.restart.wait = 100 * time.Millisecond
	path := programAs(t, "good")
	p := mustLaunch(t, l, spec(t, path, nil))
	self, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	pid := p.pid(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	kill(t, pid, syscall.SIGKILL)
	eventually(t, "the missing file is reported", func() bool { return p.Healthy() != nil && strings.Contains(p.Healthy().Error(), "no such file") })
	began := time.Now()
	_, err = login(t, p, "alice", "secret")
	wantUnavailable(t, "a login while the program is down", err)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it waited for %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Authenticate(ctx, auth.Request{User: "alice", Method: auth.Password, Password: "secret"})
	wantUnavailable(t, "a login that was given up", err)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a login succeeds again", func() bool { _, err := login(t, p, "alice", "secret"); return err == nil })
}

// TestKilledTwentyTimes kills the program twenty times under many more than 200 logins a minute,
// which arrive whether or not earlier logins have been answered. Each login is answered with
// success or "unavailable", and all renewals succeed.
func TestKilledTwentyTimes(t *testing.T) {
	const kills, loginsEach = 20, 10
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "good"), nil))
	grant := mustLogin(t, p).Grant
	var begun, succeeded, refused atomic.Int64
	var coming, wg sync.WaitGroup
	stop := make(chan struct{})
	began := time.Now()
	coming.Go(func() {
		tick := time.NewTicker(25 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			begun.Add(1)
			wg.Go(func() {
				switch _, err := login(t, p, "alice", "secret"); {
				case err == nil:
					succeeded.Add(1)
				case errors.Is(err, auth.ErrUnavailable):
					refused.Add(1)
				default:
					t.Errorf("login: %v", err)
				}
			})
		}
	})
	killed := map[int]bool{}
	for range kills {
		pid := p.pid(t)
		killed[pid] = true
		logins, successes := begun.Load(), succeeded.Load()
		kill(t, pid, syscall.SIGKILL)
		if _, err := p.Renew(t.Context(), grant); err != nil {
			t.Errorf("Renew: %v", err)
		}
		eventually(t, "logins come and succeed again", func() bool { return begun.Load() >= logins+loginsEach && succeeded.Load() > successes })
	}
	close(stop)
	coming.Wait()
	took := time.Since(began)
	wg.Wait()
	t.Logf("%d logins in %v: %d succeeded, %d were refused", begun.Load(), took, succeeded.Load(), refused.Load())
	if len(killed) != kills {
		t.Errorf("%d processes were killed, want %d", len(killed), kills)
	}
	if begun.Load() < kills*loginsEach || succeeded.Load()+refused.Load() != begun.Load() {
		t.Errorf("of %d logins %d succeeded and %d were refused, want at least %d, and each to have an answer", begun.Load(), succeeded.Load(), refused.Load(), kills*loginsEach)
	}
	if perMinute := float64(begun.Load()) / took.Minutes(); perMinute < 200 {
		t.Errorf("%.0f logins came in a minute, want 200 at least: else this shows nothing", perMinute)
	}
	if left, err := os.ReadDir(p.sockets.path); err != nil || len(left) != 1 {
		t.Errorf("%d directories for sockets, want that of the program that runs: %v", len(left), err)
	}
}

// TestGrandchildren tests that the children of a program end with it, even if they keep its
// standard error open.
func TestGrandchildren(t *testing.T) {
	p := mustLaunch(t, impatient(), spec(t, programAs(t, "has-child"), nil))
	child := childOf(t, p.pid(t))
	began := time.Now()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Close waited for the child: %s", took)
	}
	eventually(t, "the program's child ends", func() bool { return !runs(child) })
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	var child int
	eventually(t, "the program has a child", func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, file := range tasks {
			text, _ := os.ReadFile(file)
			if fields := strings.Fields(string(text)); len(fields) > 0 {
				child, _ = strconv.Atoi(fields[0])
			}
		}
		return child != 0
	})
	return child
}

// TestNoOrphans tests that the programs of a killed gateway end, and that the next gateway removes
// its sockets.
func TestNoOrphans(t *testing.T) {
	path := programAs(t, "good")
	asHost := filepath.Join(filepath.Dir(path), "host")
	if err := os.Link(path, asHost); err != nil { // a second name for the symbolic link; the name selects the role
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), asHost)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(line)
	pid, err := strconv.Atoi(fields[0])
	if err != nil || !runs(pid) {
		t.Fatalf("the host said %q", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan ends", func() bool { return !runs(pid) })
	if err := os.RemoveAll(fields[1]); err != nil {
		t.Error(err)
	}
}

// TestClosedSocket tests that a program that continues to run without its socket is replaced at
// once, not only at the next health check.
func TestClosedSocket(t *testing.T) {
	l := impatient()
	l.restart.health = time.Hour
	p := mustLaunch(t, l, spec(t, programAs(t, "unplugged"), nil))
	pid := p.pid(t)
	_, err := login(t, p, "unplug", "x")
	wantUnavailable(t, "a login that costs the socket", err)
	eventually(t, "the program is replaced", func() bool { return !runs(pid) })
	mustLogin(t, p)
}

// TestCrashLoop tests that the pauses before the restarts of a program that ends repeatedly become
// longer, although each start succeeds.
func TestCrashLoop(t *testing.T) {
	l := impatient()
	l.restart.min, l.restart.max = time.Microsecond, time.Hour // so only a program that runs for two hours counts as steady
	var buf logBuffer
	s := spec(t, programAs(t, "good"), nil)
	s.Log = buf.logger()
	p := mustLaunch(t, l, s)
	for deaths := 1; deaths <= 5; deaths++ {
		kill(t, p.pid(t), syscall.SIGKILL)
		eventually(t, "the program is up again", func() bool { return strings.Count(buf.String(), "authenticator started") == deaths+1 })
	}
	for _, pause := range []string{"pause=1µs", "pause=2µs", "pause=4µs", "pause=8µs", "pause=16µs"} {
		if !strings.Contains(buf.String(), pause) {
			t.Errorf("the log has no %s:\n%s", pause, buf.String())
		}
	}
}

func TestBackoffGrows(t *testing.T) {
	p := &program{restart: restart{min: 4 * time.Millisecond, max: 30 * time.Millisecond}}
	p.spec.Path = filepath.Join(t.TempDir(), "missing")
	var buf logBuffer
	p.log = buf.logger()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.revive(ctx, p.restart.min)
	}()
	eventually(t, "five starts fail", func() bool { return strings.Count(buf.String(), "cannot be started again") >= 5 })
	cancel()
	<-done
	var pauses []string
	for line := range strings.Lines(buf.String()) {
		_, pause, _ := strings.Cut(line, "next=")
		pauses = append(pauses, strings.TrimSpace(pause))
	}
	if want := []string{"8ms", "16ms", "30ms", "30ms", "30ms"}; !slices.Equal(pauses[:5], want) {
		t.Errorf("pauses %q, want %q", pauses[:5], want)
	}
}

// TestHangsInEachLogin tests a program that answers health checks but no calls: it is replaced, and
// the next one is replaced after a single such call.
func TestHangsInEachLogin(t *testing.T) {
	l := impatient()
	l.CallTimeout = 200 * time.Millisecond
	p := mustLaunch(t, l, spec(t, programAs(t, "good"), nil))
	first := p.pid(t)
	var wg sync.WaitGroup
	for range missedCalls {
		wg.Go(func() { _, _ = login(t, p, "hang", "x") })
	}
	wg.Wait()
	second := p.pid(t)
	if second == first {
		t.Fatal("the program was not replaced")
	}
	_, err := login(t, p, "hang", "x")
	wantUnavailable(t, "a login that hangs again", err)
	if third := p.pid(t); third == second {
		t.Error("the second program, which answered nothing either, was not replaced")
	}
	mustLogin(t, p)
	pid := p.pid(t)
	_, err = login(t, p, "hang", "x")
	wantUnavailable(t, "one login that hangs", err)
	if p.pid(t) != pid {
		t.Error("a program that has answered a login was replaced after one that it did not")
	}
}
