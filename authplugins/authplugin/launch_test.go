package authplugin

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filegate/core/auth"
)

func TestLaunch(t *testing.T) {
	path := programAs(t, "good")
	sum, err := checksum(path)
	if err != nil {
		t.Fatal(err)
	}
	s := spec(t, path, nil)
	s.SHA256 = hex.EncodeToString(sum)
	p := mustLaunch(t, &Launcher{}, s)
	if info := p.Info(); info.Name != "fake" || info.Version != "1.2.3" || !slices.Equal(info.Methods, []auth.Method{auth.Password, auth.Interactive}) || len(info.Schema) != 3 {
		t.Errorf("Info %+v", info)
	}
	if err := p.Healthy(); err != nil {
		t.Errorf("Healthy: %v", err)
	}
	id := mustLogin(t, p)
	if fresh, err := p.Renew(t.Context(), id.Grant); err != nil || fresh.Token != "fresh for alice" {
		t.Errorf("Renew: %v, %v", fresh, err)
	}
	pid := p.pid(t)
	if mode := mustStat(t, p.sockets.path).Mode().Perm(); mode != 0o700 {
		t.Errorf("the directory for sockets has mode %o: others may connect", mode)
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Errorf("Close twice: %v", err)
	}
	if runs(pid) {
		t.Error("the program runs on after Close")
	}
	if _, err := os.Stat(p.sockets.path); err == nil {
		t.Error("the directory for sockets is there after Close")
	}
	began := time.Now()
	if _, err := login(t, p, "alice", "secret"); !errors.Is(err, auth.ErrUnavailable) || time.Since(began) > time.Second {
		t.Errorf("login after Close: %v after %s", err, time.Since(began))
	}
	if p.Healthy() == nil {
		t.Error("healthy after Close")
	}
}

func mustStat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestRelaunchOpensOldRenewals tests that a program that a reload has launched again can renew
// earlier grants.
func TestRelaunchOpensOldRenewals(t *testing.T) {
	launcher, s := &Launcher{}, spec(t, programAs(t, "good"), nil)
	before := mustLogin(t, mustLaunch(t, launcher, s)).Grant
	if _, err := mustLaunch(t, launcher, s).Renew(t.Context(), before); err != nil {
		t.Errorf("Renew by the second program: %v", err)
	}
	s.Name = "another"
	if _, err := mustLaunch(t, launcher, s).Renew(t.Context(), before); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Renew by another authenticator: %v, want %v", err, auth.ErrUnavailable)
	}
}

// TestGatewaysOpenEachOthersRenewals tests launchers of several processes: launchers with the same
// secret renew each other's grants, also after one was killed. For a launcher without the secret,
// the error is auth.ErrUnavailable.
func TestGatewaysOpenEachOthersRenewals(t *testing.T) {
	s := spec(t, programAs(t, "good"), nil)
	s.SealSecret = bytes.Repeat([]byte("s"), 32)
	first := mustLaunch(t, &Launcher{}, s)
	before := mustLogin(t, first).Grant
	kill(t, first.pid(t), syscall.SIGKILL)
	if _, err := mustLaunch(t, &Launcher{}, s).Renew(t.Context(), before); err != nil {
		t.Errorf("Renew at a gateway with the same secret: %v", err)
	}
	s.SealSecret = nil
	if _, err := mustLaunch(t, &Launcher{}, s).Renew(t.Context(), before); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrDenied) {
		t.Errorf("Renew at a gateway with a secret of its own: %v, want %v", err, auth.ErrUnavailable)
	}
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct {
		name      string
		values    map[string]any
		attribute string
	}{
		{"missing", map[string]any{}, "greeting"},
		{"empty", map[string]any{"greeting": ""}, "greeting"},
		{"wrong type", map[string]any{"greeting": 1}, "greeting"},
		{"unknown", map[string]any{"greeting": "hello", "greting": "x"}, "greting"},
		{"the program's own", map[string]any{"greeting": "rude"}, "greeting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, diags, err := (&Launcher{}).Launch(t.Context(), spec(t, programAs(t, "good"), c.values))
			if p != nil || err != nil || len(diags) != 1 || diags[0].Attribute != c.attribute || diags[0].Detail == "" {
				t.Errorf("got %v, %+v, %v, want one diagnostic for %s", p, diags, err, c.attribute)
			}
		})
	}
	t.Run("decode", func(t *testing.T) {
		s, want := spec(t, programAs(t, "good"), nil), auth.Diagnostics{{Attribute: "a", Summary: "b", Detail: "c"}}
		s.Decode = func(schema auth.Schema) ([]byte, auth.Diagnostics) {
			if len(schema) != 3 || schema[0].Name != "greeting" || !schema[0].Required || schema[0].Type != auth.TypeString {
				t.Errorf("schema %+v", schema)
			}
			return nil, want
		}
		if p, diags, err := (&Launcher{}).Launch(t.Context(), s); p != nil || err != nil || !slices.Equal(diags, want) {
			t.Errorf("got %v, %v, %v", p, diags, err)
		}
	})
}

// TestCleanEnvironment tests that a program does not get the gateway's environment.
func TestCleanEnvironment(t *testing.T) {
	t.Setenv("FILEGATE_TEST_SECRET", "hunter2")
	p := mustLaunch(t, &Launcher{}, spec(t, programAs(t, "good"), nil))
	inst, err := p.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range inst.process.cmd.Env {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{cookieKey, hostFDEnv, "PATH", "PLUGIN_CLIENT_CERT", "PLUGIN_MAX_PORT", "PLUGIN_MIN_PORT", "PLUGIN_PROTOCOL_VERSIONS", socketDirEnv}
	if !slices.Equal(names, want) {
		t.Errorf("environment %q, want %q", names, want)
	}
}

func TestMaxCalls(t *testing.T) {
	l := &Launcher{MaxCalls: 1}
	p := mustLaunch(t, l, spec(t, programAs(t, "good"), nil))
	ctx, cancel := context.WithCancel(t.Context())
	slow := make(chan error)
	go func() {
		_, err := p.Authenticate(ctx, auth.Request{User: "slow", Method: auth.Password, Password: "x"})
		slow <- err
	}()
	eventually(t, "the first call is under way", func() bool { return len(p.slots) == 1 })
	late, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := p.Authenticate(late, auth.Request{User: "alice", Method: auth.Password, Password: "secret"})
	if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call beyond the cap: %v", err)
	}
	cancel()
	if err := <-slow; !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the call that was cancelled: %v", err)
	}
	mustLogin(t, p)
}

// TestWithoutTLS tests a program in a language without go-plugin, which may work without TLS,
// because no other user can reach its socket.
func TestWithoutTLS(t *testing.T) {
	p := mustLaunch(t, &Launcher{}, spec(t, programAs(t, "plain"), nil))
	mustLogin(t, p)
	if line := p.current.process.handshake(); len(line) > 200 {
		t.Fatalf("the program has a certificate: %q", line)
	}
	if mode := mustStat(t, p.sockets.path).Mode().Perm(); mode != 0o700 {
		t.Errorf("the directory for sockets has mode %o: others may connect", mode)
	}
}

// TestReplaced tests that a changed program file is noticed, so that a reload starts the program
// again.
func TestReplaced(t *testing.T) {
	path := programAs(t, "good")
	p := mustLaunch(t, impatient(), spec(t, path, nil))
	if p.Replaced() {
		t.Error("replaced from the start")
	}
	self, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	replace := func() {
		t.Helper()
		if err := errors.Join(os.Remove(path), os.WriteFile(path, text, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	replace()
	if !p.Replaced() {
		t.Error("not replaced by a copy")
	}
	kill(t, p.pid(t), syscall.SIGKILL)
	eventually(t, "the copy runs", func() bool { return !p.Replaced() })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !p.Replaced() {
		t.Error("not replaced when it is gone")
	}
}

// witness is an observer that records its calls.
type witness struct {
	mu   sync.Mutex
	told []string
}

func (w *witness) tell(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, what)
}

func (w *witness) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told)
}

func (w *witness) Started(took time.Duration, again bool) {
	w.tell(fmt.Sprintf("started %t %t", took > 0, again))
}

func (w *witness) Called(call string, took time.Duration, err error) {
	kind := "other"
	for _, k := range append(auth.Kinds(), nil) {
		if errors.Is(err, k) {
			kind = fmt.Sprint(k)
		}
	}
	w.tell(fmt.Sprintf("%s %t %s", call, took > 0, kind))
}

// Dropped records nothing, because it is called too often.
func (w *witness) Dropped() {}

func TestObserver(t *testing.T) {
	w := &witness{}
	s := spec(t, programAs(t, "good"), nil)
	s.Observer = w
	p := mustLaunch(t, impatient(), s)
	grant := mustLogin(t, p).Grant
	if _, err := login(t, p, "alice", "wrong"); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("login: %v", err)
	}
	if _, err := p.Renew(t.Context(), grant); err != nil {
		t.Errorf("Renew: %v", err)
	}
	if err := p.Release(t.Context(), grant); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Release: %v", err)
	}
	_, err := login(t, p, "die", "x")
	wantUnavailable(t, "a login over which the program dies", err)
	eventually(t, "the program is up again", func() bool { return slices.Contains(w.all(), "started true true") })
	mustLogin(t, p)
	want := []string{
		"started true false", "authenticate true <nil>", "authenticate true login denied", "renew true <nil>",
		"authenticate true authentication service unavailable", "started true true", "authenticate true <nil>",
	}
	if !slices.Equal(w.all(), want) {
		t.Errorf("told %q, want %q", w.all(), want)
	}
}

func TestEndsWithHost(t *testing.T) {
	for role, want := range map[string]string{"good": "", "orphan": "runs on after its host is gone", "exits": "ended before it was ready"} {
		dir := mustTempDir(t)
		err := (&Launcher{SocketDir: dir}).EndsWithHost(t.Context(), spec(t, programAs(t, role), nil))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", role, err, want)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: %v is left in the directory for sockets", role, left)
		}
	}
}

// TestDescribe tests that a program describes itself without a configuration.
func TestDescribe(t *testing.T) {
	s := spec(t, programAs(t, "good"), nil)
	s.Kind, s.Decode = "", nil
	info, err := (&Launcher{}).Describe(t.Context(), s)
	if err != nil || info.Name != "fake" || len(info.Schema) != 3 {
		t.Errorf("got %+v, %v", info, err)
	}
	s.SHA256 = strings.Repeat("00", 32)
	if _, err := (&Launcher{}).Describe(t.Context(), s); err == nil || !strings.Contains(err.Error(), "install the right program") {
		t.Errorf("a wrong checksum: %v", err)
	}
}
