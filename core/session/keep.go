package session

import (
	"context"
	"errors"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Without the permission to delete nothing that is there loses content: it is not overwritten, not
// truncated, and nothing takes its place. Without the permission to write, what is there is not
// touched at all.

// errKept is the refusal to take content away.
var errKept error = vfs.Errorf(vfs.ErrPermission, "this login has no delete permission here, and so cannot overwrite or shorten what is there")

// errThere is the refusal to touch a file.
var errThere error = vfs.Errorf(vfs.ErrPermission, "this login may only create files here, and this one is there already")

// keeping narrows how a file is written to what the login may do to it. It returns how far the
// content that is there must stay. o is the file that is open under the name, or nil.
func (s *Session) keeping(ctx context.Context, name vfs.Path, o *openFile, opts vfs.WriteOptions) (vfs.WriteOptions, int64, error) {
	at, err := s.locate(ctx, name, toFile)
	if err != nil {
		return opts, 0, err
	}
	write := s.may(at, auth.Write)
	if write && s.may(at, auth.Delete) {
		return opts, 0, nil
	}
	info, err := s.fs.Stat(ctx, s.inStore(name))
	underWay := o != nil && !opts.Exclusive && (errors.Is(err, vfs.ErrNotExist) || err == nil && info.Partial)
	switch {
	case underWay && opts.Truncate: // as one that was cut off: it is not there yet
		return opts, 0, nil
	case underWay && !write:
		return opts, 0, errThere
	case underWay:
		return opts, o.currentSize(), nil
	case errors.Is(err, vfs.ErrNotExist):
		opts.Exclusive = opts.Create
		return opts, 0, nil
	case err != nil:
		return opts, 0, err
	case info.IsDir():
		return opts, 0, vfs.ErrIsDir
	case opts.Exclusive:
		return opts, 0, vfs.ErrExist
	case !write && !(info.Partial && opts.Truncate):
		return opts, 0, errThere
	case info.Partial:
		return opts, 0, nil
	case opts.Truncate && info.Size > 0:
		return opts, 0, errKept
	}
	if o != nil {
		return opts, max(info.Size, o.currentSize()), nil
	}
	// What is looked at here is what the new content goes on from.
	if opts.IfVersion == "" {
		opts.IfVersion = info.Version
	}
	return opts, info.Size, nil
}

// mayShorten returns nil when the login may give the file that size.
func (s *Session) mayShorten(ctx context.Context, name vfs.Path, size int64) error {
	at, err := s.locate(ctx, name, toFile)
	if err != nil || s.may(at, auth.Delete) {
		return err
	}
	info, err := s.fs.Stat(ctx, s.inStore(name))
	if err == nil && size < info.Size {
		return errKept
	}
	return nil // whatever is wrong, the call itself tells
}
