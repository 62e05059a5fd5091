package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const home = "/home/alice"

// world is a session over a store, with all that it says.
type world struct {
	*session.Session
	store *store
	seen  *events
	log   *logLines
	open  *session.OpenFiles
}

// begin begins a session in a home directory that is there. change, which may be nil, is given its
// configuration before.
func begin(t *testing.T, change func(*session.Config)) *world {
	t.Helper()
	w := &world{store: newStore(t), seen: &events{}, log: &logLines{}, open: new(session.OpenFiles)}
	cfg := session.Config{
		ID: "s1", Service: "ssh", Remote: netip.MustParseAddrPort("192.0.2.7:4711"),
		Identity: auth.Identity{User: "alice", Groups: []string{"staff", "users"}, Home: home},
		FS:       w.store, Observer: w.seen, OpenFiles: w.open,
		Log: slog.New(slog.NewMultiHandler(
			slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}),
			slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))),
	}
	if change != nil {
		change(&cfg)
	}
	s, err := session.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Session = s
	t.Cleanup(s.Close)
	return w
}

// events are what a session tells its observer.
type events struct {
	mu  sync.Mutex
	all []session.Event
}

func (e *events) Observe(event session.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// take returns the events since it was last called.
func (e *events) take() []session.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

// last returns the one event since take was last called.
func (e *events) last(t *testing.T) session.Event {
	t.Helper()
	all := e.take()
	if len(all) != 1 {
		t.Fatalf("%d events, want one: %+v", len(all), all)
	}
	return all[0]
}

// logLines is a log in JSON.
type logLines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines are the log's lines with the message, without their times.
func (l *logLines) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(l.String()) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if attrs["msg"] != message {
			continue
		}
		delete(attrs, "time")
		delete(attrs, "msg")
		all = append(all, attrs)
	}
	return all
}

var replace = vfs.WriteOptions{Create: true, Truncate: true}

// put stores a file, whoever may.
func put(t *testing.T, fsys vfs.FS, name vfs.Path, content string) {
	t.Helper()
	w := create(t, fsys, name)
	if _, err := w.ReadFrom(strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, fsys vfs.FS, name vfs.Path) vfs.Writer {
	t.Helper()
	w, err := fsys.OpenWriter(t.Context(), name, replace)
	if err != nil {
		t.Fatalf("OpenWriter(%q): %v", name, err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func writeAt(t *testing.T, w vfs.Writer, content string, off int64) {
	t.Helper()
	if _, err := w.WriteAt([]byte(content), off); err != nil {
		t.Fatalf("WriteAt: %v", err)
	}
}

// content is what is stored under the name; "" also where nothing is.
func content(t *testing.T, fsys vfs.FS, name vfs.Path) string {
	t.Helper()
	f, err := fsys.Open(t.Context(), name, vfs.OpenOptions{})
	if errors.Is(err, vfs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func size(t *testing.T, s *session.Session, name vfs.Path) int64 {
	t.Helper()
	info, err := s.Stat(t.Context(), name)
	if err != nil {
		t.Fatalf("Stat(%q): %v", name, err)
	}
	return info.Size
}

// wantKind checks the kind of an error.
func wantKind(t *testing.T, err, kind error, what string) {
	t.Helper()
	if !errors.Is(err, kind) || vfs.Kind(err) != vfs.Kind(kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

// untilEnd is the fault of a store that hangs until its context ends.
func untilEnd(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
