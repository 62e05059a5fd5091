package swift

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// Digest implements [vfs.DigestFS]: a plain object's MD5 is its ETag, and the rest is what was kept
// when the file was written.
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
