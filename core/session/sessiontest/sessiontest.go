// Package sessiontest is a test suite for several sessions of one login that work on the files of
// one directory at the same time. It tests package session over any store. The tests of
// core/session run it over package memfs, and a backend whose directories and uploads differ from
// those of memfs should run it too, as backends/swift does.
package sessiontest

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// TestDirectory does random things to the files of a directory, by several handles of several
// sessions, and compares what each of them sees with a simple model of a POSIX directory, and what
// is stored with it too. dir is there already, and empty. The flags -rapid.checks and -rapid.steps
// say how many things, for stores that take their time.
func TestDirectory(t *testing.T, fsys vfs.FS, dir vfs.Path) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		home := dir.Join(fmt.Sprint("run-", runs))
		if err := fsys.Mkdir(t.Context(), home); err != nil {
			rt.Fatal(err)
		}
		m := &model{T: rt, fs: fsys, home: home, open: map[string]*node{}, stored: map[string]string{}}
		open := new(session.OpenFiles)
		for i := range 3 {
			s, err := session.New(t.Context(), session.Config{
				ID: fmt.Sprint("s", i), Identity: auth.Identity{User: "alice", Home: string(home)}, FS: fsys, OpenFiles: open, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				rt.Fatal(err)
			}
			defer s.Close()
			m.sessions = append(m.sessions, s)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"openFile": m.openFile, "write": m.write, "truncate": m.truncate, "closeHandle": m.closeHandle, "giveUp": m.giveUp, "rename": m.rename, "remove": m.remove,
			"":     m.look,
			"look": func(*rapid.T) {},
		})
		for len(m.handles) > 0 {
			m.end(rt, 0, true)
		}
		m.look(rt)
		m.compareStore(rt)
	})
}

// model is a directory as it should be.
type model struct {
	*rapid.T
	fs       vfs.FS
	home     vfs.Path
	sessions []*session.Session
	handles  []*handle
	open     map[string]*node  // the files that are open for writing and have a name
	stored   map[string]string // the content of all that is published
}

// node is a file that is open for writing.
type node struct {
	name     string // empty: removed, or replaced
	data     string
	anew     bool // begun empty
	modified bool
	knows    map[int]bool // sessions that have had a handle
	handles  int
	promised bool // a handle has been closed in good order
	torn     bool // one was given up that had changed it
	replaced bool // another session has begun it anew
}

type handle struct {
	w       vfs.Writer
	session int
	node    *node
	changed bool
}

var fileNames = []string{"a", "b", "c"}

func (m *model) pick(t *rapid.T) (int, *session.Session) {
	i := rapid.IntRange(0, len(m.sessions)-1).Draw(t, "session")
	return i, m.sessions[i]
}

func drawName(t *rapid.T, label string) string { return rapid.SampledFrom(fileNames).Draw(t, label) }

// is checks the kind of an error; nil is none.
func is(t *rapid.T, err, want error, what string) {
	t.Helper()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
}

func (m *model) openFile(t *rapid.T) {
	i, s := m.pick(t)
	name := drawName(t, "name")
	opts := vfs.WriteOptions{Read: true, Create: rapid.Bool().Draw(t, "create"), Truncate: rapid.Bool().Draw(t, "truncate")}
	opts.Exclusive = opts.Create && rapid.IntRange(0, 3).Draw(t, "exclusive") == 0
	w, err := s.OpenWriter(t.Context(), vfs.Root.Join(name), opts)
	n := m.open[name]
	content, there := m.stored[name]
	switch {
	case opts.Exclusive && (n != nil || there):
		is(t, err, vfs.ErrExist, "OpenWriter with Exclusive")
		return
	case n == nil && !there && !opts.Create:
		is(t, err, vfs.ErrNotExist, "OpenWriter of nothing")
		return
	}
	is(t, err, nil, "OpenWriter")
	switch {
	case n != nil && opts.Truncate && !n.knows[i]:
		n.replaced, n.name = true, ""
		delete(m.open, name)
		n = nil
	case n != nil && opts.Truncate:
		n.data, n.modified = "", true
	}
	if n == nil {
		n = &node{name: name, data: content, anew: opts.Truncate, modified: opts.Truncate, knows: map[int]bool{}}
		if opts.Truncate {
			n.data = ""
		}
		m.open[name] = n
	}
	n.knows[i] = true
	n.handles++
	m.handles = append(m.handles, &handle{w: w, session: i, node: n, changed: opts.Truncate})
}

func (m *model) drawHandle(t *rapid.T) int {
	if len(m.handles) == 0 {
		t.Skip("nothing is open")
	}
	return rapid.IntRange(0, len(m.handles)-1).Draw(t, "handle")
}

func (m *model) write(t *rapid.T) {
	h := m.handles[m.drawHandle(t)]
	data := rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "data")
	off := rapid.IntRange(0, 20).Draw(t, "offset")
	_, err := h.w.WriteAt([]byte(data), int64(off))
	if h.node.replaced {
		is(t, err, vfs.ErrChanged, "WriteAt to a file that another session has begun anew")
		return
	}
	is(t, err, nil, "WriteAt")
	n := h.node
	n.data += strings.Repeat("\x00", max(0, off+len(data)-len(n.data)))
	n.data = n.data[:off] + data + n.data[off+len(data):]
	n.modified, h.changed = true, true
}

func (m *model) truncate(t *rapid.T) {
	h := m.handles[m.drawHandle(t)]
	size := rapid.IntRange(0, 20).Draw(t, "size")
	err := h.w.Truncate(int64(size))
	if h.node.replaced {
		is(t, err, vfs.ErrChanged, "Truncate of a file that another session has begun anew")
		return
	}
	is(t, err, nil, "Truncate")
	n := h.node
	n.data = (n.data + strings.Repeat("\x00", max(0, size-len(n.data))))[:size]
	n.modified, h.changed = true, true
}

func (m *model) closeHandle(t *rapid.T) { m.end(t, m.drawHandle(t), true) }

func (m *model) giveUp(t *rapid.T) { m.end(t, m.drawHandle(t), false) }

// end closes a handle, in good order or not.
func (m *model) end(t *rapid.T, i int, commit bool) {
	h := m.handles[i]
	m.handles = slices.Delete(m.handles, i, i+1)
	n := h.node
	good := commit && !n.replaced
	if good && !h.changed && n.torn && !n.promised {
		good = false
	}
	if commit {
		_, err := h.w.Commit(t.Context())
		if good {
			is(t, err, nil, "Commit")
		} else {
			is(t, err, vfs.ErrChanged, "Commit of a file that is not whole, or was begun anew")
		}
	}
	if err := h.w.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	n.promised = n.promised || good
	if !commit && h.changed {
		n.torn = true
	}
	if n.handles--; n.handles > 0 {
		return
	}
	if n.name == "" {
		return
	}
	delete(m.open, n.name)
	if n.promised {
		m.stored[n.name] = n.data
	}
}

func (m *model) rename(t *rapid.T) {
	_, s := m.pick(t)
	from, to := drawName(t, "from"), drawName(t, "to")
	opts := vfs.RenameOptions{Replace: rapid.Bool().Draw(t, "replace")}
	err := s.Rename(t.Context(), vfs.Root.Join(from), vfs.Root.Join(to), opts)
	moved, over := m.open[from], m.open[to]
	content, there := m.stored[from]
	_, taken := m.stored[to]
	switch {
	case moved == nil && !there:
		is(t, err, vfs.ErrNotExist, "Rename of nothing")
		return
	case from != to && (over != nil || taken) && !opts.Replace:
		is(t, err, vfs.ErrExist, "Rename to what is there")
		return
	}
	is(t, err, nil, "Rename")
	if from == to {
		return
	}
	if over != nil {
		over.name = ""
		delete(m.open, to)
	}
	if moved != nil {
		delete(m.open, from)
		moved.name = to
		m.open[to] = moved
	}
	if there { // else the file that is replaced stays until the new one is published
		delete(m.stored, from)
		m.stored[to] = content
	}
}

func (m *model) remove(t *rapid.T) {
	_, s := m.pick(t)
	name := drawName(t, "name")
	err := s.Remove(t.Context(), vfs.Root.Join(name))
	n := m.open[name]
	if _, there := m.stored[name]; n == nil && !there {
		is(t, err, vfs.ErrNotExist, "Remove of nothing")
		return
	}
	is(t, err, nil, "Remove")
	if n != nil {
		n.name = ""
		delete(m.open, name)
	}
	delete(m.stored, name)
}

// seen returns what a session sees under a name when it opens it, and whether there is anything.
func (m *model) seen(i int, name string) (string, bool) {
	n := m.open[name]
	content, there := m.stored[name]
	switch {
	case n != nil && (!n.anew || n.knows[i] || !there):
		return n.data, true
	default:
		return content, there
	}
}

// look compares what the sessions see.
func (m *model) look(t *rapid.T) {
	for i, s := range m.sessions {
		listed := map[string]int64{}
		for _, info := range list(t, s, vfs.Root) {
			listed[info.Name] = info.Size
		}
		for _, name := range fileNames {
			p := vfs.Root.Join(name)
			want, there := m.seen(i, name)
			info, err := s.Stat(t.Context(), p)
			f, openErr := s.Open(t.Context(), p, vfs.OpenOptions{})
			if !there {
				is(t, err, vfs.ErrNotExist, "Stat")
				is(t, openErr, vfs.ErrNotExist, "Open")
			} else {
				is(t, err, nil, "Stat")
				is(t, openErr, nil, "Open")
				if info.Size != int64(len(want)) || info.Partial {
					t.Fatalf("session %d: Stat(%q) = %+v, want the size %d", i, name, info, len(want))
				}
				var got strings.Builder
				if _, err := f.WriteTo(&got); err != nil || got.String() != want {
					t.Fatalf("session %d reads %q, %v of %q, want %q", i, got.String(), err, name, want)
				}
				if err := f.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
			}
			_, published := m.stored[name]
			n := m.open[name]
			size, isListed := listed[name]
			switch {
			case isListed != (published || n != nil && n.knows[i]):
				t.Fatalf("session %d lists %q: %v", i, name, isListed)
			case isListed && size != int64(len(want)):
				t.Fatalf("session %d lists %q with %d bytes, want %d", i, name, size, len(want))
			}
		}
	}
	for _, h := range m.handles {
		if h.node.replaced {
			continue
		}
		r, err := vfs.ReadWriterAt(h.w)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, 1000))
		if h.node.name == "" && !h.node.anew && errors.Is(err, vfs.ErrChanged) {
			continue // a store may have deleted what the file began with, and then must say so
		}
		if err != nil || string(got) != h.node.data || h.w.Size() != int64(len(h.node.data)) {
			t.Fatalf("a handle of session %d reads %q, %v, want %q", h.session, got, err, h.node.data)
		}
	}
}

// compareStore compares what is stored, past all sessions.
func (m *model) compareStore(t *rapid.T) {
	got := map[string]string{}
	for _, info := range list(t, m.fs, m.home) {
		f, err := m.fs.Open(t.Context(), m.home.Join(info.Name), vfs.OpenOptions{})
		if err != nil {
			t.Fatalf("Open of %q in the store: %v", info.Name, err)
		}
		var content strings.Builder
		if _, err := f.WriteTo(&content); err != nil {
			t.Fatal(err)
		}
		f.Close()
		got[info.Name] = content.String()
	}
	if !maps.Equal(got, m.stored) {
		t.Fatalf("the store has %q, want %q", got, m.stored)
	}
}

func list(t *rapid.T, fsys vfs.FS, dir vfs.Path) []vfs.Info {
	l, err := fsys.List(t.Context(), dir)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	defer l.Close()
	var all []vfs.Info
	for {
		page, err := l.Next(t.Context())
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		all = append(all, page...)
	}
}
