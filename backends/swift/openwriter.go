package swift

import (
	"context"
	"errors"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// OpenWriter implements [vfs.FS].
func (f *FS) OpenWriter(ctx context.Context, p vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	n, err := f.locateFile(p)
	if err != nil {
		return nil, err
	}
	if err := f.changeable(ctx, n); err != nil {
		return nil, err
	}
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return nil, api.Translate(err)
	}
	if err := f.large.CheckAnnounced(opts, limits); err != nil {
		return nil, err
	}
	t, err := f.findToWrite(ctx, n, p.Base(), opts)
	if err != nil {
		return nil, err
	}
	if err := f.checkBegin(ctx, t, opts); err != nil {
		return nil, err
	}
	w, err := f.writers.Open(ctx, object.Target{
		Name: t.name, Base: t.base, Old: t.old, Unchanged: f.unchangedSince(t.name, t.asked), Cut: t.cut, Blind: t.blind,
	}, opts, limits)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// toWrite is the result of a lookup for OpenWriter.
type toWrite struct {
	name  api.Name // the object that is written: for a symbolic link, its target
	base  string   // the last element of the path
	old   api.Object
	asked requestTime    // when old was requested
	cut   *object.CutOff // an interrupted upload of the file
	blind bool           // the login may write to the container but not read it
}

// findToWrite looks up the name of a file, and returns an error if the options do not permit
// writing to it.
func (f *FS) findToWrite(ctx context.Context, n api.Name, base string, opts vfs.WriteOptions) (toWrite, error) {
	t := toWrite{base: base, asked: f.guess.now(), blind: canBeBlind(opts) && f.dropBoxes.Has(n.Top().String())}
	var info vfs.Info
	var err error
	switch {
	case t.blind:
	case opts.Create && opts.Truncate && !opts.Exclusive && opts.IfVersion == "":
		info, t.old, t.asked, err = f.lookupToReplace(ctx, n, base)
	default:
		info, t.old, err = f.find(ctx, n, base, lookupPlan{look: f.client.Head, below: f.statBelow, mayBeNone: opts.Create, partials: true})
	}
	if f.dropsInto(ctx, n, err) {
		if !canBeBlind(opts) {
			return toWrite{}, object.ErrBlind(n, err)
		}
		t.blind, err = true, nil
	}
	t.name, info, t.old, err = f.through(ctx, n, base, info, t.old, err)
	switch {
	case t.blind:
		return t, t.name.CheckNew()
	case t.name != n && opts.Create && opts.Exclusive:
		return toWrite{}, vfs.ErrExist
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
		return f.findNothing(ctx, t, opts)
	case err != nil:
		return toWrite{}, err
	case info.IsDir():
		return toWrite{}, vfs.ErrIsDir
	case opts.Create && opts.Exclusive:
		return toWrite{}, vfs.ErrExist
	case opts.IfVersion != "" && opts.IfVersion != t.old.Version():
		return toWrite{}, vfs.ErrChanged
	}
	return t, nil
}

// findNothing is the part of findToWrite for a name that is free, which may have an interrupted
// upload.
func (f *FS) findNothing(ctx context.Context, t toWrite, opts vfs.WriteOptions) (toWrite, error) {
	var err error
	if t.cut, err = f.uploads.Find(ctx, t.name); err != nil {
		return toWrite{}, api.Translate(err)
	}
	if !opts.Create && (t.cut == nil || opts.Truncate) {
		return toWrite{}, vfs.ErrNotExist
	}
	if opts.IfVersion != "" {
		return toWrite{}, vfs.ErrChanged
	}
	if err := t.name.CheckNew(); err != nil {
		return toWrite{}, err
	}
	if !f.backend.cfg.ImplicitDirectories { // otherwise Commit creates them
		if err := f.checkParent(ctx, t.name); err != nil {
			return toWrite{}, err
		}
	}
	return t, nil
}

// checkBegin returns an error for an offset after the end of the existing content, and for a file
// that is larger than the quota permits.
func (f *FS) checkBegin(ctx context.Context, t toWrite, opts vfs.WriteOptions) error {
	var have int64
	switch {
	case opts.Truncate:
	case t.cut == nil:
		have = t.old.Size
	case object.GoesOn(opts):
		have = t.cut.Size
	}
	if opts.Offset > have {
		return vfs.OffsetBehindEnd(opts.Offset, have)
	}
	return f.containers.CheckRoom(ctx, t.name, opts.Size-have)
}

// unchangedSince returns a function that reports whether a lookup of n at the time asked can still
// be used.
func (f *FS) unchangedSince(n api.Name, asked requestTime) func() bool {
	return func() bool { return f.guess.fresh(n, asked) }
}
