package vfstest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"filegate/core/vfs"
)

// env is what a subtest has: the store, its limits, and a directory of its own.
type env struct {
	tb
	t      *testing.T
	fs     vfs.FS
	limits Limits
	dir    vfs.Path
}

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	FailNow()
	Skip(args ...any)
	Cleanup(f func())
	Context() context.Context
}

func newEnv(t *testing.T, fsys vfs.FS, limits Limits) *env {
	t.Helper()
	e := &env{tb: t, t: t, fs: fsys, limits: limits}
	e.dir = cmp.Or(limits.Root, vfs.Root).Join("vfstest-" + rand.Text()[:10])
	e.mkdir(e.dir)
	return e
}

// run runs one subtest in a new directory.
func (e *env) run(name string, test func(e *env)) {
	e.t.Run(name, func(t *testing.T) { test(newEnv(t, e.fs, e.limits)) })
}

// unless skips the subtest when one of the limits holds.
func (e *env) unless(limits ...bool) {
	e.Helper()
	for _, limit := range limits {
		if limit {
			e.Skip("beyond the declared limits")
		}
	}
}

// path is a name in the subtest's directory.
func (e *env) path(elems ...string) vfs.Path {
	p := e.dir
	for _, elem := range elems {
		p = p.Join(elem)
	}
	return p
}

func (e *env) mkdir(name vfs.Path) {
	e.Helper()
	if err := e.fs.Mkdir(e.Context(), name); err != nil {
		e.Fatalf("Mkdir(%q): %v", name, err)
	}
}

var replace = vfs.WriteOptions{Create: true, Truncate: true}

func (e *env) create(name vfs.Path, opts vfs.WriteOptions) vfs.Writer {
	e.Helper()
	return e.createIn(e.Context(), name, opts)
}

func (e *env) createIn(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) vfs.Writer {
	e.Helper()
	w, err := e.fs.OpenWriter(ctx, name, opts)
	if err != nil {
		e.Fatalf("OpenWriter(%q, %+v): %v", name, opts, err)
	}
	e.Cleanup(func() { w.Close() })
	return w
}

// stream writes data with ReadFrom.
func (e *env) stream(w vfs.Writer, data []byte) {
	e.Helper()
	n, err := w.ReadFrom(onlyReader{bytes.NewReader(data)})
	if err != nil || n != int64(len(data)) {
		e.Fatalf("ReadFrom with %d bytes = %d, %v; it must take everything that the reader has", len(data), n, err)
	}
}

func (e *env) writeAt(w vfs.Writer, data []byte, off int64) {
	e.Helper()
	if n, err := w.WriteAt(data, off); err != nil || n != len(data) {
		e.Fatalf("WriteAt of %d bytes at %d = %d, %v", len(data), off, n, err)
	}
}

func (e *env) commit(w vfs.Writer) vfs.Info {
	e.Helper()
	info, err := w.Commit(e.Context())
	if err != nil {
		e.Fatalf("Commit: %v", err)
	}
	if err := w.Close(); err != nil {
		e.Fatalf("Close after Commit: %v", err)
	}
	return info
}

// put makes the file name.
func (e *env) put(name vfs.Path, data []byte) vfs.Info {
	e.Helper()
	w := e.create(name, replace)
	e.stream(w, data)
	return e.commit(w)
}

func (e *env) open(name vfs.Path, opts vfs.OpenOptions) vfs.File {
	e.Helper()
	f, err := e.fs.Open(e.Context(), name, opts)
	if err != nil {
		e.Fatalf("Open(%q, %+v): %v", name, opts, err)
	}
	e.Cleanup(func() { f.Close() })
	return f
}

// expect is the content of the file name. It spares the race detector the work of a buffer that
// grows, if the expected size is right.
func (e *env) expect(name vfs.Path, size int) []byte {
	e.Helper()
	f := e.open(name, vfs.OpenOptions{})
	defer f.Close()
	b := bytes.NewBuffer(make([]byte, 0, size))
	n, err := f.WriteTo(onlyWriter{b})
	if err != nil {
		e.Fatalf("WriteTo from %q: %v", name, err)
	}
	if n != int64(b.Len()) {
		e.Errorf("WriteTo from %q = %d, but wrote %d bytes", name, n, b.Len())
	}
	return b.Bytes()
}

func (e *env) stat(name vfs.Path) vfs.Info {
	e.Helper()
	info, err := e.fs.Stat(e.Context(), name)
	if err != nil {
		e.Fatalf("Stat(%q): %v", name, err)
	}
	return info
}

// has checks that the file name has the content, as Stat tells and as it reads.
func (e *env) has(name vfs.Path, want []byte, rule string) {
	e.Helper()
	if info := e.stat(name); info.Size != int64(len(want)) || !info.Mode.IsRegular() {
		e.Errorf("Stat(%q) is size %d, mode %v; want a file of %d bytes: %s", name, info.Size, info.Mode, len(want), rule)
	}
	e.same(e.expect(name, len(want)), want, rule)
}

// hasNot checks that there is nothing of that name, or no more than a cut-off upload.
func (e *env) hasNot(name vfs.Path, rule string) {
	e.Helper()
	info, err := e.fs.Stat(e.Context(), name)
	if err == nil && info.Partial {
		return
	}
	e.is(err, vfs.ErrNotExist, "Stat("+name.String()+"): "+rule)
}

// hasDir checks that name is a directory.
func (e *env) hasDir(name vfs.Path, rule string) {
	e.Helper()
	if info := e.stat(name); !info.IsDir() {
		e.Errorf("Stat(%q) is mode %v, want a directory: %s", name, info.Mode, rule)
	}
}

// List returns the entries of a directory.
func List(t testing.TB, fsys vfs.FS, dir vfs.Path) []vfs.Info {
	t.Helper()
	l, err := fsys.List(t.Context(), dir)
	if err != nil {
		t.Fatalf("List(%q): %v", dir, err)
	}
	defer l.Close()
	var all []vfs.Info
	for {
		page, err := l.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("Next of the listing of %q: %v", dir, err)
		}
		if len(page) == 0 {
			t.Fatalf("a page of the listing of %q is empty: a page has at least one entry", dir)
		}
		all = append(all, page...)
	}
}

// list returns the entries of the directory by name.
func (e *env) list(name vfs.Path) map[string]vfs.Info {
	e.Helper()
	all := make(map[string]vfs.Info)
	for _, info := range List(e.t, e.fs, name) {
		if _, ok := all[info.Name]; ok {
			e.Errorf("the listing of %q has %q twice: each entry comes once", name, info.Name)
		}
		all[info.Name] = info
	}
	return all
}

// same compares contents.
func (e *env) same(got, want []byte, rule string) {
	e.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	e.Errorf("the content (%d bytes) is not the one wanted (%d bytes), from byte %d on: %s", len(got), len(want), at, rule)
}

// is checks that err is one of the kind, as it arrives.
func (e *env) is(err, kind error, rule string) {
	e.Helper()
	e.isOne(err, []error{kind}, rule)
}

// isOne checks that err is one of the kinds, as they arrive.
func (e *env) isOne(err error, kinds []error, rule string) {
	e.Helper()
	if err != nil {
		for _, kind := range kinds {
			if e.limits.Kind != nil {
				kind = e.limits.Kind(kind)
			}
			if kind == nil || errors.Is(err, kind) && (e.limits.Kind != nil || vfs.Kind(err) == vfs.Kind(kind)) {
				return
			}
		}
	}
	e.Errorf("the error is %v (%T), want %q: %s", err, err, kinds, rule)
}

// sameTime compares times in the subject's step.
func (e *env) sameTime(a, b time.Time) bool {
	step := max(e.limits.TimeStep, 1)
	return a.Truncate(step).Equal(b.Truncate(step))
}

// promptly fails the test if f does not return soon.
func (e *env) promptly(rule string, f func() error) error {
	e.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		e.Fatal("the call does not end: " + rule)
		return nil
	}
}

// data returns n bytes that look like no other data of another seed.
func data(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	_, _ = mathrand.NewChaCha8(key).Read(b) // never fails, by its documentation
	return b
}

// onlyReader and onlyWriter hide that their values can do more, and hand over odd amounts.
type onlyReader struct{ r io.Reader }

func (o onlyReader) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 12347)]) }

type onlyWriter struct{ w io.Writer }

func (o onlyWriter) Write(p []byte) (int, error) { return o.w.Write(p) }

// writerFunc is a sink.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// readerFunc is a source.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
