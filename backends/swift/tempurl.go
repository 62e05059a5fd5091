package swift

import (
	"context"
	"time"

	"filegate/core/vfs"
)

// TempURL implements [vfs.TempURLFS]. Clients use the URL directly at Swift, at the address in the
// login's grant.
func (f *FS) TempURL(ctx context.Context, p vfs.Path, method string, until time.Time) (string, error) {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return "", err
	case !n.IsObject():
		return "", vfs.ErrIsDir
	}
	if _, inTree, err := f.historyAt(ctx, n); err != nil || inTree {
		if err == nil {
			err = vfs.Errorf(vfs.ErrUnsupported, "a temporary URL leads to a file as it is, not to an old version")
		}
		return "", err
	}
	if err := n.CheckNew(); err != nil {
		return "", err
	}
	if method == "GET" { // the user must learn now that the URL would not work
		switch info, err := f.Stat(ctx, p); {
		case err != nil:
			return "", err
		case info.IsDir():
			return "", vfs.ErrIsDir
		case info.Partial:
			return "", vfs.Errorf(vfs.ErrNotExist, "the upload of this file was cut off: there is nothing to fetch yet")
		}
	}
	return f.client.TempURL(ctx, n, method, until)
}
