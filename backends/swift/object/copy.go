package object

import (
	"context"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Copy makes an independent copy of a file, inside of Swift: one object if it fits into one, else
// copies of its segments and a manifest. It copies the metadata too, and records in the copy what
// it is a copy of.
func (lo *Large) Copy(ctx context.Context, from api.Name, o api.Object, to api.Name) error {
	limits, err := lo.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	// Swift would copy a static large object to a plain object that keeps traces of the manifest.
	// Conditional requests would then apply to the manifest, and resumed reads would fail.
	if o.SLO && limits.SLO || o.Size > limits.FileSize {
		return lo.copyLarge(ctx, from, o, to, limits)
	}
	header := lo.client.Destination(to)
	header[api.MetaCopyOf] = o.ETag
	_, err = lo.client.SendMatching(ctx, api.Request{Method: api.MethodCopy, Target: from, Header: header}, o.ETag)
	return api.Translate(err)
}

// copyLarge copies a file that does not fit into one object.
func (lo *Large) copyLarge(ctx context.Context, from api.Name, o api.Object, to api.Name, limits api.Limits) error {
	if !limits.SLO {
		return vfs.Errorf(vfs.ErrTooLarge, "this storage copies files of up to %d bytes", limits.FileSize)
	}
	old, err := lo.contentOf(ctx, from, o)
	if err != nil {
		return err
	}
	made := &parts{large: lo, target: to, place: HiddenPlace(to, newUploadID(time.Now()))}
	copied, err := made.copyAll(ctx, old)
	if err == nil {
		header := o.KeptHeader()
		delete(header, "X-Object-Manifest")
		header["Content-Type"] = o.ContentType
		header[api.MetaCopyOf] = o.ETag
		var entries []Entry
		for _, e := range old {
			e.seg = copied[e.seg.name]
			entries = append(entries, sloEntryOf(e))
		}
		if entries, err = made.nest(ctx, entries, limits.SLOSegments); err == nil {
			_, err = lo.PutManifest(ctx, to, entries, header)
		}
	}
	if err != nil && !api.Reached(err) {
		lo.deleteSegments(context.WithoutCancel(ctx), made.names())
	}
	return api.Translate(err)
}

// contentOf returns the layout of a large file.
func (lo *Large) contentOf(ctx context.Context, n api.Name, o api.Object) (Layout, error) {
	var l Layout
	var err error
	if o.SLO {
		l, err = lo.LayoutOf(ctx, n, o.Size, maxNesting)
	} else if o.DLO != "" {
		l, err = lo.layoutOfDLO(ctx, n, o)
	}
	if err == nil && l == nil {
		err = vfs.Errorf(vfs.ErrUnsupported, "the storage cannot copy this file: its manifest is of an unknown form, or its parts are not all listed yet")
	}
	return l, api.Translate(err)
}
