package swift

import (
	"context"
	"maps"
	"net/http"

	"filegate/core/vfs"
)

// SetAttrs implements [vfs.AttrFS]: what is to be kept of a file, or of a directory that has an object, is kept as metadata. The rest is accepted and not
// kept, and so is all of what has no object to keep it.
func (f *FS) SetAttrs(ctx context.Context, p vfs.Path, attrs vfs.Attrs) error {
	n, err := f.locate(p)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	o, ok := f.justWritten(n)
	if !ok {
		if n, _, o, err = f.lookupThrough(ctx, n, p.Base()); err != nil {
			return err
		}
	}
	if o.header == nil {
		return nil
	}
	return f.setMeta(ctx, n, o, f.headerOf(attrs, o.isDir()))
}

// setMeta gives an object metadata, and leaves the rest of what it has as it is.
func (f *FS) setMeta(ctx context.Context, n name, o object, more map[string]string) error {
	if len(more) == 0 {
		return nil
	}
	header := o.kept()
	maps.Copy(header, more)
	_, err := f.client.send(ctx, request{method: http.MethodPost, target: n, header: header})
	return translate(err)
}
