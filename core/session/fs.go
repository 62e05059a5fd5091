package session

import (
	"context"
	"io"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// do runs one operation that opens nothing: permission, count, log.
func (s *Session) do(e Event, perm auth.Permission, f func() error) error {
	defer s.begin()()
	start := time.Now()
	err := s.permit(perm)
	if err == nil {
		err = f()
	}
	e.Duration, e.Err = time.Since(start), err
	s.record(e)
	return err
}

// Stat implements [vfs.FS]. A file that this session is writing has the size and times that its writer has.
func (s *Session) Stat(ctx context.Context, name vfs.Path) (info vfs.Info, err error) {
	err = s.do(Event{Op: OpStat, Path: name}, auth.List, func() error {
		if w := s.writing(s.inStore(name)); w != nil {
			info = w.info(name.Base())
			return nil
		}
		info, err = s.fs.Stat(ctx, s.inStore(name))
		if name.IsRoot() {
			info.Name = "/"
		}
		return err
	})
	return info, err
}

// List implements [vfs.FS].
func (s *Session) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	start := time.Now()
	l, err := s.list(ctx, name, start)
	if err != nil {
		s.record(Event{Op: OpList, Path: name, Duration: time.Since(start), Err: err})
		return nil, err
	}
	return l, nil
}

func (s *Session) list(ctx context.Context, name vfs.Path, start time.Time) (*lister, error) {
	if err := s.permit(auth.List); err != nil {
		return nil, err
	}
	if err := s.reserve(); err != nil {
		return nil, err
	}
	under, err := s.fs.List(ctx, s.inStore(name))
	if err != nil {
		s.finish()
		return nil, err
	}
	l := &lister{s: s, under: under, path: name, start: start}
	if !s.add(l) {
		l.Close()
		return nil, vfs.ErrClosed
	}
	return l, nil
}

// Mkdir implements [vfs.FS].
func (s *Session) Mkdir(ctx context.Context, name vfs.Path) error {
	return s.do(Event{Op: OpMkdir, Path: name}, auth.Write, func() error { return s.fs.Mkdir(ctx, s.inStore(name)) })
}

// Remove implements [vfs.FS].
func (s *Session) Remove(ctx context.Context, name vfs.Path) error {
	return s.do(Event{Op: OpRemove, Path: name}, auth.Delete, func() error { return s.fs.Remove(ctx, s.inStore(name)) })
}

// Rmdir implements [vfs.FS]. The home directory itself stays.
func (s *Session) Rmdir(ctx context.Context, name vfs.Path) error {
	return s.do(Event{Op: OpRmdir, Path: name}, auth.Delete, func() error {
		if name.IsRoot() {
			return vfs.Errorf(vfs.ErrPermission, "the top directory cannot be removed")
		}
		return s.fs.Rmdir(ctx, s.inStore(name))
	})
}

// Rename implements [vfs.FS]. To replace a file takes the permission to delete too.
func (s *Session) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	return s.do(Event{Op: OpRename, Path: oldname, Target: newname}, auth.Write, func() error {
		if oldname.IsRoot() || newname.IsRoot() {
			return vfs.Errorf(vfs.ErrPermission, "the top directory cannot be renamed")
		}
		if opts.Replace && s.permit(auth.Delete) != nil {
			opts.Replace = false
		}
		return s.fs.Rename(ctx, s.inStore(oldname), s.inStore(newname), opts)
	})
}

// SetAttrs implements [vfs.AttrFS]. What is set on a file that this session is writing is published with its content.
func (s *Session) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	return s.do(Event{Op: OpSetAttrs, Path: name}, auth.Write, func() error {
		if w := s.writing(s.inStore(name)); w != nil {
			return w.SetAttrs(attrs)
		}
		return vfs.SetAttrs(ctx, s.fs, s.inStore(name), attrs)
	})
}

// Truncate sets the size of a file: of the writer that this session has open on it, else of what is stored.
func (s *Session) Truncate(ctx context.Context, name vfs.Path, size int64) error {
	return s.do(Event{Op: OpTruncate, Path: name}, auth.Write, func() error {
		if size < 0 {
			return vfs.Errorf(vfs.ErrInvalid, "a size cannot be negative")
		}
		if w := s.writing(s.inStore(name)); w != nil {
			return w.Truncate(size)
		}
		return vfs.Truncate(ctx, s.fs, s.inStore(name), size)
	})
}

// StatSpace implements [vfs.SpaceFS].
func (s *Session) StatSpace(ctx context.Context, name vfs.Path) (space vfs.Space, err error) {
	err = s.do(Event{Op: OpSpace, Path: name}, auth.List, func() error {
		space, err = vfs.StatSpace(ctx, s.fs, s.inStore(name))
		return err
	})
	return space, err
}

// lister is an open listing.
type lister struct {
	s       *Session
	under   vfs.Lister
	path    vfs.Path
	start   time.Time
	entries int
	err     error
	done    bool
}

func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	if l.s.ctx.Err() != nil {
		return nil, context.Cause(l.s.ctx)
	}
	page, err := l.under.Next(ctx)
	l.entries += len(page)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return page, err
}

func (l *lister) Close() error {
	if l.done {
		return nil
	}
	l.done = true
	err := l.under.Close()
	l.s.drop(l)
	l.s.record(Event{Op: OpList, Path: l.path, Entries: l.entries, Duration: time.Since(l.start), Err: l.err})
	l.s.finish()
	return err
}
