package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

// testModel does random things to a file, and compares it with what they do to a plain slice.
// The flags -rapid.checks and -rapid.steps say how many, for stores that take their time.
func testModel(e *env) {
	files := 0
	rapid.Check(e.t, func(t *rapid.T) {
		files++
		m := &model{
			env:  &env{tb: t, t: e.t, fs: e.fs, limits: e.limits, dir: e.dir},
			name: e.path(fmt.Sprint("file-", files)),
		}
		defer m.finish()
		actions := map[string]func(*rapid.T){
			"open":   m.open,
			"stream": m.stream,
			"commit": m.commit,
			"read":   m.read,
		}
		if !e.limits.Sequential {
			actions["write"] = m.write
		}
		if !e.limits.NoTruncate {
			actions["truncate"] = m.truncate
		}
		if !e.limits.NoAbort {
			actions["abort"] = m.abort
		}
		t.Repeat(actions)
	})
}

// model is one file as it should be.
type model struct {
	*env
	name    vfs.Path
	exists  bool
	aborted bool   // a store may go on with what it has received of it, see vfs.Info.Partial
	content []byte // as committed

	w        vfs.Writer // nil while none is open
	pending  []byte     // what w will commit
	next     int        // where the next stream goes
	streamed bool
}

const maxModelSize = 200_000

func (m *model) open(t *rapid.T) {
	if m.w != nil {
		t.Skip("a writer is open")
	}
	// Create is left out only where it is not needed: without, a missing file is an error, which is
	// another test's.
	opts := vfs.WriteOptions{Create: !m.exists || rapid.Bool().Draw(t, "create")}
	opts.Truncate = m.exists && m.limits.NoInPlace || !m.exists && m.aborted || rapid.Bool().Draw(t, "truncate")
	m.pending = nil
	if !opts.Truncate {
		m.pending = slices.Clone(m.content)
	}
	m.next, m.streamed = 0, false
	switch place := rapid.SampledFrom([]string{"start", "end", "offset"}).Draw(t, "place"); {
	case place == "end" && !m.limits.NoAppend:
		opts.Offset, m.next = vfs.AtEnd, len(m.pending)
	case place == "offset" && !m.limits.NoOffset:
		m.next = rapid.IntRange(0, len(m.pending)).Draw(t, "offset")
		opts.Offset = int64(m.next)
	}
	if m.limits.Sequential && opts.Offset == 0 && !opts.Truncate {
		opts.Truncate, m.pending = true, nil
	}
	m.w = m.create(m.name, opts)
	m.size()
}

func (m *model) stream(t *rapid.T) {
	if m.w == nil || m.streamed && m.limits.Sequential {
		t.Skip("no writer takes a stream")
	}
	b := m.draw(t)
	m.env.stream(m.w, b)
	m.put(b, m.next)
	m.next += len(b)
	m.streamed = true
	m.size()
}

func (m *model) write(t *rapid.T) {
	if m.w == nil {
		t.Skip("no writer is open")
	}
	b := m.draw(t)
	off := rapid.IntRange(0, maxModelSize).Draw(t, "at")
	m.writeAt(m.w, b, int64(off))
	m.put(b, off)
	m.size()
}

func (m *model) truncate(t *rapid.T) {
	if m.w == nil {
		t.Skip("no writer is open")
	}
	size := rapid.IntRange(0, maxModelSize).Draw(t, "size")
	m.env.truncate(m.w, int64(size))
	m.pending = resized(m.pending, int64(size))
	m.size()
}

func (m *model) commit(t *rapid.T) {
	if m.w == nil {
		t.Skip("no writer is open")
	}
	info := m.env.commit(m.w)
	m.w, m.exists, m.content = nil, true, m.pending
	if info.Size != int64(len(m.content)) {
		m.Errorf("Commit says the size is %d, want %d", info.Size, len(m.content))
	}
	m.read(t)
}

func (m *model) abort(t *rapid.T) {
	if m.w == nil {
		t.Skip("no writer is open")
	}
	if err := m.w.Close(); err != nil {
		m.Errorf("Close: %v", err)
	}
	m.w, m.aborted = nil, true
	m.read(t)
}

// read checks the content as it is stored, whole and in part, whether a writer is open or not.
func (m *model) read(t *rapid.T) {
	if !m.exists {
		m.hasNot(m.name, "nothing has been committed")
		return
	}
	m.has(m.name, m.content, "what was committed last is what is there")
	m.digests(m.name, m.content)
	from := rapid.IntRange(0, len(m.content)).Draw(t, "from")
	if !m.limits.NoReadAt {
		to := rapid.IntRange(from, len(m.content)).Draw(t, "to")
		f := m.env.open(m.name, vfs.OpenOptions{})
		defer f.Close()
		p := make([]byte, to-from)
		if n, err := f.ReadAt(p, int64(from)); n != len(p) || err != nil && !errors.Is(err, io.EOF) {
			m.Errorf("ReadAt of %d bytes at %d = %d, %v", len(p), from, n, err)
		}
		m.same(p, m.content[from:to], "ReadAt reads from its offset")
	}
	if !m.limits.NoOffset {
		f := m.env.open(m.name, vfs.OpenOptions{Offset: int64(from)})
		defer f.Close()
		var b bytes.Buffer
		if _, err := f.WriteTo(&b); err != nil {
			m.Errorf("WriteTo: %v", err)
		}
		m.same(b.Bytes(), m.content[from:], "WriteTo begins at the offset")
	}
}

func (m *model) finish() {
	if m.w != nil {
		m.w.Close()
	}
}

// put is WriteAt on the slice.
func (m *model) put(b []byte, off int) {
	if len(b) == 0 {
		return
	}
	m.pending = resized(m.pending, int64(max(len(m.pending), off+len(b))))
	copy(m.pending[off:], b)
}

func (m *model) size() {
	if m.w.Size() != int64(len(m.pending)) {
		m.Errorf("Size = %d, want %d", m.w.Size(), len(m.pending))
	}
}

func (m *model) draw(t *rapid.T) []byte {
	size := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, maxModelSize/4)).Draw(t, "bytes")
	return data(rapid.Uint64Range(0, 255).Draw(t, "of"), size)
}
