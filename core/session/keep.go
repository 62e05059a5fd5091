package session

import (
	"context"
	"errors"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Without the permission to delete, no existing content is lost: a file is not overwritten,
// truncated or replaced. Without the permission to write, an existing file is not changed at all.

// errKept refuses to remove content.
var errKept error = vfs.Errorf(vfs.ErrPermission, "no delete permission: existing files cannot be overwritten or shortened here")

// errThere refuses to change an existing file.
var errThere error = vfs.Errorf(vfs.ErrPermission, "this login may only create files here, and this one is there already")

// keeping restricts the options for writing a file to what the login may do. It also returns the
// number of bytes at the beginning that must not change. o is the file that is open under the name,
// or nil.
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
	case underWay && opts.Truncate: // like an interrupted upload, it does not exist yet
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
	// The new content is based on the version that was checked here.
	if opts.IfVersion == "" {
		opts.IfVersion = info.Version
	}
	return opts, info.Size, nil
}

// mayShorten returns an error if the login may not set the size of a file to size.
func (s *Session) mayShorten(ctx context.Context, name vfs.Path, size int64) error {
	at, err := s.locate(ctx, name, toFile)
	if err != nil || s.may(at, auth.Delete) {
		return err
	}
	info, err := s.fs.Stat(ctx, s.inStore(name))
	if err == nil && size < info.Size {
		return errKept
	}
	return nil // the call itself will report other errors
}
