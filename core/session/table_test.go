package session_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/session"
	"filegate/core/vfs"
)

// TestStatWhileWriting is that a path shows what its writer has, to the session that writes it, and
// what is stored to others.
func TestStatWhileWriting(t *testing.T) {
	s := begin(t, nil)
	other := begin(t, func(cfg *session.Config) { cfg.FS = s.store })
	put(t, s.store, home+"/file", "the old content")

	w := create(t, s, "/file")
	writeAt(t, w, "new", 2)
	want := vfs.Info{Name: "file", Size: 5, Mode: 0o644}
	ignoreTime := cmpopts.IgnoreFields(vfs.Info{}, "ModTime", "Version")
	got, err := s.Stat(t.Context(), "/file")
	if diff := cmp.Diff(want, got, ignoreTime); diff != "" || err != nil {
		t.Errorf("Stat of what is being written: %v, (-want +got)\n%s", err, diff)
	}
	if age := time.Since(got.ModTime).Abs(); age > time.Minute {
		t.Errorf("the modification time of what is being written is %v", got.ModTime)
	}
	if got := size(t, other.Session, "/file"); got != 15 {
		t.Errorf("another session sees %d bytes, want the 15 that are stored", got)
	}

	info, err := w.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := s.Stat(t.Context(), "/file")
	if diff := cmp.Diff(info, stored); diff != "" || err != nil || stored.Version == "" {
		t.Errorf("Stat after Commit and before Close is not the store's: %v, (-commit +stat)\n%s", err, diff)
	}
	if got := w.Size(); got != 5 {
		t.Errorf("Size after Commit = %d, want the 5 that were committed", got)
	}
}

func TestStatAfterAbandoning(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/old", "the old content")
	for _, name := range []vfs.Path{"/old", "/new"} {
		w := create(t, s, name)
		writeAt(t, w, "new", 0)
		w.Close()
		if got := w.Size(); got != 3 {
			t.Errorf("Size after Close = %d, want the 3 that there were", got)
		}
	}
	if got := size(t, s.Session, "/old"); got != 15 {
		t.Errorf("an abandoned upload leaves %d bytes, want the old 15", got)
	}
	_, err := s.Stat(t.Context(), "/new")
	wantKind(t, err, vfs.ErrNotExist, "Stat of what was abandoned")
}

// TestStatAfterFailedCommit is that a content which will never be published is not shown, though
// its writer is still open.
func TestStatAfterFailedCommit(t *testing.T) {
	s := begin(t, nil)
	s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
		if call == "Commit" {
			return vfs.ErrQuota
		}
		return nil
	}
	w := create(t, s, "/file")
	writeAt(t, w, "new", 0)
	_, err := w.Commit(t.Context())
	wantKind(t, err, vfs.ErrQuota, "Commit")
	_, err = s.Stat(t.Context(), "/file")
	wantKind(t, err, vfs.ErrNotExist, "Stat after a failed Commit")
}

// TestSetAttrsWhileWriting is what SFTP clients do that keep times: they set them by the path,
// before they close the file.
func TestSetAttrsWhileWriting(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", "old")
	before, err := s.store.Stat(t.Context(), home+"/file")
	if err != nil {
		t.Fatal(err)
	}
	w := create(t, s, "/file")
	when, mode := time.Unix(1e9, 0), fs.FileMode(0o600)
	for _, attrs := range []vfs.Attrs{{ModTime: &when}, {Mode: &mode}} {
		if err := s.SetAttrs(t.Context(), "/file", attrs); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := s.Stat(t.Context(), "/file"); err != nil || !info.ModTime.Equal(when) || info.Mode != mode {
		t.Errorf("Stat before Commit = %+v, %v; want the time %v and mode %v", info, err, when, mode)
	}
	if now, err := s.store.Stat(t.Context(), home+"/file"); err != nil || !cmp.Equal(now, before) {
		t.Errorf("what is stored has changed before Commit: %+v, %v", now, err)
	}
	if info, err := w.Commit(t.Context()); err != nil || !info.ModTime.Equal(when) || info.Mode != mode {
		t.Errorf("Commit = %+v, %v; want the time %v and mode %v", info, err, when, mode)
	}
	later := time.Unix(2e9, 0)
	if err := s.SetAttrs(t.Context(), "/file", vfs.Attrs{ModTime: &later}); err != nil {
		t.Errorf("SetAttrs after Commit and before Close: %v", err)
	}
	if info, err := s.store.Stat(t.Context(), home+"/file"); err != nil || !info.ModTime.Equal(later) {
		t.Errorf("after Commit SetAttrs goes to the store, which has %+v, %v", info, err)
	}
}

func TestTruncateWhileWriting(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", "the old content")
	w := create(t, s, "/file")
	writeAt(t, w, "the new content", 0)
	if err := s.Truncate(t.Context(), "/file", 7); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.Truncate(t.Context(), "/file", -1), vfs.ErrInvalid, "Truncate to less than nothing")
	if got := content(t, s.store, home+"/file"); got != "the old content" {
		t.Errorf("what is stored is %q before Commit", got)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if got := content(t, s.store, home+"/file"); got != "the new" {
		t.Errorf("the content is %q, want it cut to %q", got, "the new")
	}
	if err := s.Truncate(t.Context(), "/file", 3); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.store, home+"/file"); got != "the" {
		t.Errorf("after Commit Truncate goes to the store, which has %q", got)
	}
}

// TestTwoWriters is that two handles on one name share the content, and the last to be closed
// publishes it.
func TestTwoWriters(t *testing.T) {
	s := begin(t, nil)
	first, err := s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true, Truncate: true, Read: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	writeAt(t, first, "lost", 0)
	second := create(t, s, "/file") // with Truncate, which is for both
	writeAt(t, first, "first", 0)
	writeAt(t, second, "second", 5)
	if got := size(t, s.Session, "/file"); got != 11 || first.Size() != 11 {
		t.Errorf("Stat says %d bytes, and the first handle %d; want 11", got, first.Size())
	}
	r, err := vfs.ReadWriterAt(first)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 6)
	if _, err := r.ReadAt(p, 5); err != nil || string(p) != "second" {
		t.Errorf("the first reads %q, %v", p, err)
	}
	_, err = s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true, Exclusive: true})
	wantKind(t, err, vfs.ErrExist, "OpenWriter with Exclusive of what is being written")
	reader, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	read := func(when string) {
		p := make([]byte, 20)
		if n, err := reader.ReadAt(p, 0); err != io.EOF || string(p[:n]) != "firstsecond" {
			t.Errorf("%s a reader gets %q, %v", when, p[:n], err)
		}
	}
	read("before the end")
	if _, err := second.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.store.Stat(t.Context(), home+"/file")
	wantKind(t, err, vfs.ErrNotExist, "Stat in the store with one handle open still")
	if _, err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.store, home+"/file"); got != "firstsecond" {
		t.Errorf("the store has %q", got)
	}
	read("after the end")
}

// TestTwoWritersPromise is that what one handle was told to be safe is published, also when the
// session ends with the other one open.
func TestTwoWritersPromise(t *testing.T) {
	s := begin(t, nil)
	first, second := create(t, s, "/file"), create(t, s, "/file")
	writeAt(t, first, "first", 0)
	if _, err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got := content(t, s.store, home+"/file"); got != "first" {
		t.Errorf("the store has %q", got)
	}
	_, err := second.WriteAt([]byte("x"), 0)
	wantKind(t, err, vfs.ErrClosed, "WriteAt after the end")
}

// TestTwoWritersBroken is that no handle is told that a content is safe of which a write has
// failed, and nothing is published.
func TestTwoWritersBroken(t *testing.T) {
	s := begin(t, nil)
	first, second := create(t, s, "/file"), create(t, s, "/file")
	writeAt(t, second, "second", 0)
	s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
		if call == "WriteAt" {
			return vfs.ErrQuota
		}
		return nil
	}
	if _, err := first.WriteAt([]byte("first"), 0); err == nil {
		t.Fatal("the write has not failed")
	}
	for i, w := range []vfs.Writer{first, second} {
		if _, err := w.Commit(t.Context()); err == nil {
			t.Errorf("handle %d is told that its content is safe", i)
		}
	}
	_, err := s.store.Stat(t.Context(), home+"/file")
	wantKind(t, err, vfs.ErrNotExist, "Stat")
}

// TestTwoWritersOfMany opens, writes and closes one file by many handles at once: each byte is
// there at the end.
func TestTwoWritersOfMany(t *testing.T) {
	s := begin(t, nil)
	const handles, part = 8, 1000
	keep := create(t, s, "/file")
	var wg sync.WaitGroup
	for i := range handles {
		wg.Go(func() {
			w, err := s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			for at := range part {
				if _, err := w.WriteAt([]byte{byte('a' + i)}, int64(i*part+at)); err != nil {
					t.Error(err)
					return
				}
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := keep.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	wg.Wait()
	var want strings.Builder
	for i := range handles {
		want.WriteString(strings.Repeat(string(rune('a'+i)), part))
	}
	if got := content(t, s.store, home+"/file"); got != want.String() {
		t.Errorf("the store has %d bytes that are not what was written", len(got))
	}
}

// TestChangesDuringCommit is that what is asked for a path while its Commit is under way comes
// after it, and Stat does not wait.
func TestChangesDuringCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		goOn := make(chan struct{})
		s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
			if call == "Commit" {
				<-goOn
			}
			return nil
		}
		w := create(t, s, "/file")
		writeAt(t, w, "content", 0)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := w.Commit(t.Context()); err != nil {
				t.Errorf("Commit: %v", err)
			}
			w.Close()
		})
		synctest.Wait()
		if got := size(t, s.Session, "/file"); got != 7 {
			t.Errorf("during Commit Stat says %d bytes, want 7", got)
		}
		when := time.Unix(1e9, 0)
		wg.Go(func() {
			if err := s.SetAttrs(t.Context(), "/file", vfs.Attrs{ModTime: &when}); err != nil {
				t.Errorf("SetAttrs during Commit: %v", err)
			}
		})
		wg.Go(func() {
			_, err := w.WriteAt([]byte("x"), 0)
			wantKind(t, err, vfs.ErrClosed, "WriteAt during Commit")
		})
		close(goOn) // synctest does not wait for who waits for a mutex: they may be there by now or not
		wg.Wait()
		info, err := s.store.Stat(t.Context(), home+"/file")
		if err != nil || !info.ModTime.Equal(when) || info.Size != 7 {
			t.Errorf("the store has %+v, %v; want the time that was set during Commit", info, err)
		}
	})
}

func TestMaxOpen(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.MaxOpen = 3 })
	put(t, s.store, home+"/file", "content")
	open := map[string]func() (io.Closer, error){
		"file":    func() (io.Closer, error) { return s.Open(t.Context(), "/file", vfs.OpenOptions{}) },
		"writer":  func() (io.Closer, error) { return s.OpenWriter(t.Context(), "/new", replace) },
		"listing": func() (io.Closer, error) { return s.List(t.Context(), "/") },
	}
	var handles []io.Closer
	for what, open := range open {
		h, err := open()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		handles = append(handles, h)
	}
	for what, open := range open {
		_, err := open()
		wantKind(t, err, vfs.ErrUnavailable, "one "+what+" too many")
		if text := vfs.ClientText(err); !strings.Contains(text, "too many open files") {
			t.Errorf("the client reads %q", text)
		}
	}
	if strings.Contains(s.log.String(), "WARN") {
		t.Errorf("the client's own limit is no fault of the storage:\n%s", s.log)
	}
	for _, h := range handles {
		for range 2 {
			h.Close()
		}
		again, err := s.List(t.Context(), "/")
		if err != nil {
			t.Fatalf("after a Close: %v", err)
		}
		_, err = s.List(t.Context(), "/")
		wantKind(t, err, vfs.ErrUnavailable, "a second Close makes no more room")
		again.Close()
		if again, err = s.List(t.Context(), "/"); err != nil {
			t.Fatal(err)
		}
		defer again.Close()
	}
}

// TestMaxOpenCountsCommitted is that a writer counts until it is closed.
func TestMaxOpenCountsCommitted(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.MaxOpen = 1 })
	w := create(t, s, "/file")
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := s.List(t.Context(), "/")
	wantKind(t, err, vfs.ErrUnavailable, "a committed writer is open until Close")
	w.Close()
	l, err := s.List(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// TestMaxOpenAtOnce is that the limit holds for those that come at the same time.
func TestMaxOpenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, func(cfg *session.Config) { cfg.MaxOpen = 3 })
		put(t, s.store, home+"/file", "content")
		goOn := make(chan struct{})
		s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
			if call == "Open" {
				<-goOn
			}
			return nil
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for range 10 {
			wg.Go(func() {
				_, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, vfs.ErrUnavailable) {
					refused++
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(goOn)
		wg.Wait()
		if refused != 7 || s.store.handles() != 3 {
			t.Errorf("of 10 at once %d were refused and %d are open; the limit is 3", refused, s.store.handles())
		}
	})
}
