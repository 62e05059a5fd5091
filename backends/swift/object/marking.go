package object

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// goOn makes an interrupted upload the initial content. It puts the marker again, which restarts
// the retention time.
func (w *Writer) goOn(ctx context.Context, p *CutOff) error {
	w.up.upload, w.layout, w.size = p.ID, p.layout, p.Size
	w.up.parts.place, w.up.parts.sequence = p.Place, p.sequence
	w.up.resumed, w.chain.broken, w.up.marks = p, true, true
	if t, err := api.ParseSeconds(p.MTime); err == nil {
		w.pub.attrs.ModTime = &t
	}
	w.up.marking.Do(func() { w.up.markErr = w.up.mark(ctx) })
	return w.up.markErr
}

// mark puts the marker of the upload, before the first segment is sent.
func (u *uploader) mark(ctx context.Context) error {
	u.shared.uploads.Known.Active.add(u.upload)
	return u.shared.uploads.PutMarker(ctx, u.parts.target, u.upload, u.parts.place, u.resumedTime())
}

// resumedTime returns the modification time in the marker of the upload that is resumed.
func (u *uploader) resumedTime() string {
	if u.resumed == nil {
		return ""
	}
	return u.resumed.MTime
}

// unmark deletes the marker. From then on the segments belong to a file, and no longer to an
// upload.
func (u *uploader) unmark(ctx context.Context) error {
	if u.marked() && !u.unmarked {
		switch taken, err := u.shared.uploads.TakeMarker(ctx, u.parts.target, u.upload); {
		case err != nil:
			return err
		case !taken:
			return vfs.Errorf(vfs.ErrChanged, "this upload was removed by somebody else meanwhile")
		}
	}
	u.unmarked = true
	return nil
}
