package swift

import (
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
			c.SegmentSize, c.MaxSegmentSize = blockSize, 2*blockSize
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.limits, tt.change)
			vfstest.TestFS(t, func(*testing.T) vfs.FS { return f.FS }, vfstest.Limits{Root: f.dir})
		})
	}
}
