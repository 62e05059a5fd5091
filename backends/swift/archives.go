package swift

import (
	"context"
	"net/http"
	"slices"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

var _ vfs.ArchiveFS = (*FS)(nil)

// Archives implements [vfs.ArchiveFS]. It returns the containers in X-Versions-Location or
// X-History-Location of the names' containers. The account itself has no archive.
func (f *FS) Archives(ctx context.Context, names []vfs.Path) ([]vfs.Path, error) {
	var asked []api.Name
	var all []vfs.Path
	for _, p := range names {
		n, err := f.locate(p)
		if err != nil {
			return nil, err
		}
		container := n.Top()
		if container.Container == "" || slices.Contains(asked, container) {
			continue
		}
		asked = append(asked, container)
		how, err := f.versioningFor(ctx, container)
		switch status := api.StatusOf(err); {
		case status == http.StatusNotFound, status == http.StatusForbidden:
			// A login that may not request a container's attributes does not get its archive.
			continue
		case err != nil:
			return nil, api.Translate(err)
		}
		if container.Container = how.Archive; how.Archive != "" {
			all = append(all, f.plainest(container))
		}
	}
	return all, nil
}
