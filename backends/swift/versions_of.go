package swift

import (
	"cmp"
	"context"
	"io"
	"slices"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// maxVersions is how many versions of one file are returned at most.
const maxVersions = 10_000

// versionsOf returns the directory of a file's versions.
func (f *FS) versionsOf(ctx context.Context, p vfs.Path) (history, error) {
	n, err := f.locateFile(p)
	if err != nil {
		return history{}, err
	}
	switch _, inTree, err := f.historyAt(ctx, n); {
	case err != nil:
		return history{}, err
	case inTree:
		return history{}, vfs.Errorf(vfs.ErrInvalid, "this is a version itself: name the file")
	}
	how, err := f.versioningFor(ctx, n.Top())
	if err != nil {
		return history{}, api.Translate(err)
	}
	if !how.Keeps() {
		return history{}, vfs.Errorf(vfs.ErrUnsupported, "no versions are kept in %q: its owner can say so, with \"swift post %s -H X-Versions-Enabled:true\"", n.Container, n.Container)
	}
	return history{f, n, how}, nil
}

// Versions implements [vfs.VersionFS].
func (f *FS) Versions(ctx context.Context, p vfs.Path) ([]vfs.Info, error) {
	h, err := f.versionsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	l, err := h.list(ctx, p)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var all []vfs.Info
	for {
		page, err := l.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, info := range page {
			if !info.IsDir() {
				all = append(all, info)
			}
		}
		if len(all) > maxVersions {
			return nil, vfs.Errorf(vfs.ErrTooLarge, "there are more than %d versions: list the directory of them, .versions, instead", maxVersions)
		}
	}
	slices.SortFunc(all, func(a, b vfs.Info) int { return cmp.Compare(b.Name, a.Name) })
	return all, nil
}

// Restore implements [vfs.VersionFS].
func (f *FS) Restore(ctx context.Context, p vfs.Path, version string) error {
	h, err := f.versionsOf(ctx, p)
	if err != nil {
		return err
	}
	if !vfs.ValidName(version) {
		return vfs.ErrNotExist
	}
	h.of = h.of.With(h.of.Object + "/" + version)
	return h.restore(ctx, p, vfs.RenameOptions{Replace: true})
}
