package swift

import (
	"maps"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestTraits checks the traits of detected and of configured stores.
func TestTraits(t *testing.T) {
	for _, tt := range []struct {
		limits swifttest.Limits
		change func(*Config)
		want   map[string]string
	}{
		{swifttest.Limits{MaxManifestSegments: 7}, nil, map[string]string{
			"program":                "OpenStack Swift (found out)",
			"large files":            "static large objects of up to 7 segments, nested for larger files",
			"exclusive creation":     "atomic",
			"COPY of a large object": "makes a plain object",
			"symbolic links":         "yes",
		}},
		{swifttest.Limits{Ceph: true, MaxManifestSegments: 4}, nil, map[string]string{
			"program":            "Ceph RGW (found out)",
			"large files":        "static large objects of whole segments, up to 4 of them; larger files are dynamic large objects",
			"exclusive creation": "the name is checked first: if two clients create a file within milliseconds, both may succeed",
			"versions":           "X-Versions-Location only",
			"symbolic links":     "no",
		}},
		{swifttest.Limits{}, func(c *Config) { c.Flavour, c.LargeObjects = "ceph", largeDLO }, map[string]string{
			"program":     "Ceph RGW (set by flavour)",
			"large files": `dynamic large objects (large_objects = "dlo")`,
		}},
	} {
		f := openFS(t, accountIn(swifttest.Start(t, swifttest.Config{Limits: tt.limits})), tt.change)
		traits, err := vfs.Traits(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, trait := range traits {
			got[trait.Name] = trait.Text
		}
		maps.DeleteFunc(got, func(name, _ string) bool { return tt.want[name] == "" })
		if !maps.Equal(got, tt.want) {
			t.Errorf("%+v:\n%q, want\n%q", tt.limits, got, tt.want)
		}
	}
}
