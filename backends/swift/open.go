package swift

import (
	"context"
	"errors"
	"net/http"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Open implements [vfs.FS]. It sends the GET: the headers of the answer describe the file, and the
// body is kept for the reader.
func (f *FS) Open(ctx context.Context, p vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	n, err := f.locateFile(p)
	if err != nil {
		return nil, err
	}
	n, dated, err := f.readable(ctx, n, p.Base())
	if err != nil {
		return nil, err
	}
	if opts.Offset < 0 {
		return nil, vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
	}
	ctx, cancel := context.WithCancel(ctx)
	opened, err := f.guess.openToRead(ctx, n, opts.Offset)
	if err != nil {
		defer cancel()
		return nil, f.notAFile(ctx, n, p, err)
	}
	o := opened.Object
	switch {
	case !opened.IsFile():
		err = vfs.ErrIsDir
	case opts.IfVersion != "" && opts.IfVersion != o.Version():
		err = vfs.ErrChanged
	}
	if err != nil {
		opened.Drop()
		cancel()
		return nil, err
	}
	if !dated.IsZero() {
		o.DatedBy(dated)
	}
	return f.objects.NewReader(ctx, cancel, opened.Opening, o, p.Base(), opts.Offset), nil
}

// notAFile returns the error for a file that cannot be opened: the name may be a directory that is
// only a prefix.
func (f *FS) notAFile(ctx context.Context, n api.Name, p vfs.Path, err error) error {
	if e, ok := errors.AsType[*api.StatusError](err); ok && (e.Location != "" || e.Status == http.StatusConflict) {
		// A HEAD shows whether the error is that of a link.
		if _, headErr := f.client.Head(ctx, n); api.CannotFollow(headErr) {
			err = headErr
		}
	}
	if api.StatusOf(err) != http.StatusNotFound || api.CannotFollow(err) {
		return f.client.Refusal(ctx, n, err)
	}
	if _, statErr := f.statPrefix(ctx, n, p.Base()); statErr == nil {
		return vfs.ErrIsDir
	}
	if cut, partialErr := f.uploads.Find(ctx, n); partialErr == nil && cut != nil {
		return vfs.Errorf(vfs.ErrNotExist, "the upload of this file is not complete: %d bytes have arrived; go on with it first", cut.Size)
	}
	return api.Translate(err)
}
