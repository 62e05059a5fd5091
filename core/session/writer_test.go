package session_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"filegate/core/session"
	"filegate/core/vfs"
)

// TestCommitAfterFailure is that a content of which a write has failed never reaches the store's
// Commit, whatever the store thinks of it.
func TestCommitAfterFailure(t *testing.T) {
	first, second := errors.New("the first"), errors.New("the second")
	gone := errors.New("the client has gone")
	for _, tt := range []struct {
		name   string
		faults []error // of the calls in turn
		write  func(w vfs.Writer) error
		want   error
	}{
		{"WriteAt", []error{first}, func(w vfs.Writer) error { _, err := w.WriteAt([]byte("x"), 1); return err }, first},
		{"ReadFrom", []error{first}, func(w vfs.Writer) error { _, err := w.ReadFrom(strings.NewReader("x")); return err }, first},
		{"Truncate", []error{first}, func(w vfs.Writer) error { return w.Truncate(1) }, first},
		{"the client's end", nil, func(w vfs.Writer) error { _, err := w.ReadFrom(iotest.ErrReader(gone)); return err }, gone},
		{"two", []error{first, second}, func(w vfs.Writer) error {
			_, err := w.WriteAt([]byte("x"), 1)
			w.WriteAt([]byte("x"), 1)
			return err
		}, first},
		{"one that follows from another", []error{context.Canceled, first}, func(w vfs.Writer) error {
			w.WriteAt([]byte("x"), 1)
			_, err := w.WriteAt([]byte("x"), 1)
			return err
		}, first},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, nil)
			put(t, s.store, home+"/file", "old")
			commits := s.store.count("Commit")
			w := create(t, s, "/file")
			writeAt(t, w, "new", 0)
			faults := tt.faults
			s.store.before = func(context.Context, string, vfs.Path) error {
				if len(faults) == 0 {
					return nil
				}
				err := faults[0]
				faults = faults[1:]
				return err
			}
			if err := tt.write(w); !errors.Is(err, tt.want) {
				t.Fatalf("the write: %v, want %v", err, tt.want)
			}
			writeAt(t, w, "another that succeeds", 3)
			if _, err := w.Commit(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("Commit: %v, want the first failure, %v", err, tt.want)
			}
			if s.store.count("Commit") != commits {
				t.Error("the store was asked to commit")
			}
			w.Close()
			if event := s.seen.last(t); !errors.Is(event.Err, tt.want) || event.Op != session.OpUpload {
				t.Errorf("the event is %+v, want an upload that failed with %v", event, tt.want)
			}
			if got := content(t, s.store, home+"/file"); got != "old" {
				t.Errorf("the content is %q, want the old one", got)
			}
		})
	}
}

// TestPanic is that a store that panics leaves the session's books in order, since frontends
// recover.
func TestPanic(t *testing.T) {
	for _, call := range []string{"Lstat", "List", "Open", "OpenWriter", "WriteAt", "Commit", "ReadAt", "WriteTo", "Close"} {
		t.Run(call, func(t *testing.T) {
			s := begin(t, func(cfg *session.Config) { cfg.MaxOpen = 2 })
			put(t, s.store, home+"/file", "old")
			for range 3 { // more often than there are places
				panicked := false
				s.store.before = func(_ context.Context, at string, _ vfs.Path) error {
					if at == call && !panicked {
						panicked = true
						panic("a fault in the store")
					}
					return nil
				}
				recovered(func() { s.Stat(t.Context(), "/file") })
				recovered(func() {
					if l, err := s.List(t.Context(), "/"); err == nil {
						l.Close()
					}
				})
				recovered(func() {
					f, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
					if err != nil {
						return
					}
					defer f.Close()
					recovered(func() { f.ReadAt(make([]byte, 1), 0) })
					recovered(func() { f.WriteTo(io.Discard) })
				})
				recovered(func() {
					w, err := s.OpenWriter(t.Context(), "/file", replace)
					if err != nil {
						return
					}
					defer w.Close()
					recovered(func() { w.WriteAt([]byte("new"), 0) })
					recovered(func() { w.ReadFrom(strings.NewReader("new")) })
					if _, err := w.Commit(t.Context()); err == nil && call == "WriteAt" {
						t.Errorf("Commit = nil after a %s that panicked", call)
					}
				})
				if !panicked {
					t.Fatalf("the store has no %s", call)
				}
				if n := len(s.seen.take()); n != 4 {
					t.Errorf("%d events for 4 operations", n)
				}
			}
			now, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.WaitIdle(now); err != nil {
				t.Error("the session is busy for ever")
			}
			s.store.opened(-s.store.handles()) // what its panic leaves open is the store's own
		})
	}
}

func recovered(f func()) {
	defer func() { recover() }()
	f()
}

func TestAbandoned(t *testing.T) {
	s := begin(t, nil)
	w := create(t, s, "/file")
	writeAt(t, w, "content", 0)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if event := s.seen.last(t); event.Err != session.ErrAbandoned || event.Bytes != 7 {
		t.Errorf("the event is %+v, want one of 7 bytes and ErrAbandoned", event)
	}
	if _, err := s.store.Stat(t.Context(), home+"/file"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("what was abandoned is there: %v", err)
	}
}

func TestAfterClose(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", "content")
	f, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.List(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(f.Close(), l.Close()); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err = f.ReadAt(make([]byte, 1), 0)
	wantKind(t, err, vfs.ErrClosed, "ReadAt after Close")
	_, err = f.WriteTo(io.Discard)
	wantKind(t, err, vfs.ErrClosed, "WriteTo after Close")
	_, err = l.Next(t.Context())
	wantKind(t, err, vfs.ErrClosed, "Next after Close")

	for _, committed := range []bool{true, false} {
		w, err := s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		r, err := vfs.ReadWriterAt(w)
		if err != nil {
			t.Fatal(err)
		}
		if committed {
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else {
			w.Close()
		}
		for name, call := range map[string]func() error{
			"WriteAt":  func() error { _, err := w.WriteAt([]byte("x"), 0); return err },
			"ReadFrom": func() error { _, err := w.ReadFrom(strings.NewReader("x")); return err },
			"ReadAt":   func() error { _, err := r.ReadAt(make([]byte, 1), 0); return err },
			"Truncate": func() error { return w.Truncate(0) },
			"SetAttrs": func() error { return w.SetAttrs(vfs.Attrs{}) },
			"Commit":   func() error { _, err := w.Commit(t.Context()); return err },
		} {
			wantKind(t, call(), vfs.ErrClosed, name+" after the end")
		}
		w.Close()
	}
	if got := content(t, s.store, home+"/file"); got != "content" {
		t.Errorf("the content is %q", got)
	}
}

// TestReadBack is that only who asked to read may.
func TestReadBack(t *testing.T) {
	s := begin(t, nil)
	w := create(t, s, "/file")
	_, err := vfs.ReadWriterAt(w)
	wantKind(t, err, vfs.ErrUnsupported, "ReadWriterAt of a writer that was opened without Read")
	w, err = s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true, Read: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	writeAt(t, w, "content", 0)
	r, err := vfs.ReadWriterAt(w)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := r.ReadAt(b, 4); err != nil || string(b) != "ent" {
		t.Errorf("ReadAt = %q, %v", b, err)
	}
}

// TestTogether makes all calls of one file at once; the race detector and the store look for what
// must not meet.
func TestTogether(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", strings.Repeat("old", 1000))
	for range 20 {
		var wg sync.WaitGroup
		w, err := s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.List(t.Context(), "/")
		if err != nil {
			t.Fatal(err)
		}
		r, err := vfs.ReadWriterAt(w)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			for _, call := range []func(){
				func() { w.WriteAt([]byte("new"), int64(3*i)) },
				func() { r.ReadAt(make([]byte, 10), 0) },
				func() { w.Size() },
				func() { s.Stat(t.Context(), "/file") },
				func() { s.SetAttrs(t.Context(), "/file", vfs.Attrs{}) },
				func() { s.Truncate(t.Context(), "/file", 5000) },
				func() { f.ReadAt(make([]byte, 10), 0) },
				func() { l.Next(t.Context()) },
			} {
				wg.Go(func() {
					for range 10 {
						call()
					}
				})
			}
		}
		wg.Go(func() { f.WriteTo(io.Discard) })
		wg.Go(func() { w.Commit(t.Context()); w.Close() })
		wg.Go(func() { w.Close(); f.Close(); l.Close() })
		wg.Wait()
	}
	s.Close()
}
