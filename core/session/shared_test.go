package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// colleague begins another session of the same login over the same store. change may be nil.
func (w *world) colleague(t *testing.T, change func(*session.Config)) *session.Session {
	t.Helper()
	cfg := session.Config{
		ID: "s2", Service: "ftp", Remote: netip.MustParseAddrPort("192.0.2.8:4711"), OpenFiles: w.open,
		Identity: auth.Identity{User: "alice", Home: home}, FS: w.store, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	s, err := session.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// two returns two sessions of one login.
func two(t *testing.T) (*world, *session.Session) {
	t.Helper()
	w := begin(t, nil)
	return w, w.colleague(t, nil)
}

var change = vfs.WriteOptions{Read: true}

func openWriter(t *testing.T, s vfs.FS, name vfs.Path, opts vfs.WriteOptions) vfs.Writer {
	t.Helper()
	w, err := s.OpenWriter(t.Context(), name, opts)
	if err != nil {
		t.Fatalf("OpenWriter(%q): %v", name, err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func commit(t *testing.T, w vfs.Writer) {
	t.Helper()
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// stored is what the store has under a name of the home directory.
func (w *world) stored(t *testing.T, name vfs.Path) string {
	t.Helper()
	return content(t, w.store, home+name)
}

// TestSharedHalves lets two sessions write the halves of one file: both are there, whichever closes
// first, and also when the session has ended that opened it first.
func TestSharedHalves(t *testing.T) {
	for _, firstEnds := range []bool{false, true} {
		a, b := two(t)
		put(t, a, "/file", "----")
		one, other := openWriter(t, a, "/file", change), openWriter(t, b, "/file", change)
		writeAt(t, one, "AB", 0)
		writeAt(t, other, "CD", 2)
		r, err := vfs.ReadWriterAt(other)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4)
		if _, err := r.ReadAt(buf, 0); err != nil || string(buf) != "ABCD" {
			t.Errorf("one session reads %q, %v of what both write", buf, err)
		}
		commit(t, one)
		if firstEnds {
			a.Close()
			select {
			case <-a.Closed():
				t.Error("the view of the store has gone that the other session writes through")
			default:
			}
		}
		if got := a.stored(t, "/file"); got != "----" {
			t.Errorf("the store has %q while a handle is open", got)
		}
		commit(t, other)
		if got := a.stored(t, "/file"); got != "ABCD" {
			t.Errorf("the store has %q", got)
		}
		if firstEnds {
			<-a.Closed()
		}
	}
}

// TestSharedTruncate is that sessions see and set each other's size.
func TestSharedTruncate(t *testing.T) {
	a, b := two(t)
	put(t, a, "/file", "content")
	one, other := openWriter(t, a, "/file", change), openWriter(t, b, "/file", change)
	if err := other.Truncate(3); err != nil {
		t.Fatal(err)
	}
	if one.Size() != 3 || size(t, a.Session, "/file") != 3 || size(t, b, "/file") != 3 {
		t.Errorf("the sizes are %d, %d and %d", one.Size(), size(t, a.Session, "/file"), size(t, b, "/file"))
	}
	if err := b.Truncate(t.Context(), "/file", 1); err != nil {
		t.Fatal(err)
	}
	commit(t, one)
	commit(t, other)
	if got := a.stored(t, "/file"); got != "c" {
		t.Errorf("the store has %q", got)
	}
}

// TestLaterUploadWins is that of two sessions that upload the same name, the later one wins, and
// the other one is told.
func TestLaterUploadWins(t *testing.T) {
	a, b := two(t)
	one := create(t, a, "/file")
	writeAt(t, one, "the first one's, which is longer", 0)
	other := create(t, b, "/file")
	writeAt(t, other, "the second", 0)
	_, err := one.WriteAt([]byte("more"), 40)
	wantKind(t, err, vfs.ErrChanged, "a write to what has been begun anew")
	_, err = one.Commit(t.Context())
	wantKind(t, err, vfs.ErrChanged, "Commit of what has been begun anew")
	one.Close()
	commit(t, other)
	if got := a.stored(t, "/file"); got != "the second" {
		t.Errorf("the store has %q", got)
	}
	a.seen.take()

	// The other way round: the client of the first has gone, and its session ends after the second
	// upload.
	one = create(t, a, "/file")
	writeAt(t, one, "half", 0)
	put(t, b, "/file", "the whole")
	a.Close()
	if got := a.stored(t, "/file"); got != "the whole" {
		t.Errorf("the store has %q", got)
	}
}

// TestPartsAfterCutOff is that the end of one connection of several takes nothing from the others:
// a client sends its part again.
func TestPartsAfterCutOff(t *testing.T) {
	a, b := two(t)
	put(t, a, "/file", "----")
	one, other := openWriter(t, a, "/file", change), openWriter(t, b, "/file", change)
	writeAt(t, one, "A", 0)
	a.Close()
	again := openWriter(t, b, "/file", change)
	writeAt(t, again, "AB", 0)
	writeAt(t, other, "CD", 2)
	commit(t, again)
	commit(t, other)
	if got := a.stored(t, "/file"); got != "ABCD" {
		t.Errorf("the store has %q", got)
	}
}

// TestCutOffIsNotSaved is that an upload that was cut off is not saved by a handle that has changed
// nothing, but what a handle was promised is.
func TestCutOffIsNotSaved(t *testing.T) {
	a, b := two(t)
	one := create(t, a, "/file")
	writeAt(t, one, "half", 0)
	idle := openWriter(t, b, "/file", change)
	one.Close()
	_, err := idle.Commit(t.Context())
	wantKind(t, err, vfs.ErrChanged, "Commit of a handle that has changed nothing")
	idle.Close()
	if _, err := a.Stat(t.Context(), "/file"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("half of a file has been saved: %v", err)
	}

	one = create(t, a, "/file")
	writeAt(t, one, "half", 0)
	other := openWriter(t, b, "/file", change)
	writeAt(t, other, " and half", 4)
	commit(t, other)
	one.Close() // whose client came back by the other session
	if got := a.stored(t, "/file"); got != "half and half" {
		t.Errorf("the store has %q, and Commit was answered", got)
	}
}

// TestSharedNames renames and removes, from one session, what another one is writing.
func TestSharedNames(t *testing.T) {
	t.Run("rename", func(t *testing.T) {
		a, b := two(t)
		w := create(t, a, "/file")
		writeAt(t, w, "content", 0)
		if err := b.Rename(t.Context(), "/file", "/new", vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		put(t, b, "/file", "another")
		commit(t, w)
		if one, other := a.stored(t, "/file"), a.stored(t, "/new"); one != "another" || other != "content" {
			t.Errorf("the store has %q and %q", one, other)
		}
	})
	t.Run("rename of the directory above", func(t *testing.T) {
		a, b := two(t)
		a.store.mkdirs(t, home, "/dir/sub")
		w := create(t, a, "/dir/sub/file")
		writeAt(t, w, "content", 0)
		if err := b.Rename(t.Context(), "/dir", "/moved", vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		if size(t, a.Session, "/moved/sub/file") != 7 {
			t.Error("the file has not moved along")
		}
		commit(t, w)
		if got := a.stored(t, "/moved/sub/file"); got != "content" {
			t.Errorf("the store has %q", got)
		}
	})
	t.Run("rename over it", func(t *testing.T) {
		a, b := two(t)
		put(t, b, "/other", "other")
		w := create(t, a, "/file")
		writeAt(t, w, "content", 0)
		err := b.Rename(t.Context(), "/other", "/file", vfs.RenameOptions{})
		wantKind(t, err, vfs.ErrExist, "Rename to what is being written")
		if err := b.Rename(t.Context(), "/other", "/file", vfs.RenameOptions{Replace: true}); err != nil {
			t.Fatal(err)
		}
		commit(t, w)
		if got := a.stored(t, "/file"); got != "other" {
			t.Errorf("the store has %q", got)
		}
	})
	t.Run("remove", func(t *testing.T) {
		a, b := two(t)
		w := openWriter(t, a, "/file", vfs.WriteOptions{Create: true, Truncate: true, Read: true})
		writeAt(t, w, "content", 0)
		f, err := b.Open(t.Context(), "/file", vfs.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := b.Remove(t.Context(), "/file"); err != nil {
			t.Fatal(err)
		}
		writeAt(t, w, "CON", 0)
		commit(t, w)
		var got strings.Builder
		if _, err := f.WriteTo(&got); err != nil || got.String() != "CONtent" {
			t.Errorf("a handle on a file without a name reads %q, %v", got.String(), err)
		}
		if _, err := a.store.Stat(t.Context(), home+"/file"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("what was removed is there: %v", err)
		}
	})
	t.Run("make", func(t *testing.T) {
		a, b := two(t)
		a.store.mkdirs(t, home, "/dir")
		create(t, a, "/dir/file")
		wantKind(t, b.Mkdir(t.Context(), "/dir/file"), vfs.ErrExist, "Mkdir of what is being written")
		wantKind(t, b.Symlink(t.Context(), "/x", "/dir/file"), vfs.ErrExist, "Symlink of what is being written")
		wantKind(t, b.Rmdir(t.Context(), "/dir"), vfs.ErrNotEmpty, "Rmdir of the directory of what is being written")
		_, err := b.OpenWriter(t.Context(), "/dir/file", vfs.WriteOptions{Create: true, Exclusive: true})
		wantKind(t, err, vfs.ErrExist, "OpenWriter with Exclusive of what is being written")
		wantKind(t, b.Copy(t.Context(), "/dir/file", "/copy", vfs.CopyOptions{}), vfs.ErrUnavailable, "Copy of what is being written")
	})
}

// TestWhatOthersSee is what sessions of the same login see of an upload that is under way, and
// those of other logins not.
func TestWhatOthersSee(t *testing.T) {
	a, b := two(t)
	stranger := a.colleague(t, func(cfg *session.Config) { cfg.Identity.User = "bob" })
	put(t, a, "/old", "old")
	for _, name := range []vfs.Path{"/new", "/old"} {
		w := create(t, a, name)
		writeAt(t, w, "content", 0)
	}
	appended := openWriter(t, a, "/log", vfs.WriteOptions{Create: true})
	writeAt(t, appended, "line", 0)
	for _, tt := range []struct {
		who     string
		s       *session.Session
		listed  string
		content map[vfs.Path]string // "-" is nothing there
	}{
		{"itself", a.Session, "log=4 new=7 old=7", map[vfs.Path]string{"/old": "content", "/new": "content", "/log": "line"}},
		{"another session", b, "old=3", map[vfs.Path]string{"/old": "old", "/new": "content", "/log": "line"}},
		{"another login", stranger, "old=3", map[vfs.Path]string{"/old": "old", "/new": "-", "/log": "-"}},
	} {
		if got := names(t, tt.s, "/"); got != tt.listed {
			t.Errorf("%s lists %q, want %q", tt.who, got, tt.listed)
		}
		for name, want := range tt.content {
			f, err := tt.s.Open(t.Context(), name, vfs.OpenOptions{})
			if want == "-" {
				wantKind(t, err, vfs.ErrNotExist, tt.who+" opens "+string(name))
				continue
			}
			if err != nil {
				t.Errorf("%s: %s: %v", tt.who, name, err)
				continue
			}
			var got strings.Builder
			if _, err := f.WriteTo(&got); err != nil || got.String() != want {
				t.Errorf("%s reads %q, %v of %s, want %q", tt.who, got.String(), err, name, want)
			}
			f.Close()
			if n := size(t, tt.s, name); n != int64(len(want)) {
				t.Errorf("%s sees a size of %d of %s", tt.who, n, name)
			}
		}
	}
}

// TestCommitUnderWay is that questions about a file wait for its Commit, and a listing too, though
// not for ever.
func TestCommitUnderWay(t *testing.T) {
	a, b := two(t)
	put(t, a, "/file", "old")
	w := create(t, a, "/file")
	writeAt(t, w, "content", 0)
	begun, goOn := make(chan struct{}), make(chan struct{})
	a.store.before = func(_ context.Context, call string, _ vfs.Path) error {
		if call == "Commit" {
			close(begun)
			<-goOn
		}
		return nil
	}
	go func() { w.Commit(context.Background()); w.Close() }()
	<-begun
	answers := make(chan string, 3)
	go func() { answers <- names(t, b, "/") }()
	go func() {
		info, err := b.Stat(t.Context(), "/file")
		if err != nil || info.Size != 7 {
			t.Errorf("Stat = %+v, %v", info, err)
		}
		answers <- "stat"
	}()
	go func() {
		f, err := b.Open(t.Context(), "/file", vfs.OpenOptions{})
		if err != nil {
			t.Error(err)
		} else {
			defer f.Close()
			var got strings.Builder
			if _, err := f.WriteTo(&got); err != nil || got.String() != "content" {
				t.Errorf("read %q, %v", got.String(), err)
			}
		}
		answers <- "open"
	}()
	select {
	case early := <-answers:
		t.Errorf("%s was answered before the Commit", early)
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	for range 3 {
		if got := <-answers; strings.Contains(got, "=") && got != "file=7" {
			t.Errorf("the listing is %q", got)
		}
	}
}

// TestAppendTogether lets two sessions append to one file at once: no line is lost.
func TestAppendTogether(t *testing.T) {
	a, b := two(t)
	put(t, a, "/log", "")
	one, other := openWriter(t, a, "/log", change), openWriter(t, b, "/log", change)
	done := make(chan error, 2)
	for _, w := range []struct {
		s *session.Session
		w vfs.Writer
	}{{a.Session, one}, {b, other}} {
		go func() {
			for range 100 {
				if _, err := w.s.Append(w.w, []byte("line\n")); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	commit(t, one)
	commit(t, other)
	if got := a.stored(t, "/log"); got != strings.Repeat("line\n", 200) {
		t.Errorf("the store has %d bytes", len(got))
	}
}

// names lists a directory, with sizes.
func names(t *testing.T, s *session.Session, dir vfs.Path) string {
	t.Helper()
	l, err := s.List(t.Context(), dir)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer l.Close()
	var all []string
	for {
		page, err := l.Next(t.Context())
		if err == io.EOF {
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Error(err)
			return ""
		}
		for _, info := range page {
			all = append(all, fmt.Sprintf("%s=%d", info.Name, info.Size))
		}
	}
}
