package object

import (
	"context"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// mark puts the marker of the upload, before its first segment.
func (w *Writer) mark(ctx context.Context) error {
	w.shared.uploads.Known.Active.add(w.upload)
	return w.shared.uploads.PutMarker(ctx, w.target, w.upload, w.parts.place, w.resumedTime())
}

// resumedTime is the time that the cut-off upload had which is gone on with.
func (w *Writer) resumedTime() string {
	if w.resumed == nil {
		return ""
	}
	return w.resumed.MTime
}

// unmark takes the marker away, so that from here on the segments are a file's and no longer an
// upload's.
func (w *Writer) unmark(ctx context.Context) error {
	if w.marked() && !w.unmarked {
		switch taken, err := w.shared.uploads.TakeMarker(ctx, w.target, w.upload); {
		case err != nil:
			return err
		case !taken:
			return vfs.Errorf(vfs.ErrChanged, "this upload was removed by somebody else meanwhile")
		}
	}
	w.unmarked = true
	return nil
}

// goOn makes a cut-off upload the content to begin with. The marker is put anew, which begins its
// retention time again.
func (w *Writer) goOn(ctx context.Context, p *CutOff) error {
	w.upload, w.layout, w.size = p.ID, p.layout, p.Size
	w.parts.place, w.parts.sequence = p.Place, p.sequence
	w.resumed, w.chain.broken, w.marks = p, true, true
	if t, err := api.ParseSeconds(p.MTime); err == nil {
		w.attrs.ModTime = &t
	}
	w.marking.Do(func() { w.markErr = w.mark(ctx) })
	return w.markErr
}
