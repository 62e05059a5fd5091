package fsck

import (
	"strings"
	"testing"

	"filegate/backends/swift/api"
)

// FuzzGroupOf has names that any client may have given to objects. Names that show no segment are
// those of files, and must never be taken for segments of filegate, which are deleted.
func FuzzGroupOf(f *testing.F) {
	for _, name := range []string{
		"file/20260101T000000Z-00000001/0000000000000000-000000", "file/20260101T000000Z-00000001/0000000000000000-000000-manifest0",
		"file/slo/1500000000.000000/2/1/00000000", "file/1500000000.123456789/2/00000000", "file/2026-12-01-043001-0OTjG4VDrzu0S_NPrxXFwg/00000000",
		"file.part/000000", "file_01.part/000000", "file/VXBsb2FkIElEIGZvciBlbHZ/1", "", "/", "a", "//-/-", "20260101T000000Z-00000001/0-0",
	} {
		f.Add("c", name)
		f.Add("c_segments", name)
		f.Add("c+segments", name)
	}
	f.Fuzz(func(t *testing.T, container, name string) {
		g, ok := groupOf(api.Name{Container: container, Object: name})
		if !ok {
			return
		}
		if !strings.HasPrefix(name, g.prefix) || !strings.HasSuffix(g.prefix, "/") || strings.Contains(name[len(g.prefix):], "/") {
			t.Errorf("the group of %q is %q", name, g.prefix)
		}
		if g.own && !strings.HasSuffix(g.prefix, "/"+g.upload+"/") {
			t.Errorf("%q is a segment of filegate, and the upload is %q in %q", name, g.upload, g.prefix)
		}
	})
}
