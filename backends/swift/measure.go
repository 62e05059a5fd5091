package swift

import (
	"context"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

const (
	// headsAtOnce is how many HEADs a listing has under way, and how many deletions a removal.
	headsAtOnce = 16
	// measureAtOnce is how many entries of a listing are asked for before they are given out: the first shall not wait for the last of a large page.
	measureAtOnce = 512
)

// emptyHash is the MD5 of no bytes.
const emptyHash = "d41d8cd98f00b204e9800998ecf8427e"

// measure completes entries of a listing by what only a HEAD tells: the time that the file's owner gave it and, of the manifest of a dynamic large
// object, which is listed as empty, the size. What cannot be asked stays as the listing shows it.
func (f *FS) measure(ctx context.Context, dir name, page []vfs.Info) error {
	grant, err := f.client.grants.Current(ctx)
	if err != nil {
		return translate(err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i := range page {
		info := &page[i]
		mayBeManifest := info.Size == 0 && info.Version == emptyHash
		if info.IsDir() || info.Version == "" || !f.backend.cfg.ListTimes && !mayBeManifest {
			continue
		}
		n := dir.with(dir.prefix() + info.Name)
		key := keyOf(grant.Endpoint, n, info.Version, info.ModTime)
		if known, ok := f.backend.attrs.get(key); ok {
			*info = known
			continue
		}
		g.Go(func() error {
			if o, err := f.head(gctx, n); err == nil && !o.isDir() {
				*info = o.info(info.Name)
				f.backend.attrs.put(key, *info)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
