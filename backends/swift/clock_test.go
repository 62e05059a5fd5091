package swift

import (
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// TestWrongClock runs subjects of the suite on a gateway whose clock is behind or ahead of Swift's.
func TestWrongClock(t *testing.T) {
	checks(t, 3)
	for name, ahead := range map[string]time.Duration{"Behind": time.Hour, "Ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := swifttest.Start(t, swifttest.Config{Ahead: ahead})
			f := openFS(t, accountIn(srv), func(c *Config) { c.KeepModes = true })
			vfstest.TestSubjects(t, func(*testing.T) vfs.FS { return f },
				vfstest.Limits{Root: makeContainer(t, f), NoDirLinks: true, Many: 200},
				"Stat", "List", "OpenFile", "Mkdir", "Remove", "Rename", "Attrs", "Model")
		})
	}
}
