package session

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// do runs an operation that opens nothing. It checks the permission, and counts and logs the
// operation.
func (s *Session) do(ctx context.Context, e Event, perm auth.Permission, f func(ctx context.Context) error) error {
	s.begin()
	defer s.finish()
	start := time.Now()
	trace := s.newTrace()
	err := errPanicked
	defer func() {
		e.Duration, e.Err = time.Since(start), err
		s.record(e.traced(trace))
	}()
	err = func() error {
		ctx, cancel := s.join(trace.In(ctx))
		defer cancel()
		if err := s.permit(ctx, &e, perm); err != nil {
			return err
		}
		return f(ctx)
	}()
	return err
}

// Stat implements [vfs.FS]. A file that is being written has the size and times that its writers
// have set, see [openFile.shownTo].
func (s *Session) Stat(ctx context.Context, name vfs.Path) (info vfs.Info, err error) {
	return s.describe(ctx, name, true, func(ctx context.Context, fsys vfs.FS, name vfs.Path) (vfs.Info, error) { return fsys.Stat(ctx, name) })
}

// describe implements Stat and Lstat.
func (s *Session) describe(
	ctx context.Context, name vfs.Path, follow bool, stat func(context.Context, vfs.FS, vfs.Path) (vfs.Info, error),
) (info vfs.Info, err error) {
	err = s.do(ctx, Event{Op: OpStat, Path: name}, auth.List, func(ctx context.Context) error {
		o := s.openAt(ctx, name, follow)
		if o != nil && o.differs(s) {
			info = o.info(name.Base())
			return nil
		}
		if follow && s.guarded() {
			info, err = s.statGuarded(ctx, name)
		} else {
			info, err = stat(ctx, s.fs, s.inStore(name))
		}
		if o != nil && (errors.Is(err, vfs.ErrNotExist) || err == nil && info.Partial) {
			info, err = o.info(name.Base()), nil
		}
		if err == nil && name.IsRoot() {
			info.Name = "/"
		}
		return err
	})
	return info, err
}

// statGuarded is Stat for a login that may not see all targets of links. For a name that is not a
// link it makes no additional request.
func (s *Session) statGuarded(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	info, err := vfs.Lstat(ctx, s.fs, s.inStore(name))
	if err != nil || !info.IsLink() {
		return info, err
	}
	at, err := s.locate(ctx, name, toFile)
	if err != nil {
		return vfs.Info{}, err
	}
	if err := s.demand(at, auth.List); err != nil {
		return vfs.Info{}, err
	}
	return s.fs.Stat(ctx, s.inStore(name))
}

// Mkdir implements [vfs.FS].
func (s *Session) Mkdir(ctx context.Context, name vfs.Path) error {
	return s.do(ctx, Event{Op: OpMkdir, Path: name}, auth.Create, func(ctx context.Context) error {
		if err := s.taken(ctx, name); err != nil {
			return err
		}
		return s.fs.Mkdir(ctx, s.inStore(name))
	})
}

// MkdirMode implements [vfs.ModeFS].
func (s *Session) MkdirMode(ctx context.Context, name vfs.Path, mode fs.FileMode) error {
	return s.do(ctx, Event{Op: OpMkdir, Path: name}, auth.Write, func(ctx context.Context) error {
		if err := s.taken(ctx, name); err != nil {
			return err
		}
		return vfs.MkdirMode(ctx, s.fs, s.inStore(name), &mode)
	})
}

// Remove implements [vfs.FS].
func (s *Session) Remove(ctx context.Context, name vfs.Path) error {
	return s.do(ctx, Event{Op: OpRemove, Path: name}, auth.Delete, func(ctx context.Context) error {
		if name.IsRoot() {
			return vfs.ErrIsDir
		}
		return s.remove(ctx, name)
	})
}

// Rmdir implements [vfs.FS]. The home directory itself stays.
func (s *Session) Rmdir(ctx context.Context, name vfs.Path) error {
	return s.do(ctx, Event{Op: OpRmdir, Path: name}, auth.Delete, func(ctx context.Context) error {
		if name.IsRoot() {
			return vfs.Errorf(vfs.ErrPermission, "the top directory cannot be removed")
		}
		return s.rmdir(ctx, name)
	})
}

// Rename implements [vfs.FS]. Replacing a file also needs the permission to delete.
func (s *Session) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	return s.do(ctx, Event{Op: OpRename, Path: oldname, Target: newname}, auth.Write, func(ctx context.Context) error {
		if oldname.IsRoot() || newname.IsRoot() {
			return vfs.Errorf(vfs.ErrPermission, "the top directory cannot be renamed")
		}
		to, err := s.locate(ctx, newname, toEntry)
		if err != nil {
			return err
		}
		keep := opts.Replace && !s.may(to, auth.Delete)
		if keep {
			opts.Replace = false
		}
		err = s.rename(ctx, oldname, newname, opts)
		if keep && errors.Is(err, vfs.ErrExist) {
			return &vfs.Error{Kind: vfs.ErrPermission, Text: "this login has no delete permission, to replace what has that name", Err: err}
		}
		return err
	})
}

// SetAttrs implements [vfs.AttrFS]. Attributes of a file that is being written are published with
// its content.
func (s *Session) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	return s.do(ctx, Event{Op: OpSetAttrs, Path: name, Changes: attrChanges(attrs)}, auth.Write, func(ctx context.Context) error {
		found, err := s.throughOpen(ctx, name, func(o *openFile) error { return o.setAttrs(attrs) })
		if found {
			return err
		}
		return vfs.SetAttrs(ctx, s.fs, s.inStore(name), attrs)
	})
}

// Truncate sets the size of a file: of the content that is being written, else of the stored
// content.
func (s *Session) Truncate(ctx context.Context, name vfs.Path, size int64) error {
	return s.do(ctx, Event{Op: OpTruncate, Path: name, Changes: map[string]string{"size": strconv.FormatInt(size, 10)}}, auth.Write, func(ctx context.Context) error {
		switch {
		case name.IsRoot():
			return vfs.ErrIsDir
		case size < 0:
			return vfs.Errorf(vfs.ErrInvalid, "a size cannot be negative")
		}
		if err := s.mayShorten(ctx, name, size); err != nil {
			return err
		}
		found, err := s.throughOpen(ctx, name, func(o *openFile) error { return o.truncate(size) })
		if found {
			return err
		}
		return vfs.Truncate(ctx, s.fs, s.inStore(name), size)
	})
}

// StatSpace implements [vfs.SpaceFS].
func (s *Session) StatSpace(ctx context.Context, name vfs.Path) (space vfs.Space, err error) {
	err = s.do(ctx, Event{Op: OpSpace, Path: name}, auth.List, func(ctx context.Context) error {
		space, err = vfs.StatSpace(ctx, s.fs, s.inStore(name))
		return err
	})
	return space, err
}

// Digest implements [vfs.DigestFS]. It needs the permission to read, because a checksum depends on
// the content. For a file that this session is writing it returns nothing: the stored content
// differs from the content that the session sees.
func (s *Session) Digest(ctx context.Context, name vfs.Path) (sums vfs.Sums, err error) {
	err = s.do(ctx, Event{Op: OpDigest, Path: name}, auth.Read, func(ctx context.Context) error {
		if o := s.settled(ctx, name, true); o != nil && o.differs(s) {
			return nil
		}
		sums, err = vfs.Digest(ctx, s.fs, s.inStore(name))
		return err
	})
	return sums, err
}
