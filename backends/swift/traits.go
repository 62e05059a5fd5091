package swift

import (
	"context"
	"fmt"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

var _ vfs.TraitFS = (*FS)(nil)

// Traits implements [vfs.TraitFS].
func (f *FS) Traits(ctx context.Context) ([]vfs.Trait, error) {
	l, err := f.client.Limits(ctx)
	if err != nil {
		return nil, api.Translate(err)
	}
	return traitsOf(l, &f.backend.cfg), nil
}

// traitsOf returns the traits of a store with the limits l under a configuration.
func traitsOf(l api.Limits, c *Config) []vfs.Trait {
	program := map[api.Flavour]string{api.FlavourSwift: "OpenStack Swift", api.FlavourCeph: "Ceph RGW"}[l.Flavour]
	how := "found out"
	if c.flavour() != "" {
		how = "set by flavour"
	}
	return []vfs.Trait{
		{Name: "program", Text: fmt.Sprintf("%s (%s)", program, how)},
		{Name: "large files", Text: formOf(l, c)},
		{Name: "listings", Text: fmt.Sprintf("up to %d entries for each request; filegate continues shorter pages", l.Listing)},
		{Name: "exclusive creation", Text: either(l.IfNoneMatch, "atomic", "the name is checked first: if two clients create a file within milliseconds, both may succeed")},
		{Name: "COPY of a large object", Text: either(l.CopyContent, "makes a plain object", "makes a manifest of the same segments: filegate copies the segments instead")},
		{Name: "versions", Text: either(l.Versions, "X-Versions-Enabled, X-Versions-Location, X-History-Location", "X-Versions-Location only")},
		{Name: "symbolic links", Text: either(l.Symlinks, "yes", "no")},
		{Name: "temporary URLs", Text: either(l.TempURLHash != "", "signed by "+l.TempURLHash, "no")},
	}
}

// formOf returns a description of the form of large files.
func formOf(l api.Limits, c *Config) string {
	switch {
	case c.LargeObjects == largeDLO:
		return `dynamic large objects (large_objects = "dlo")`
	case !l.SLO:
		return "dynamic large objects, because the storage has no static ones"
	case !l.SLORanges:
		return fmt.Sprintf("static large objects of whole segments, up to %d of them; larger files are dynamic large objects", l.SLOSegments)
	}
	return fmt.Sprintf("static large objects of up to %d segments, nested for larger files", l.SLOSegments)
}

func either(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
