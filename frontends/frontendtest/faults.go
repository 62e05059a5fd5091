package frontendtest

import (
	"context"
	"io"

	"filegate/core/vfs"
)

// Fault is what a store does at some point: return an error, wait for ctx to end, or panic.
// Returning nil, it does nothing.
type Fault func(ctx context.Context, name vfs.Path) error

func (f Fault) do(ctx context.Context, name vfs.Path) error {
	if f == nil {
		return nil
	}
	return f(ctx, name)
}

// Faults is a store over another one that fails where it is told to. The functions are set before
// it is used.
type Faults struct {
	vfs.FS
	OnStat, OnList, OnOpen, OnOpenWriter Fault
	OnRead                               Fault // before each piece that is read
	OnWrite                              Fault // before each piece that is written
	OnCommit                             Fault
}

var (
	_ vfs.AttrFS  = (*Faults)(nil)
	_ vfs.SpaceFS = (*Faults)(nil)
)

// Stat implements [vfs.FS].
func (f *Faults) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if err := f.OnStat.do(ctx, name); err != nil {
		return vfs.Info{}, err
	}
	return f.FS.Stat(ctx, name)
}

// List implements [vfs.FS].
func (f *Faults) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	if err := f.OnList.do(ctx, name); err != nil {
		return nil, err
	}
	return f.FS.List(ctx, name)
}

// Open implements [vfs.FS].
func (f *Faults) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	if err := f.OnOpen.do(ctx, name); err != nil {
		return nil, err
	}
	under, err := f.FS.Open(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: under, fault: func() error { return f.OnRead.do(ctx, name) }}, nil
}

// OpenWriter implements [vfs.FS].
func (f *Faults) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if err := f.OnOpenWriter.do(ctx, name); err != nil {
		return nil, err
	}
	under, err := f.FS.OpenWriter(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	return &faultyWriter{Writer: under, f: f, name: name, fault: func() error { return f.OnWrite.do(ctx, name) }}, nil
}

// SetAttrs implements [vfs.AttrFS].
func (f *Faults) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	return vfs.SetAttrs(ctx, f.FS, name, attrs)
}

// StatSpace implements [vfs.SpaceFS].
func (f *Faults) StatSpace(ctx context.Context, name vfs.Path) (vfs.Space, error) {
	return vfs.StatSpace(ctx, f.FS, name)
}

type faultyFile struct {
	vfs.File
	fault func() error
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fault(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultyFile) WriteTo(w io.Writer) (int64, error) {
	return f.File.WriteTo(&faultyPipe{w: w, fault: f.fault})
}

type faultyWriter struct {
	vfs.Writer
	f     *Faults
	name  vfs.Path
	fault func() error
}

func (w *faultyWriter) WriteAt(p []byte, off int64) (int, error) {
	if err := w.fault(); err != nil {
		return 0, err
	}
	return w.Writer.WriteAt(p, off)
}

func (w *faultyWriter) ReadFrom(r io.Reader) (int64, error) {
	return w.Writer.ReadFrom(&faultyPipe{r: r, fault: w.fault})
}

func (w *faultyWriter) ReadAt(p []byte, off int64) (int, error) {
	r, err := vfs.ReadWriterAt(w.Writer)
	if err != nil {
		return 0, err
	}
	return r.ReadAt(p, off)
}

func (w *faultyWriter) Commit(ctx context.Context) (vfs.Info, error) {
	if err := w.f.OnCommit.do(ctx, w.name); err != nil {
		return vfs.Info{}, err
	}
	return w.Writer.Commit(ctx)
}

// faultyPipe fails between two streams.
type faultyPipe struct {
	r     io.Reader
	w     io.Writer
	fault func() error
}

func (p *faultyPipe) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if n > 0 {
		if err := p.fault(); err != nil {
			return 0, err
		}
	}
	return n, err
}

func (p *faultyPipe) Write(b []byte) (int, error) {
	if err := p.fault(); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}
