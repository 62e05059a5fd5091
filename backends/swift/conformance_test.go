package swift

import (
	"testing"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// TestConformance runs the suite on a fake Swift: with the defaults, with small segments and
// manifests, and with small pages and a Swift that is far away. With -short it runs the first two.
func TestConformance(t *testing.T) {
	checks(t, 25)
	for i, tt := range []struct {
		name   string
		limits swifttest.Limits
		change func(*Config)
	}{
		{"Default", swifttest.Limits{}, nil},
		{"DLO", swifttest.Limits{}, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.LargeObjects, c.KeepModes = buffers.BlockSize, 2*buffers.BlockSize, "dlo", true
		}},
		{"SmallPagesFromAfar", swifttest.Limits{ListingLimit: 7, NoBulkDelete: true}, func(c *Config) { c.ListTimes = timesInType }},
		{"SmallSegments", swifttest.Limits{MaxManifestSegments: 3, MaxDeletes: 2}, func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.KeepModes = buffers.BlockSize, 2*buffers.BlockSize, true
		}},
		{"NoSLO", swifttest.Limits{NoSLO: true, ListingLimit: 7}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, 2*buffers.BlockSize }},
	} {
		if testing.Short() && i >= 2 {
			break
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, tt.limits, tt.change)
			if tt.name == "SmallPagesFromAfar" {
				f.backend.besideFrom = 0
			}
			forgets := !f.backend.cfg.KeepModes
			vfstest.TestFS(t, func(*testing.T) vfs.FS { return f.FS }, vfstest.Limits{Root: f.dir, NoModes: forgets, NoOwners: forgets, NoDirLinks: true})
		})
	}
}
