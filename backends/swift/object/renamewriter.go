package object

import (
	"context"
	"errors"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// This file has the rename and the removal of a file that is being written.

var (
	_ vfs.RenameWriter  = (*Writer)(nil)
	_ vfs.DiscardWriter = (*Writer)(nil)
	_ vfs.PlacedWriter  = (*Writer)(nil)
)

// Place implements [vfs.PlacedWriter].
func (w *Writer) Place() vfs.Path { return w.shared.names.Path(w.pub.target) }

// Discard implements [vfs.DiscardWriter].
func (w *Writer) Discard() error {
	w.mu.Lock()
	w.discarded = true
	w.mu.Unlock()
	return w.Close()
}

// errElsewhere is the error for a rename to a name to which the content cannot be moved.
var errElsewhere error = vfs.Errorf(vfs.ErrUnsupported, "a file cannot be renamed to there while it is written")

// Rename implements [vfs.RenameWriter]. The segments stay in place; the marker of an upload that
// may be resumed is moved. A rename to another container is refused, because the segments are in
// the container for segments of the first one. So is a rename of a file whose segments are beside
// it.
func (w *Writer) Rename(ctx context.Context, p vfs.Path) error {
	to, err := w.shared.names.Object(p)
	if err != nil {
		return err
	}
	from := w.pub.target
	if from == to {
		return nil
	}
	if to.Account != from.Account || to.Container != from.Container || w.up.parts.place.Top() == from.Top() {
		return errElsewhere
	}
	if err := to.CheckNew(); err != nil {
		return err
	}
	if err := w.up.wait(ctx); err != nil {
		return api.Translate(err)
	}
	unchanged := w.shared.names.Watch(to)
	info, now, err := w.shared.names.Lookup(ctx, to, p.Base())
	var cut *CutOff
	switch {
	case now.ThroughLink, api.CannotFollow(err):
		return errElsewhere
	case errors.Is(err, vfs.ErrNotExist):
		now = api.Object{}
		if cut, err = w.shared.uploads.Find(ctx, to); err != nil {
			return api.Translate(err)
		}
		if cut != nil && cut.ID == w.up.upload {
			cut = nil
		}
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	}
	if !w.pub.opts.Truncate && w.pub.old.Exists() && now.ETag != w.pub.old.ETag {
		return vfs.ErrChanged // the content is based on another object
	}
	marked := w.up.marked() && !w.up.unmarked
	if marked {
		if err := w.shared.uploads.PutMarker(ctx, to, w.up.upload, w.up.parts.place, w.up.resumedTime()); err != nil {
			return api.Translate(err)
		}
	}
	w.mu.Lock()
	for _, e := range w.layout {
		if e.seg.name == from {
			e.seg.name = to
		}
	}
	w.pub.opts.Truncate = w.pub.opts.Truncate || !w.pub.old.Exists()
	w.pub.opts.Exclusive, w.pub.opts.IfVersion = false, ""
	w.up.parts.target = to
	w.pub.target, w.pub.base, w.pub.old, w.pub.unchanged = to, p.Base(), now, unchanged
	if cut != nil {
		w.pub.superseded = cut
	}
	w.mu.Unlock()
	if marked {
		if _, err := w.shared.uploads.TakeMarker(ctx, from, w.up.upload); err != nil {
			w.shared.log.Warn("marker of a renamed upload not deleted", "target", from.String(), "err", err)
		}
	}
	return nil
}
