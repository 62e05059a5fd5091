package session_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filegate/core/session"
	"filegate/core/vfs"
)

// copier is a store that copies files by itself, and counts that.
type copier struct {
	*store
	copies int
	opts   vfs.CopyOptions // of the last one
	fail   error
}

func (c *copier) Copy(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	c.copies, c.opts = c.copies+1, opts
	if c.fail != nil {
		return c.fail
	}
	return vfs.Copy(ctx, c.FS, oldname, newname, opts) // memfs copies by reading and writing
}

// beginCopier is begin with a store that copies.
func beginCopier(t *testing.T, change func(*session.Config)) (*world, *copier) {
	t.Helper()
	c := &copier{}
	w := begin(t, func(cfg *session.Config) {
		c.store = cfg.FS.(*store)
		cfg.FS = c
		if change != nil {
			change(cfg)
		}
	})
	put(t, w.store, home+"/file", "the content")
	return w, c
}

func open(t *testing.T, fsys vfs.FS, name vfs.Path) vfs.File {
	t.Helper()
	f, err := fsys.Open(t.Context(), name, vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

var whole = session.Range{Len: -1}

// TestCopyWhole is that the store makes a copy of a whole file into a new one, and that the end of
// the writer, which had nothing, leaves it as it is.
func TestCopyWhole(t *testing.T) {
	at := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, tt := range []struct {
		name string
		opts vfs.WriteOptions
		part session.Range
		then func(t *testing.T, w vfs.Writer) // before Commit
		want string
	}{
		{name: "to the end", opts: vfs.WriteOptions{Create: true, Truncate: true}, part: whole, want: "the content"},
		{name: "its size", opts: vfs.WriteOptions{Create: true, Exclusive: true}, part: session.Range{Len: 11}, want: "the content"},
		{name: "more than its size", opts: vfs.WriteOptions{Create: true, Truncate: true}, part: session.Range{Len: 100}, want: "the content"},
		{name: "written on", opts: vfs.WriteOptions{Create: true, Truncate: true, Read: true}, part: whole, want: "the CONTENT, and more", then: func(t *testing.T, w vfs.Writer) {
			writeAt(t, w, "CONTENT, and more", 4)
			r, err := vfs.ReadWriterAt(w)
			if err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 7)
			if _, err := r.ReadAt(b, 0); err != nil || string(b) != "the CON" {
				t.Errorf("the handle reads %q, %v", b, err)
			}
		}},
		{name: "made shorter", opts: vfs.WriteOptions{Create: true, Truncate: true}, part: whole, want: "the", then: func(t *testing.T, w vfs.Writer) {
			if err := w.Truncate(3); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := beginCopier(t, nil)
			if tt.opts.Truncate {
				put(t, s.store, home+"/copy", "what is replaced")
			}
			f := open(t, s, "/file")
			w, err := s.OpenWriter(t.Context(), "/copy", tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := w.SetAttrs(vfs.Attrs{ModTime: &at}); err != nil {
				t.Fatal(err)
			}
			n, err := s.CopyRange(t.Context(), f, tt.part, w, 0)
			if err != nil || n != 11 {
				t.Fatalf("CopyRange: %d, %v; want the 11 bytes of the file", n, err)
			}
			if c.copies != 1 || s.store.count("ReadAt")+s.store.count("WriteAt") > 0 {
				t.Errorf("%d copies by the store, and %d calls that move bytes; want 1 and 0", c.copies, s.store.count("ReadAt")+s.store.count("WriteAt"))
			}
			if c.opts.IfVersion != f.Info().Version || c.opts.Replace == tt.opts.Exclusive {
				t.Errorf("the store was asked with %+v", c.opts)
			}
			if got := content(t, s.store, home+"/copy"); got != "the content" {
				t.Errorf("after the answer the copy is %q", got)
			}
			if tt.then != nil {
				tt.then(t, w)
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := content(t, s.store, home+"/copy"); got != tt.want {
				t.Errorf("after Commit the copy is %q, want %q", got, tt.want)
			}
			if info, err := s.Stat(t.Context(), "/copy"); err != nil || !info.ModTime.Equal(at) {
				t.Errorf("the time that was set before the copy is lost: %v, %v", info.ModTime, err)
			}
		})
	}
}

// TestCopyRange is that parts go through the session, with its limits.
func TestCopyRange(t *testing.T) {
	for _, tt := range []struct {
		name    string
		part    session.Range
		before  string // in the writer
		at      int64
		n       int64
		want    string
		sources func(t *testing.T, s *world) io.ReaderAt
	}{
		{name: "a part", part: session.Range{Off: 4, Len: 4}, n: 4, want: "cont"},
		{name: "to the end", part: session.Range{Off: 4, Len: -1}, n: 7, want: "content"},
		{name: "less than asked for", part: session.Range{Off: 4, Len: 100}, n: 7, want: "content"},
		{name: "nothing", part: session.Range{Off: 4}, n: 0, want: ""},
		{name: "behind the end", part: session.Range{Off: 400, Len: 1}, n: 0, want: ""},
		{name: "to a place", part: whole, at: 3, n: 11, want: "\x00\x00\x00the content"},
		{name: "over a content", part: whole, before: "The Content, longer", n: 11, want: "the content, longer"},
		{name: "from what is being written", part: whole, n: 5, want: "draft", sources: func(t *testing.T, s *world) io.ReaderAt {
			w, err := s.OpenWriter(t.Context(), "/draft", vfs.WriteOptions{Create: true, Read: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.Close() })
			writeAt(t, w, "draft", 0)
			r, err := vfs.ReadWriterAt(w)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := beginCopier(t, nil)
			w := create(t, s, "/copy")
			defer w.Close()
			if tt.before != "" {
				writeAt(t, w, tt.before, 0)
			}
			var from io.ReaderAt
			if tt.sources != nil {
				from = tt.sources(t, s)
			} else {
				from = open(t, s, "/file")
			}
			if n, err := s.CopyRange(t.Context(), from, tt.part, w, tt.at); err != nil || n != tt.n {
				t.Fatalf("CopyRange: %d, %v; want %d", n, err, tt.n)
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := content(t, s.store, home+"/copy"); got != tt.want {
				t.Errorf("the copy is %q, want %q", got, tt.want)
			}
			if c.copies > 0 {
				t.Error("the store was asked for a copy of the whole")
			}
		})
	}
}

// TestCopyUnsupported is that a file that the store cannot copy is read and written.
func TestCopyUnsupported(t *testing.T) {
	s, c := beginCopier(t, nil)
	f, w := open(t, s, "/file"), create(t, s, "/copy")
	defer w.Close()
	c.fail = vfs.Errorf(vfs.ErrUnsupported, "not this one")
	if n, err := s.CopyRange(t.Context(), f, whole, w, 0); err != nil || n != 11 {
		t.Fatalf("CopyRange: %d, %v; want the 11 bytes of the file", n, err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.store, home+"/copy"); got != "the content" || c.copies != 1 {
		t.Errorf("the copy is %q, after %d tries of the store", got, c.copies)
	}
}

// TestCopyRefused is that a copy that fails leaves what was there before: the writer that was to
// get it does not commit.
func TestCopyRefused(t *testing.T) {
	faulty := errors.New("a fault")
	for _, tt := range []struct {
		name   string
		change func(*session.Config)
		target vfs.Path
		part   session.Range
		set    func(c *copier)
		want   error
	}{
		{name: "onto itself", target: "/file", part: whole, want: vfs.ErrInvalid},
		{name: "the store fails", target: "/copy", part: whole, set: func(c *copier) { c.fail = faulty }, want: faulty},
		{name: "a read fails", target: "/copy", part: session.Range{Off: 1, Len: 3}, want: faulty, set: func(c *copier) {
			c.before = func(_ context.Context, call string, _ vfs.Path) error {
				if call == "ReadAt" {
					return faulty
				}
				return nil
			}
		}},
		{name: "all that the login may move has been moved", target: "/copy", part: session.Range{Off: 1, Len: 8}, want: vfs.ErrQuota, change: func(cfg *session.Config) {
			cfg.Identity.Limits.SessionBytes = 9 // the part is read and written
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := beginCopier(t, tt.change)
			put(t, s.store, home+"/copy", "old")
			before := content(t, s.store, home+tt.target)
			f, w := open(t, s, "/file"), create(t, s, tt.target)
			defer w.Close()
			if tt.set != nil {
				tt.set(c)
			}
			if _, err := s.CopyRange(t.Context(), f, tt.part, w, 0); !errors.Is(err, tt.want) {
				t.Errorf("CopyRange: %v, want %v", err, tt.want)
			}
			if _, err := w.Commit(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("Commit: %v, want the copy's failure, %v", err, tt.want)
			}
			c.before = nil
			if got := content(t, s.store, home+tt.target); got != before {
				t.Errorf("there is %q now, before %q", got, before)
			}
		})
	}
}

// TestCopyEvents is what is told of a copy between handles, and which handles there can be none
// between.
func TestCopyEvents(t *testing.T) {
	s, _ := beginCopier(t, nil)
	f, w := open(t, s, "/file"), create(t, s, "/copy")
	if _, err := s.CopyRange(t.Context(), f, whole, w, 0); err != nil {
		t.Fatal(err)
	}
	event := s.seen.last(t)
	if event.Op != session.OpCopy || event.Path != "/file" || event.Target != "/copy" || event.Err != nil {
		t.Errorf("the event is %+v, want a copy", event)
	}
	if _, err := s.CopyRange(t.Context(), strings.NewReader("x"), whole, foreign{w}, 0); !errors.Is(err, vfs.ErrInvalid) {
		t.Errorf("CopyRange into a writer that is not the session's: %v", err)
	}
	r, err := s.OpenWriter(t.Context(), "/both", vfs.WriteOptions{Create: true, Read: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	from, err := vfs.ReadWriterAt(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CopyRange(t.Context(), from, whole, r, 0); !errors.Is(err, vfs.ErrInvalid) {
		t.Errorf("CopyRange of a writer into itself: %v", err)
	}
	w.Close()
	if event := s.seen.last(t); event.Op != session.OpUpload || !errors.Is(event.Err, session.ErrAbandoned) {
		t.Errorf("the event is %+v, want an upload that was not committed", event)
	}
	if got := content(t, s.store, home+"/copy"); got != "the content" {
		t.Errorf("the copy is %q after Close", got)
	}
}

type foreign struct{ vfs.Writer }
