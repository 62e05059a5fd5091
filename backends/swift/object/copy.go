package object

import (
	"context"
	"errors"
	"path"
	"time"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Copy makes an independent copy of a file, inside of Swift: one object if it fits into one, else
// copies of its segments and a manifest. It copies the metadata too, and records the ETag of the
// original in the copy. A large object whose parts are not known is read and written.
func (s *Writers) Copy(ctx context.Context, from api.Name, o api.Object, to api.Name) error {
	err := s.large.copy(ctx, from, o, to)
	if errors.Is(err, ErrNoManifest) {
		return s.copyThrough(ctx, from, o, to)
	}
	return err
}

// copy makes a copy inside of Swift. If the parts of the file are not known, the error is
// ErrNoManifest.
func (lo *Large) copy(ctx context.Context, from api.Name, o api.Object, to api.Name) error {
	limits, err := lo.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	// Swift would copy a static large object to a plain object that keeps traces of the manifest.
	// Swift would then compare the conditions of requests with the manifest, and resumed reads
	// would fail.
	if o.SLO && limits.SLO || o.IsLarge() && !limits.CopyContent || o.Size > limits.FileSize {
		return lo.copyLarge(ctx, from, o, to, limits)
	}
	header := lo.client.Destination(to)
	header[api.MetaCopyOf] = o.ETag
	_, err = lo.client.SendMatching(ctx, api.Request{Method: api.MethodCopy, Target: from, Header: header}, o.ETag)
	return api.Translate(err)
}

// copyLarge copies a file that does not fit into one object.
func (lo *Large) copyLarge(ctx context.Context, from api.Name, o api.Object, to api.Name, limits api.Limits) error {
	if !limits.SLO && limits.CopyContent {
		return vfs.Errorf(vfs.ErrTooLarge, "this storage copies files of up to %d bytes", limits.FileSize)
	}
	old, err := lo.contentOf(ctx, from, o)
	if err != nil {
		return err
	}
	made := &parts{large: lo, target: to, place: HiddenPlace(to, newUploadID(time.Now()))}
	copied, err := made.copyAll(ctx, old)
	if err == nil {
		for i := range old {
			old[i].seg = copied[old[i].seg.name]
		}
		err = made.putCopied(ctx, old, copiedHeader(o), limits)
	}
	if err != nil && !api.Reached(err) {
		lo.deleteSegments(context.WithoutCancel(ctx), made.names())
	}
	return api.Translate(err)
}

// copiedHeader returns the header for the manifest of a copy.
func copiedHeader(o api.Object) map[string]string {
	header := o.KeptHeader()
	delete(header, "X-Object-Manifest")
	delete(header, api.MetaSegments)
	header["Content-Type"] = o.ContentType
	header[api.MetaCopyOf] = o.ETag
	return header
}

// putCopied puts the manifest of a copy. The error is not translated.
func (p *parts) putCopied(ctx context.Context, l Layout, header map[string]string, limits api.Limits) error {
	if !limits.SLORanges {
		return p.putWhole(ctx, l, p.large.listsSegments(l, limits), header)
	}
	var entries []ManifestEntry
	for _, e := range l {
		entries = append(entries, sloEntryOf(e))
	}
	entries, err := p.nest(ctx, entries, limits.SLOSegments)
	if err != nil {
		return err
	}
	_, err = p.large.PutManifest(ctx, p.target, entries, header)
	return err
}

// copyThrough copies a large object whose parts are not known by reading and writing it.
func (s *Writers) copyThrough(ctx context.Context, from api.Name, o api.Object, to api.Name) error {
	limits, err := s.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	// Exclusive, because no client could resume the copy if it is interrupted.
	opts := vfs.WriteOptions{Create: true, Truncate: true, Exclusive: true, Size: o.Size}
	w, err := s.newWriter(ctx, Target{Name: to, Base: path.Base(to.Object)}, opts, limits)
	if err != nil {
		return err
	}
	w.size = o.Size
	w.chain.broken = true
	w.layout = Layout{{Span: spans.Span{Off: 0, End: o.Size}, seg: &Segment{name: from, size: o.Size, etag: o.ETag, opaque: true}}}
	w.committing = true
	w.start(ctx)
	defer w.Close()
	if _, err := w.publishWhole(ctx, copiedHeader(o)); err != nil {
		w.pub.failed(err)
		return w.pub.refusal(err, true)
	}
	w.mu.Lock()
	w.done = true
	w.mu.Unlock()
	w.release()
	return nil
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
