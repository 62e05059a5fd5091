package authplugin

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/core/auth"
)

// TestMain lets the test binary run as several programs. The name by which it is run selects the
// program.
func TestMain(m *testing.M) {
	if role, ok := roles()[filepath.Base(os.Args[0])]; ok {
		role()
		return
	}
	goleak.VerifyTestMain(m)
}

// programAs returns a path under which the test binary runs as one of the roles.
func programAs(t *testing.T, role string) string {
	t.Helper()
	if _, ok := roles()[role]; !ok {
		t.Fatalf("no role %q", role)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), role)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// spec returns the specification of a program with the values of its configuration, as for an
// operator's file.
func spec(t *testing.T, path string, values map[string]any) auth.LaunchSpec {
	t.Helper()
	if values == nil {
		values = map[string]any{"greeting": "hello"}
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return auth.LaunchSpec{
		Kind:   "fake",
		Name:   "tested",
		Path:   path,
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Decode: func(auth.Schema) ([]byte, auth.Diagnostics) { return text, nil },
	}
}

// mustLaunch launches a program, which must succeed, and closes it at the end of the test.
func mustLaunch(t *testing.T, l *Launcher, s auth.LaunchSpec) *program {
	t.Helper()
	p, diags, err := l.Launch(t.Context(), s)
	if err != nil || len(diags) > 0 {
		t.Fatalf("Launch: %v, %v", diags, err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p.(*program) // the type that Launch returns
}

// impatient returns a launcher that checks its program often and restarts it at once.
func impatient() *Launcher {
	return &Launcher{restart: restart{min: time.Millisecond, max: 50 * time.Millisecond, wait: 5 * time.Second, health: 100 * time.Millisecond, healthLimit: time.Second}}
}

// login logs in with a password.
func login(t *testing.T, a auth.Authenticator, user, password string) (auth.Response, error) {
	t.Helper()
	return a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password)})
}

// mustLogin logs in, which must succeed.
func mustLogin(t *testing.T, a auth.Authenticator) *auth.Identity {
	t.Helper()
	resp, err := login(t, a, "alice", "secret")
	if err != nil {
		t.Fatalf("login: %v", err)
	}
	return resp.Identity
}

// pid returns the ID of the running process.
func (p *program) pid(t *testing.T) int {
	t.Helper()
	inst, err := p.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(inst.process.ID())
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// runs reports whether a process runs. A process that has ended may stay in the process table until
// its parent waits for it.
func runs(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

// eventually waits until done returns true, for a process that the test does not control.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never came: %s", what)
		}
	}
}

// logBuffer collects log lines. It is safe for concurrent use.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, nil))
}
