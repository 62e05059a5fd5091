package hook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/core/audit"
	"filegate/core/auth"
	"filegate/core/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is an Observer.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
	done   chan string // each result
}

func newCounter() *counter {
	return &counter{counts: map[string]int{}, done: make(chan string, 100)}
}

func (c *counter) Event(hook, result string) {
	c.mu.Lock()
	c.counts[hook+" "+result]++
	c.mu.Unlock()
	c.done <- result
}

// hooksOf starts hooks that repeat attempts at once.
func hooksOf(t *testing.T, c *counter, log io.Writer, all ...*config.EventHook) *Hooks {
	t.Helper()
	h := New(slog.New(slog.NewTextHandler(log, nil)), c)
	h.pause = time.Millisecond
	h.Follow(all)
	t.Cleanup(h.Close)
	return h
}

func webHook(name, url string) *config.EventHook {
	return &config.EventHook{
		Name: name, URL: url, Secret: auth.Secret("0123456789abcdef"), Events: []string{"upload", "login"}, Timeout: 10 * time.Second, RetryFor: time.Minute, Queue: 10,
	}
}

// TestWebhook tests the request to a receiver, which fails twice.
func TestWebhook(t *testing.T) {
	type got struct {
		header http.Header
		body   string
	}
	requests := make(chan got, 10)
	failures := 2
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- got{r.Header, string(body)}
		if failures > 0 {
			failures--
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	c := newCounter()
	h := hooksOf(t, c, t.Output(), webHook("web", srv.URL))
	size := int64(5)
	h.Send(audit.Record{Event: "download", Result: "ok"})   // not in the hook's events
	h.Send(audit.Record{Event: "upload", Result: "denied"}) // not a successful action
	h.Send(audit.Record{Event: "upload", Result: "ok", User: "alice", Path: "/a/b", Bytes: &size})
	if result := <-c.done; result != "delivered" {
		t.Fatalf("the event is %s", result)
	}
	var id string
	for range 3 {
		r := <-requests
		if id == "" {
			id = r.header.Get("Filegate-Delivery")
		}
		if r.header.Get("Filegate-Event") != "upload" || id == "" || r.header.Get("Filegate-Delivery") != id {
			t.Errorf("the headers are %v, want the event and one delivery", r.header)
		}
		var record audit.Record
		if err := json.Unmarshal([]byte(r.body), &record); err != nil || record.Path != "/a/b" || *record.Bytes != 5 {
			t.Errorf("the body is %s, %v", r.body, err)
		}
		var at, sum string
		if _, err := fmt.Sscanf(strings.ReplaceAll(r.header.Get("Filegate-Signature"), ",", " "), "t=%s v1=%s", &at, &sum); err != nil {
			t.Fatalf("the signature is %q", r.header.Get("Filegate-Signature"))
		}
		mac := hmac.New(sha256.New, []byte("0123456789abcdef"))
		io.WriteString(mac, at+"."+r.body)
		if want := hex.EncodeToString(mac.Sum(nil)); sum != want {
			t.Errorf("the signature is %s, want %s", sum, want)
		}
	}
}

// TestRefused tests that an event that the receiver rejects for good is not sent again, and that
// the next event is sent.
func TestRefused(t *testing.T) {
	var log strings.Builder
	status := make(chan int, 2)
	status <- http.StatusFound
	status <- http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(<-status)
	}))
	defer srv.Close()
	c := newCounter()
	h := hooksOf(t, c, &log, webHook("web", srv.URL+"?token=hush"))
	for range 2 {
		h.Send(audit.Record{Event: "login", Result: "ok"})
	}
	if first, second := <-c.done, <-c.done; first != "dropped" || second != "delivered" {
		t.Errorf("the events are %s and %s, want dropped and delivered", first, second)
	}
	h.Close()
	if text := log.String(); !strings.Contains(text, "302 Found") || strings.Contains(text, "hush") {
		t.Errorf("the log is\n%s", text)
	}
}

// TestBefore asks a web address and a program before an action. They allow, refuse and fail.
func TestBefore(t *testing.T) {
	var status atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Filegate-Signature") == "" {
			t.Error("a question is not signed")
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer srv.Close()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit $(cat "+dir+"/exit)\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	web := webHook("web", srv.URL)
	web.Before = true
	both := *web
	both.Name, both.URL, both.Secret, both.Command = "program", "", "", []string{program}
	c := newCounter()
	h := hooksOf(t, c, t.Output(), web, &both)
	for _, tt := range []struct {
		status, exit int
		want         error
	}{
		{200, 0, nil}, {204, 0, nil}, {403, 0, ErrRefused}, {200, 1, ErrRefused}, {503, 0, ErrFailed}, {404, 0, ErrFailed}, {200, 2, ErrFailed}, {200, 0, nil},
	} {
		status.Store(int64(tt.status))
		if err := os.WriteFile(filepath.Join(dir, "exit"), fmt.Append(nil, tt.exit), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.Ask(t.Context(), audit.Record{Event: "upload", Result: "asked"}); err != tt.want {
			t.Errorf("status %d and exit code %d are %v, want %v", tt.status, tt.exit, err, tt.want)
		}
	}
	status.Store(403)
	if err := h.Ask(t.Context(), audit.Record{Event: "rename", Result: "asked"}); err != nil {
		t.Errorf("what no hook wants to know is %v", err)
	}
	h.Send(audit.Record{Event: "upload", Result: "ok"})
	if c.counts["web delivered"]+c.counts["web dropped"] > 0 {
		t.Errorf("a hook that is asked before is told after: %v", c.counts)
	}
}

// TestFullQueue tests that an event that does not fit into the queue is dropped at once, and that
// this is logged once.
func TestFullQueue(t *testing.T) {
	var log strings.Builder
	release := make(chan struct{})
	taken := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case taken <- struct{}{}:
		default:
		}
		<-release
	}))
	defer srv.Close()
	c := newCounter()
	cfg := webHook("slow", srv.URL)
	cfg.Queue = 2
	h := hooksOf(t, c, &log, cfg)
	h.Send(audit.Record{Event: "login", Result: "ok"})
	<-taken
	for range 5 {
		h.Send(audit.Record{Event: "login", Result: "ok"})
	}
	for range 3 {
		if result := <-c.done; result != "dropped" {
			t.Errorf("an event that does not fit is %s", result)
		}
	}
	close(release)
	for range 3 {
		if result := <-c.done; result != "delivered" {
			t.Errorf("an event that fits is %s", result)
		}
	}
	h.Close()
	if n := strings.Count(log.String(), "events are not delivered"); n != 1 {
		t.Errorf("it is logged %d times:\n%s", n, log.String())
	}
}

// TestProgram passes events to a program, also after another hook was added and this one was
// removed.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	script := "#!/bin/sh\n[ -e " + dir + "/tried ] || { touch " + dir + "/tried; echo no >&2; exit 1; }\n{ echo $FILEGATE_EVENT; cat; } >" + dir + "/got\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := newCounter()
	cfg := &config.EventHook{Name: "program", Command: []string{program}, Events: []string{"rename"}, Timeout: time.Minute, RetryFor: time.Hour, Queue: 1}
	h := hooksOf(t, c, t.Output(), cfg)
	again := *cfg
	h.Follow([]*config.EventHook{&again})
	h.Send(audit.Record{Event: "rename", Result: "ok", Path: "/a", Target: "/b"})
	h.Follow(nil)
	if result := <-c.done; result != "delivered" {
		t.Fatalf("the event is %s", result)
	}
	got, err := os.ReadFile(filepath.Join(dir, "got"))
	if err != nil || !strings.HasPrefix(string(got), "rename\n{") || !strings.Contains(string(got), `"target":"/b"`) {
		t.Errorf("the program got %q, %v", got, err)
	}
	h.Send(audit.Record{Event: "rename", Result: "ok"})
	h.Close()
	h.Send(audit.Record{Event: "rename", Result: "ok"})
	if len(c.counts) != 1 {
		t.Errorf("without a hook there is %v", c.counts)
	}
}

// TestChildOfProgram asks a program that ends with success and leaves a process with its error
// output.
func TestChildOfProgram(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nsleep 3 &\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	h := hooksOf(t, newCounter(), t.Output(), &config.EventHook{Name: "children", Command: []string{program}, Before: true, Events: []string{"upload"}, Timeout: 10 * time.Second})
	if err := h.Ask(t.Context(), audit.Record{Event: "upload"}); err != nil {
		t.Errorf("the program has allowed it, but Ask returns %v", err)
	}
}

// TestClientGone ends the session while a hook is asked. That is no failure of the hook.
func TestClientGone(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices the end of the connection
		leave()
		<-r.Context().Done()
	}))
	defer srv.Close()
	c, log := newCounter(), new(strings.Builder)
	k := webHook("slow", srv.URL)
	k.Before = true
	h := hooksOf(t, c, log, k)
	if err := h.Ask(ctx, audit.Record{Event: "upload"}); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrFailed) {
		t.Errorf("Ask returns %v, want %v and %v", err, ErrFailed, context.Canceled)
	}
	if len(c.counts) > 0 || log.Len() > 0 {
		t.Errorf("a client that has gone counts as a failure of the hook: %v\n%s", c.counts, log)
	}
}
