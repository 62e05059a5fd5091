package swift

import (
	"context"

	"filegate/backends/swift/fsck"
	"filegate/core/vfs"
)

var _ vfs.FsckFS = (*FS)(nil)

// Fsck implements [vfs.FsckFS]. It reads containers of all storage policies, because files in any of
// them may use a segment.
func (f *FS) Fsck(ctx context.Context, opts vfs.FsckOptions) error {
	f.allPolicies.Store(true)
	defer f.allPolicies.Store(false)
	c := fsck.Checker{
		Client: f.client, Log: f.log, Lists: f.lists, Large: f.large, Uploads: f.uploads, Renames: f.renames, Objects: f.objects,
		Retention: f.backend.cfg.ResumeRetention,
	}
	return c.Run(ctx, opts)
}
