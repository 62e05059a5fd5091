package object

import (
	"context" //nolint:gosec // Swift's ETags are MD5
	"io"
	"net/http"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Commit implements [vfs.Writer].
func (w *Writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.mu.Lock()
	err := w.up.err
	if err == nil && w.done {
		err = vfs.ErrClosed
	}
	w.committing = true
	w.mu.Unlock()
	if err != nil {
		return vfs.Info{}, err
	}
	if w.pub.opts.IfVersion != "" {
		switch now, err := w.shared.client.Head(ctx, w.pub.target); {
		case api.StatusOf(err) == http.StatusNotFound, err == nil && now.Version() != w.pub.opts.IfVersion:
			return vfs.Info{}, vfs.ErrChanged
		case err != nil:
			return vfs.Info{}, api.Translate(err)
		}
	}
	if w.untouched() {
		return w.commitNothing(ctx)
	}
	replaced, err := w.pub.replaced(ctx)
	if err != nil {
		return vfs.Info{}, err
	}
	if !w.pub.old.Exists() {
		if err := w.shared.names.MakeParents(ctx, w.pub.target); err != nil {
			return vfs.Info{}, err
		}
	}
	version, named, err := w.publish(ctx)
	if err != nil {
		w.pub.failed(err)
		return vfs.Info{}, w.pub.refusal(err, len(w.layout) > 0)
	}
	w.mu.Lock()
	w.done = true
	w.mu.Unlock()
	w.release()
	replaced = append(replaced, w.pub.overtaken...)
	w.sweep(ctx, replaced, named)
	if w.pub.superseded != nil {
		if err := w.shared.uploads.Remove(ctx, w.pub.target, w.pub.superseded); err != nil {
			w.shared.log.Warn("cut-off upload not deleted", "target", w.pub.target.String(), "err", err)
		}
	}
	switch {
	case w.pub.blind:
	case named != nil:
		w.shared.uploads.sweepUploads(ctx, w.pub.target)
	case len(replaced) > 0 || w.pub.superseded != nil:
		w.shared.containers.DropSegments(ctx, w.pub.target)
	}
	info := vfs.Info{Name: w.pub.base, Size: w.size, Mode: api.DefaultFileMode, ModTime: w.pub.modTime(), Version: version}
	return w.pub.changedBy(w.pub.old.Modes.Over(info)), nil
}

// untouched reports whether the content is the same as at opening.
func (w *Writer) untouched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pub.old.Exists() && !w.pub.opts.Truncate && !w.changed
}

// commitNothing leaves the content unchanged, and sets the attributes if there are any.
func (w *Writer) commitNothing(ctx context.Context) (vfs.Info, error) {
	if more := w.shared.client.AttrsHeader(w.pub.attrs, false); len(more) > 0 {
		if err := w.shared.client.SetMeta(ctx, w.pub.target, w.pub.old, more); err != nil {
			return vfs.Info{}, err
		}
	}
	w.mu.Lock()
	w.done = true
	w.mu.Unlock()
	w.release()
	return w.pub.changedBy(w.pub.old.Info(w.pub.base)), nil
}

// publish stores the content under the file's name: as a plain object if it is small enough and no
// part of it has been sent as a segment, else with a manifest. It returns the new version and the
// names of the segments that the file now uses.
func (w *Writer) publish(ctx context.Context) (version string, needed map[api.Name]bool, err error) {
	plain, err := w.gather(ctx)
	if err != nil {
		return "", nil, err
	}
	if plain != nil {
		// A file that is now empty may have sent segments before. They must be stored before they
		// can be deleted.
		if err := w.up.wait(ctx); err != nil {
			return "", nil, err
		}
		if w.shared.containers.known.get(w.pub.target.Top()).limited {
			if err := w.shared.containers.CheckRoomIn(ctx, w.pub.target, plain.Len()); err != nil {
				return "", nil, err
			}
		}
		if err := w.up.unmark(ctx); err != nil {
			return "", nil, err
		}
		header := w.pub.newObjectHeader(w.isWhole())
		w.sumPlain(plain, header)
		err := w.pub.put(ctx, header["Etag"], header, func() error {
			_, err := w.shared.client.Send(ctx, api.Request{Method: http.MethodPut, Target: w.pub.target, Body: plain.Reader(), Length: plain.Len(), Header: header})
			return err
		})
		if err == nil {
			w.shared.names.Wrote(w.pub.target, plain.Len(), header)
			w.pub.keepSums(header, true)
		}
		return header["Etag"], nil, err
	}
	if err := w.settle(ctx); err != nil {
		return "", nil, err
	}
	header := w.pub.newObjectHeader(w.isWhole())
	w.chain.whole(w.size).header(header) // before any part is sent again, in another order
	w.pub.keepSums(header, false)
	if w.wholeSegments {
		etag, err := w.publishWhole(ctx, header)
		return etag, w.named(), err
	}
	if err := w.adopt(ctx); err != nil {
		return "", nil, err
	}
	entries, err := w.entries(ctx)
	if err != nil {
		return "", nil, err
	}
	entries, err = w.up.parts.nest(ctx, entries, w.pub.limits.SLOSegments)
	if err != nil {
		return "", nil, err
	}
	if err := w.up.checkRoom(ctx); err != nil {
		return "", nil, err
	}
	if err := w.up.unmark(ctx); err != nil {
		return "", nil, err
	}
	etag := sloETag(entries)
	err = w.pub.put(ctx, etag, header, func() error {
		_, err := w.shared.large.PutManifest(ctx, w.pub.target, entries, header)
		return err
	})
	named := w.named()
	for _, seg := range w.up.parts.all() { // manifests that the manifest refers to
		if seg.etag == "" {
			named[seg.name] = true
		}
	}
	return etag, named, err
}

// sumPlain adds the checksums of a plain object to its header. Its MD5 is the ETag already.
func (w *Writer) sumPlain(data api.Pieces, header map[string]string) {
	w.mu.Lock()
	d := w.chain.draft
	w.chain.late = true
	w.mu.Unlock()
	if d == nil {
		d = newDraft(0, w.shared.writing.noSums())
	}
	etag, all := d.finish(data)
	all.md5 = nil
	all.header(header)
	header["Etag"] = etag
}

// named returns the names of the segments of the content.
func (w *Writer) named() map[api.Name]bool {
	all := map[api.Name]bool{}
	for _, e := range w.layout {
		all[e.seg.name] = true
	}
	return all
}

// gather returns the whole content if it fits into one plain object and no part of it has been sent
// yet, else nil.
func (w *Writer) gather(ctx context.Context) (api.Pieces, error) {
	if w.size == 0 { // Swift does not accept a manifest without segments
		return api.Pieces{}, nil
	}
	if w.size > w.shared.writing.SegmentSize || w.size > w.pub.limits.FileSize || w.up.parts.count() > 0 {
		return nil, nil
	}
	if err := w.fill(ctx, 0, w.size); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.up.parts.count() > 0 { // fill has sent segments because memory was short
		return nil, nil
	}
	return w.buf.pieces(0, w.size), nil
}

// fill reads the stored bytes from off to end into memory, except for those that were overwritten.
func (w *Writer) fill(ctx context.Context, off, end int64) error {
	w.mu.Lock()
	var wanted []Extent
	err := w.layout.pieces(off, end, func(e Extent) error {
		if e.seg == nil {
			return nil
		}
		wanted = append(wanted, w.buf.bare(e)...)
		return nil
	})
	w.mu.Unlock()
	if err != nil {
		return err
	}
	for _, e := range wanted {
		r, err := w.shared.objects.OpenRange(ctx, e.seg.name, e.seg.etag, e.segOff, e.Len())
		if err != nil {
			return err
		}
		err = w.copyIn(r, e.Off, e.Len())
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// copyIn writes n bytes of r to off.
func (w *Writer) copyIn(r io.Reader, off, n int64) error {
	buf := make([]byte, min(n, buffers.BlockSize))
	for n > 0 {
		part := buf[:min(n, int64(len(buf)))]
		if _, err := io.ReadFull(r, part); err != nil {
			return err
		}
		if _, err := w.WriteAt(part, off); err != nil {
			return err
		}
		off, n = off+int64(len(part)), n-int64(len(part))
	}
	return nil
}

// settle sends the data in memory, and waits until all segments are stored.
func (w *Writer) settle(ctx context.Context) error {
	w.mu.Lock()
	for _, run := range append(spans.Set(nil), w.buf.dirty...) {
		w.seal(run.Off, run.End)
	}
	w.mu.Unlock()
	return w.up.wait(ctx)
}

// adopt copies the old object to a segment, inside of Swift, if the new content still needs parts
// of it. It must be copied because the manifest replaces it.
func (w *Writer) adopt(ctx context.Context) error {
	var base *Segment
	for i := range w.layout {
		if w.layout[i].seg.name == w.pub.target {
			base = w.layout[i].seg
		}
	}
	if base == nil {
		return nil
	}
	copied, err := w.up.parts.copy(ctx, base, 0, w.pub.old.IsLarge())
	if err != nil {
		return err
	}
	base.name, base.etag = copied.name, copied.etag
	return nil
}

// compactBelow is the size in bytes below which neighbouring pieces are merged. They are merged
// only in files of at least compactFrom pieces.
const (
	compactBelow = mib
	compactFrom  = 64
)
