package vfs

import (
	"context"
	"io"
)

// CopyOptions are options of a copy. Replace allows it to replace an existing file.
type CopyOptions struct {
	Replace bool

	// IfVersion, when not empty, makes Copy return ErrChanged unless the file to be copied has this
	// Info.Version.
	IfVersion string
}

// CopyFS is a store that can copy files itself.
type CopyFS interface {
	FS
	// Copy creates newname as an independent file with the content of oldname, and with those of
	// its attributes that the store keeps. Without opts.Replace it returns ErrExist if newname
	// exists. The copy becomes visible when it is complete. Copy returns ErrIsDir if either name is
	// a directory, and ErrInvalid if both names are the same.
	Copy(ctx context.Context, oldname, newname Path, opts CopyOptions) error
}

// Copy copies a file, within the store if the store can copy, else by reading and writing.
func Copy(ctx context.Context, fsys FS, oldname, newname Path, opts CopyOptions) error {
	if f, ok := fsys.(CopyFS); ok {
		return f.Copy(ctx, oldname, newname, opts)
	}
	if oldname == newname {
		return ErrOntoItself
	}
	r, err := fsys.Open(ctx, oldname, OpenOptions{IfVersion: opts.IfVersion})
	if err != nil {
		return err
	}
	defer r.Close()
	info := r.Info()
	w, err := fsys.OpenWriter(ctx, newname, WriteOptions{Create: true, Exclusive: !opts.Replace, Truncate: true, Size: info.Size})
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.ReadFrom(io.NewSectionReader(r, 0, info.Size)); err != nil {
		return err
	}
	if err := w.SetAttrs(info.attrs()); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

// attrs returns the attributes for a file that must get those of another file.
func (i Info) attrs() Attrs {
	perm := i.Mode.Perm()
	a := Attrs{ModTime: &i.ModTime, Mode: &perm}
	if i.UID != 0 || i.GID != 0 {
		a.UID, a.GID = &i.UID, &i.GID
	}
	return a
}

// ErrOntoItself is returned by Copy if both names are the same.
var ErrOntoItself error = Errorf(ErrInvalid, "a file cannot be copied onto itself")
