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

// TestMain makes the test binary a program of many kinds: which one follows from the name by which
// it is run.
func TestMain(m *testing.M) {
	if role, ok := roles()[filepath.Base(os.Args[0])]; ok {
		role()
		return
	}
	goleak.VerifyTestMain(m)
}

// programAs returns a path by which the test binary runs as one of the roles.
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

// spec is for a program as the operator would have it, with the values of its configuration.
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

// mustLaunch launches a program that comes up, and closes it with the test.
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
	return p.(*program) // it is what Launch makes
}

// impatient is a launcher whose program is watched closely and restarted at once.
func impatient() *Launcher {
	return &Launcher{restart: restart{min: time.Millisecond, max: 50 * time.Millisecond, wait: 5 * time.Second, health: 100 * time.Millisecond, healthLimit: time.Second}}
}

// login is a login with a password.
func login(t *testing.T, a auth.Authenticator, user, password string) (auth.Response, error) {
	t.Helper()
	return a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password)})
}

// mustLogin is one that must succeed.
func mustLogin(t *testing.T, a auth.Authenticator) *auth.Identity {
	t.Helper()
	resp, err := login(t, a, "alice", "secret")
	if err != nil {
		t.Fatalf("login: %v", err)
	}
	return resp.Identity
}

// pid returns the process that is up.
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

// runs reports whether a process runs. One that has ended may stay in the table until somebody asks
// how.
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

// eventually waits until a process outside of the test's control has done what it must.
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

// logBuffer keeps what is logged. It is safe for concurrent use.
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
