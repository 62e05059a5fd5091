package session_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// store is a memfs that tells of each call before it is made, and fails the test where a caller
// breaks the contract's rules about what may meet what. The calls of handles have the handle's
// context, where the call has none of its own.
type store struct {
	*memfs.FS
	t testing.TB

	// before, when set, is called before each call, and its error is the call's. It is set before
	// the store is used by several goroutines.
	before func(ctx context.Context, call string, name vfs.Path) error
	// ignoreEnd makes a store that opens handles also after the end of the context.
	ignoreEnd bool

	mu    sync.Mutex
	calls map[string]int
	open  int // handles
}

func newStore(t testing.TB) *store {
	s := &store{FS: memfs.New(), t: t, calls: map[string]int{}}
	for _, dir := range []vfs.Path{"/home", home, "/home/bob"} {
		if err := s.FS.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if n := s.handles(); n != 0 {
			t.Errorf("%d handles of the store were never closed", n)
		}
	})
	return s
}

func (s *store) call(ctx context.Context, call string, name vfs.Path) error {
	s.mu.Lock()
	s.calls[call]++
	s.mu.Unlock()
	if s.before == nil {
		return nil
	}
	return s.before(ctx, call, name)
}

// count says how many calls of that name there were; of "", how many at all.
func (s *store) count(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call != "" {
		return s.calls[call]
	}
	sum := 0
	for _, n := range s.calls {
		sum += n
	}
	return sum
}

func (s *store) handles() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *store) opened(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
}

func (s *store) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if err := s.call(ctx, "Stat", name); err != nil {
		return vfs.Info{}, err
	}
	return s.FS.Stat(ctx, name)
}

func (s *store) Lstat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if err := s.call(ctx, "Lstat", name); err != nil {
		return vfs.Info{}, err
	}
	return s.FS.Lstat(ctx, name)
}

func (s *store) Readlink(ctx context.Context, name vfs.Path) (vfs.Path, error) {
	if err := s.call(ctx, "Readlink", name); err != nil {
		return "", err
	}
	return s.FS.Readlink(ctx, name)
}

func (s *store) Symlink(ctx context.Context, target, name vfs.Path) error {
	for _, p := range []vfs.Path{target, name} {
		if err := s.call(ctx, "Symlink", p); err != nil {
			return err
		}
	}
	return s.FS.Symlink(ctx, target, name)
}

func (s *store) Mkdir(ctx context.Context, name vfs.Path) error {
	if err := s.call(ctx, "Mkdir", name); err != nil {
		return err
	}
	return s.FS.Mkdir(ctx, name)
}

func (s *store) Remove(ctx context.Context, name vfs.Path) error {
	if err := s.call(ctx, "Remove", name); err != nil {
		return err
	}
	return s.FS.Remove(ctx, name)
}

func (s *store) Rmdir(ctx context.Context, name vfs.Path) error {
	if err := s.call(ctx, "Rmdir", name); err != nil {
		return err
	}
	return s.FS.Rmdir(ctx, name)
}

func (s *store) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	for _, name := range []vfs.Path{oldname, newname} {
		if err := s.call(ctx, "Rename", name); err != nil {
			return err
		}
	}
	return s.FS.Rename(ctx, oldname, newname, opts)
}

func (s *store) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	if err := s.call(ctx, "SetAttrs", name); err != nil {
		return err
	}
	return s.FS.SetAttrs(ctx, name, attrs)
}

func (s *store) StatSpace(ctx context.Context, name vfs.Path) (vfs.Space, error) {
	if err := s.call(ctx, "StatSpace", name); err != nil {
		return vfs.Space{}, err
	}
	return s.FS.StatSpace(ctx, name)
}

func (s *store) Digest(ctx context.Context, name vfs.Path) (vfs.Sums, error) {
	if err := s.call(ctx, "Digest", name); err != nil {
		return nil, err
	}
	return s.FS.Digest(ctx, name)
}

func (s *store) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	if err := s.call(ctx, "List", name); err != nil {
		return nil, err
	}
	if s.ignoreEnd {
		ctx = context.WithoutCancel(ctx)
	}
	under, err := s.FS.List(ctx, name)
	if err != nil {
		return nil, err
	}
	return &storeLister{storeHandle: s.handle(ctx, name), Lister: under}, nil
}

func (s *store) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	if err := s.call(ctx, "Open", name); err != nil {
		return nil, err
	}
	if s.ignoreEnd {
		ctx = context.WithoutCancel(ctx)
	}
	under, err := s.FS.Open(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	return &storeFile{storeHandle: s.handle(ctx, name), File: under}, nil
}

func (s *store) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if err := s.call(ctx, "OpenWriter", name); err != nil {
		return nil, err
	}
	if s.ignoreEnd {
		ctx = context.WithoutCancel(ctx)
	}
	under, err := s.FS.OpenWriter(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	return &storeWriter{storeHandle: s.handle(ctx, name), Writer: under}, nil
}

// storeHandle watches over one handle.
type storeHandle struct {
	s    *store
	ctx  context.Context
	name vfs.Path

	use    sync.RWMutex
	over   bool // only Close may follow
	closed bool
}

func (s *store) handle(ctx context.Context, name vfs.Path) *storeHandle {
	s.opened(1)
	return &storeHandle{s: s, ctx: ctx, name: name}
}

// shared begins a call that may meet others like it.
func (h *storeHandle) shared(ctx context.Context, call string) (done func(), err error) {
	if !h.use.TryRLock() {
		h.s.t.Errorf("%s meets a call that must be alone", call)
		return func() {}, vfs.ErrInvalid
	}
	return h.use.RUnlock, h.call(ctx, call, h.use.RUnlock)
}

// alone begins a call that must meet no other.
func (h *storeHandle) alone(ctx context.Context, call string) (done func(), err error) {
	if !h.use.TryLock() {
		h.s.t.Errorf("%s meets another call", call)
		return func() {}, vfs.ErrInvalid
	}
	return h.use.Unlock, h.call(ctx, call, h.use.Unlock)
}

// call tells of the call, and leaves no lock behind when that panics.
func (h *storeHandle) call(ctx context.Context, call string, unlock func()) error {
	h.mayGoOn(call)
	panicked := true
	defer func() {
		if panicked {
			unlock()
		}
	}()
	err := h.s.call(ctx, call, h.name)
	panicked = false
	return err
}

func (h *storeHandle) mayGoOn(call string) {
	if h.over && call != "Close" {
		h.s.t.Errorf("%s after Commit or Close", call)
	}
}

func (h *storeHandle) close(under io.Closer) error {
	done, err := h.alone(h.ctx, "Close")
	defer done()
	if !h.closed {
		h.s.opened(-1)
	}
	h.over, h.closed = true, true
	return errors.Join(err, under.Close())
}

type storeLister struct {
	*storeHandle
	vfs.Lister
}

func (l *storeLister) Next(ctx context.Context) ([]vfs.Info, error) {
	done, err := l.alone(ctx, "Next")
	defer done()
	if err != nil {
		return nil, err
	}
	return l.Lister.Next(ctx)
}

func (l *storeLister) Close() error { return l.close(l.Lister) }

type storeFile struct {
	*storeHandle
	vfs.File
}

func (f *storeFile) ReadAt(p []byte, off int64) (int, error) {
	done, err := f.shared(f.ctx, "ReadAt")
	defer done()
	if err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *storeFile) WriteTo(w io.Writer) (int64, error) {
	done, err := f.shared(f.ctx, "WriteTo")
	defer done()
	if err != nil {
		return 0, err
	}
	return f.File.WriteTo(w)
}

func (f *storeFile) Close() error { return f.close(f.File) }

type storeWriter struct {
	*storeHandle
	vfs.Writer
}

func (w *storeWriter) WriteAt(p []byte, off int64) (int, error) {
	done, err := w.shared(w.ctx, "WriteAt")
	defer done()
	if err != nil {
		return 0, err
	}
	return w.Writer.WriteAt(p, off)
}

func (w *storeWriter) ReadFrom(r io.Reader) (int64, error) {
	done, err := w.shared(w.ctx, "ReadFrom")
	defer done()
	if err != nil {
		return 0, err
	}
	return w.Writer.ReadFrom(r)
}

func (w *storeWriter) ReadAt(p []byte, off int64) (int, error) {
	done, err := w.shared(w.ctx, "ReadBack")
	defer done()
	if err != nil {
		return 0, err
	}
	return w.Writer.(io.ReaderAt).ReadAt(p, off)
}

// Size may meet anything but the end.
func (w *storeWriter) Size() int64 {
	w.mayGoOn("Size")
	return w.Writer.Size()
}

func (w *storeWriter) Truncate(size int64) error {
	done, err := w.alone(w.ctx, "Truncate")
	defer done()
	if err != nil {
		return err
	}
	return w.Writer.Truncate(size)
}

func (w *storeWriter) SetAttrs(attrs vfs.Attrs) error {
	done, err := w.alone(w.ctx, "WriterSetAttrs")
	defer done()
	if err != nil {
		return err
	}
	return w.Writer.SetAttrs(attrs)
}

func (w *storeWriter) Commit(ctx context.Context) (vfs.Info, error) {
	done, err := w.alone(ctx, "Commit")
	defer done()
	w.over = true
	if err != nil {
		return vfs.Info{}, err
	}
	return w.Writer.Commit(ctx)
}

func (w *storeWriter) Close() error { return w.close(w.Writer) }

// mkdirs makes a directory below another, with all between.
func (s *store) mkdirs(t *testing.T, top, below vfs.Path) {
	t.Helper()
	for i, elements := 1, below.Elements(); i <= len(elements); i++ {
		dir := top
		for _, e := range elements[:i] {
			dir = dir.Join(e)
		}
		if err := s.FS.Mkdir(t.Context(), dir); err != nil && !errors.Is(err, vfs.ErrExist) {
			t.Fatal(err)
		}
	}
}
