package session

import (
	"context"
	"errors"
	"io"
	"sync"

	"filegate/core/vfs"
)

// openFor opens a file for reading: the content that is being written under the name, or the stored
// content.
func (s *Session) openFor(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	o := s.settled(ctx, name, true)
	if o == nil || opts.IfVersion != "" {
		return s.fs.Open(ctx, s.inStore(name), opts)
	}
	if !o.shownTo(s) {
		f, err := s.fs.Open(ctx, s.inStore(name), opts)
		if !errors.Is(err, vfs.ErrNotExist) {
			return f, err
		}
	}
	if f := o.reader(ctx, s, name, opts); f != nil {
		return f, nil
	}
	if o.ending() {
		select {
		case <-o.over: // it has ended just now
		default:
			return nil, errUnderWay
		}
	}
	return s.fs.Open(ctx, s.inStore(name), opts)
}

// reader returns a reader of the content that is being written, or nil if the store cannot read it.
func (o *openFile) reader(ctx context.Context, s *Session, name vfs.Path, opts vfs.OpenOptions) vfs.File {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := vfs.ReadWriterAt(o.under); err != nil || o.frozen {
		return nil
	}
	o.readers++
	return &sharedFile{s: s, ctx: ctx, o: o, name: name, opts: opts}
}

// sharedFile reads a file while it is being written, and after that its published content.
type sharedFile struct {
	s    *Session
	ctx  context.Context
	o    *openFile
	name vfs.Path
	opts vfs.OpenOptions

	mu     sync.Mutex
	stored vfs.File
	closed bool
}

func (f *sharedFile) Info() vfs.Info { return f.o.info(f.name.Base()) }

func (f *sharedFile) ReadAt(p []byte, off int64) (int, error) {
	for {
		if n, here, err := f.o.readAt(p, off); here {
			return n, err
		}
		stored, err := f.published()
		if err != nil {
			return 0, err
		}
		if stored != nil {
			return stored.ReadAt(p, off)
		}
	}
}

// published opens the published content. It returns nil if the file has ended without a name, so
// that the content must still be read from its writer.
func (f *sharedFile) published() (vfs.File, error) {
	select {
	case <-f.o.over:
	case <-f.ctx.Done():
		return nil, context.Cause(f.ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stored != nil {
		return f.stored, nil
	}
	f.o.mu.Lock()
	info, at, nameless := f.o.stored, f.o.storedAt, f.o.nameless
	f.o.mu.Unlock()
	switch {
	case nameless:
		return nil, nil
	case info == nil:
		return nil, vfs.Errorf(vfs.ErrChanged, "the file was not saved that was being written here")
	}
	stored, err := f.s.fs.Open(f.ctx, at, vfs.OpenOptions{Offset: f.opts.Offset, IfVersion: info.Version})
	if errors.Is(err, vfs.ErrNotExist) {
		err = vfs.ErrChanged
	}
	if err != nil {
		return nil, err
	}
	f.stored = stored
	return stored, nil
}

func (f *sharedFile) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, io.NewSectionReader(f, f.opts.Offset, max(0, f.Info().Size-f.opts.Offset)))
}

func (f *sharedFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	err := f.o.unread()
	if f.stored == nil {
		return err
	}
	return errors.Join(err, f.stored.Close())
}
