package object

import (
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// A large file consists of whole segments, in a place of its own, if a manifest cannot name ranges.
// This holds for all dynamic large objects, and in some stores for static ones (see api.Abilities).
//
// A dynamic large object consists of all objects with a prefix, in the order of their names, as far
// as the container lists them. Therefore each upload has its own prefix, which ends in a slash and
// contains only segments of the file. Only whole segments are used, and holes are stored. The
// manifest is put only after the listing has all segments.

// place returns the place of the segments of a new upload, which is the prefix of their names.
func (lo *Large) place(ctx context.Context, n api.Name, upload string, old api.Object, size int64) (api.Name, error) {
	hidden := HiddenPlace(n, upload)
	if !lo.writing.Dynamic || size > 0 && size <= lo.writing.SegmentSize {
		return hidden, nil
	}
	// The place is beside the file, as in sftp-cloudfs. The prefixes in the manifests of
	// sftp-cloudfs do not end in a slash, so any object below such a prefix becomes content of that
	// file. A place below such a prefix is skipped.
	for i := range 100 {
		base := n.Object + ".part/"
		if i > 0 {
			base = fmt.Sprintf("%s_%02d.part/", n.Object, i)
		}
		place := n.With(base + upload + "/")
		if len(place.Object)+api.SegmentTail > api.MaxObjectName {
			break
		}
		if container, prefix := old.DLOPrefix(n); container == n.Top() && strings.HasPrefix(place.Object, prefix) {
			continue
		}
		page, err := lo.lists.List(ctx, n.Top(), listing.Query{Prefix: base, Delimiter: true, Limit: 1})
		if err != nil {
			return api.Name{}, err
		}
		if len(page) == 0 || page[0].Subdir != "" {
			return place, nil
		}
	}
	return hidden, nil
}

// layoutOfDLO returns the layout of a dynamic large object. It returns nil if a segment is itself a
// manifest, or if the listing is not up to date.
func (lo *Large) layoutOfDLO(ctx context.Context, n api.Name, o api.Object) (Layout, error) {
	container, prefix := o.DLOPrefix(n)
	entries, err := lo.lists.AllListed(ctx, container, prefix)
	if err != nil {
		return nil, err
	}
	var l Layout
	var off int64
	for _, e := range entries {
		if e.SLOEtag != "" || e.Symlink != "" && !e.VersionLink {
			return nil, nil
		}
		if e.Bytes > 0 {
			l = append(l, Extent{Span: spans.Span{Off: off, End: off + e.Bytes}, seg: &Segment{name: container.With(e.Name), size: e.Bytes, etag: e.Hash}})
		}
		if off += e.Bytes; off < 0 { // overflow: no file is that large
			return nil, nil
		}
	}
	if off != o.Size {
		return nil, nil
	}
	return l, nil
}

// assemble changes the layout to whole segments of this upload. It sends parts of segments and
// holes as new segments, copies the segments of other files and uploads, and deletes segments that
// are not needed.
func (w *Writer) assemble(ctx context.Context) error {
	var anew spans.Set
	var holes int64
	err := w.layout.pieces(0, w.size, func(e Extent) error {
		if e.seg == nil {
			holes += e.Len()
		}
		if e.seg == nil || !e.whole() || e.seg.opaque {
			anew.Add(e.Off, e.End)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if holes > maxDLOHoles {
		return errHoles
	}
	for _, run := range anew {
		if err := w.fill(ctx, run.Off, run.End); err != nil {
			return err
		}
		if err := w.fillHoles(run.Off, run.End); err != nil {
			return err
		}
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(w.shared.writing.Concurrency)
	for i := range w.layout {
		e := &w.layout[i]
		if w.up.parts.own(e.seg.name) {
			continue
		}
		g.Go(func() error {
			seg, err := w.up.parts.copy(gctx, e.seg, e.Off, e.seg.name == w.pub.target && w.pub.old.IsLarge())
			if err == nil {
				e.seg = seg
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return w.deleteUnneeded(ctx)
}

// publishWhole publishes the content as a large object of whole segments.
func (w *Writer) publishWhole(ctx context.Context, header map[string]string) (etag string, err error) {
	if err := w.assemble(ctx); err != nil {
		return "", err
	}
	static := !w.pub.blind && w.shared.large.listsSegments(w.layout, w.pub.limits)
	if !w.pub.blind && !static {
		if err := w.awaitListed(ctx); err != nil {
			return "", err
		}
	}
	if err := w.up.checkRoom(ctx); err != nil {
		return "", err
	}
	if err := w.up.unmark(ctx); err != nil {
		return "", err
	}
	etag = w.dloETag()
	return etag, w.pub.put(ctx, etag, header, func() error { return w.up.parts.putWhole(ctx, w.layout, static, header) })
}

// listsSegments reports whether the manifest of the whole segments of a layout is that of a static
// large object.
func (lo *Large) listsSegments(l Layout, limits api.Limits) bool {
	return limits.SLO && !lo.writing.Dynamic && len(l) <= limits.SLOSegments
}

// putWhole puts the manifest of a file of whole segments, whose place contains nothing else. A
// static manifest has the place in its metadata. The error is not translated.
func (p *parts) putWhole(ctx context.Context, l Layout, static bool, header map[string]string) error {
	header = maps.Clone(header)
	// Swift would take "&" as the start of a URL parameter, unless it is encoded.
	place := strings.ReplaceAll(api.Quote(strings.TrimPrefix(p.place.InAccount(), "/")), "&", "%26")
	if !static {
		header["X-Object-Manifest"] = place
		_, err := p.large.client.Send(ctx, api.Request{Method: http.MethodPut, Target: p.target, Header: header})
		return err
	}
	header[api.MetaSegments] = place
	var entries []ManifestEntry
	for _, e := range l {
		entries = append(entries, sloEntryOf(e))
	}
	_, err := p.large.PutManifest(ctx, p.target, entries, header)
	return err
}

// fillHoles writes zeros to the holes between off and end.
func (w *Writer) fillHoles(off, end int64) error {
	var holes []Extent
	w.mu.Lock()
	err := w.layout.pieces(off, end, func(e Extent) error {
		if e.seg == nil {
			holes = append(holes, e)
		}
		return nil
	})
	w.mu.Unlock()
	for _, e := range holes {
		for at := e.Off; at < e.End && err == nil; at += buffers.BlockSize {
			_, err = w.WriteAt(zeros[:min(buffers.BlockSize, e.End-at)], at)
		}
	}
	return err
}

// deleteUnneeded deletes the segments of this upload that the file does not use, because all
// objects below its prefix become its content.
func (w *Writer) deleteUnneeded(ctx context.Context) error {
	needed := map[api.Name]bool{}
	for _, e := range w.layout {
		needed[e.seg.name] = true
	}
	var gone []api.Name
	for _, name := range w.up.parts.names() {
		if !needed[name] {
			gone = append(gone, name)
		}
	}
	if w.up.resumed != nil {
		for _, n := range w.up.resumed.segments {
			if w.up.parts.own(n) && !needed[n] {
				gone = append(gone, n)
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return w.shared.client.DeleteAll(ctx, gone)
}

// awaitListed waits until the listing has exactly the segments of the file. It waits at most as
// long as a failing request is repeated.
func (w *Writer) awaitListed(ctx context.Context) error {
	deadline := time.Now().Add(w.shared.client.Patience)
	for try := 0; ; try++ {
		listed, err := w.shared.lists.ListedBySwift(ctx, w.up.parts.place.Top(), w.up.parts.place.Object)
		if err != nil || w.agrees(listed) {
			return err
		}
		if time.Now().After(deadline) {
			return vfs.Errorf(vfs.ErrUnavailable, "the storage does not list all parts of the file yet, try again later")
		}
		select {
		case <-time.After(api.Backoff(try)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// agrees reports whether a listing has the file's segments in the right order.
func (w *Writer) agrees(listed []listing.Entry) bool {
	if len(listed) != len(w.layout) {
		return false
	}
	for i, e := range w.layout {
		if l := listed[i]; l.Name != e.seg.name.Object || l.Bytes != e.seg.size || l.Hash != e.seg.etag {
			return false
		}
	}
	return true
}

// dloETag returns the ETag that Swift gives to the dynamic large object.
func (w *Writer) dloETag() string {
	h := md5.New() //nolint:gosec // Swift's ETags are MD5
	for _, e := range w.layout {
		h.Write([]byte(e.seg.etag))
	}
	return hex.EncodeToString(h.Sum(nil))
}
