package swift

import (
	"context"
	"slices"
	"strings"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// TestConformance runs the suite over a fake Swift: as it comes, with small segments and manifests, and with small pages.
func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name   string
		limits swifttest.Limits
		change func(*Config)
	}{
		{"Default", swifttest.Limits{}, nil},
		{"SmallPages", swifttest.Limits{ListingLimit: 7, NoBulkDelete: true}, nil},
		{"SmallSegments", swifttest.Limits{MaxManifestSegments: 3, MaxDeletes: 2}, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.KeepModes = blockSize, 2*blockSize, true
		}},
		{"NoSLO", swifttest.Limits{NoSLO: true, ListingLimit: 7}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = blockSize, 2*blockSize }},
		{"DLO", swifttest.Limits{}, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.LargeObjects, c.KeepModes = blockSize, 2*blockSize, "dlo", true
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.limits.NoSLO || tt.name == "DLO" {
				checks(t, "25")
			}
			f := newFake(t, tt.limits, tt.change)
			forgets := !f.backend.cfg.KeepModes
			vfstest.TestFS(t, func(*testing.T) vfs.FS { return withoutParts{f.FS} }, vfstest.Limits{Root: f.dir, NoModes: forgets, NoOwners: forgets})
		})
	}
}

// withoutParts leaves the directories of segments out of listings, which lie beside the files in the old layout.
type withoutParts struct{ *FS }

func (f withoutParts) List(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	l, err := f.FS.List(ctx, p)
	if err != nil {
		return nil, err
	}
	return &partlessLister{l, f.FS, p}, nil
}

type partlessLister struct {
	vfs.Lister
	fs  *FS
	dir vfs.Path
}

func (l *partlessLister) Next(ctx context.Context) ([]vfs.Info, error) {
	for {
		page, err := l.Lister.Next(ctx)
		if err != nil {
			return nil, err
		}
		page = slices.DeleteFunc(page, func(i vfs.Info) bool { return strings.HasSuffix(i.Name, ".part") && l.ofUploads(ctx, i.Name) })
		if len(page) > 0 {
			return page, nil
		}
	}
}

// ofUploads says whether an entry is a directory with nothing in it but uploads.
func (l *partlessLister) ofUploads(ctx context.Context, base string) bool {
	n, err := l.fs.locate(l.dir.Join(base))
	if err != nil {
		return false
	}
	entries, err := l.fs.page(ctx, n, listing{prefix: n.prefix(), delimiter: true, limit: 10})
	return err == nil && len(entries) > 0 && !slices.ContainsFunc(entries, func(e entry) bool {
		return !isUploadID(strings.TrimSuffix(strings.TrimPrefix(e.Subdir, n.prefix()), "/"))
	})
}
