package swift

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// Digest implements [vfs.DigestFS]. The MD5 of a plain object is its ETag; the other checksums were
// stored when the file was written.
func (f *FS) Digest(ctx context.Context, p vfs.Path) (vfs.Sums, error) {
	n, err := f.locate(p)
	if err != nil {
		return nil, err
	}
	n, _, err = f.readable(ctx, n, p.Base())
	if err != nil {
		return nil, err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, vfs.ErrIsDir
	}
	return object.SumsOf(o.ContentMD5(), o.Header.Get(api.MetaSHA256)), nil
}
