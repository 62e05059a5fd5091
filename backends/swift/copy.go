package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

var _ vfs.CopyFS = (*FS)(nil)

// Copy implements [vfs.CopyFS]: on Swift's side, at the cost of a COPY. A file of more than 5 GiB is copied segment by segment.
func (f *FS) Copy(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	from, err := f.locateFile(oldname)
	if err != nil {
		return err
	}
	to, err := f.locateFile(newname)
	if err != nil {
		return err
	}
	if from, _, err = f.readable(ctx, from, oldname.Base()); err != nil {
		return err
	}
	if err := f.changeable(ctx, to); err != nil {
		return err
	}
	from, info, o, err := f.lookupThrough(ctx, from, oldname.Base())
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	case opts.IfVersion != "" && opts.IfVersion != o.version():
		return vfs.ErrChanged
	case from == to:
		return vfs.ErrOntoItself
	case to.checkNew() != nil:
		return to.checkNew()
	}
	target, replaced, err := f.lookupNew(ctx, to, newname.Base())
	to, target, replaced, err = f.through(ctx, to, newname.Base(), target, replaced, err)
	if from == to {
		return vfs.ErrOntoItself
	}
	if err := replaceable(target, err, opts.Replace); err != nil {
		return err
	}
	if !replaced.exists() {
		if err := f.prepareParent(ctx, to); err != nil {
			return err
		}
	}
	switch part, err := f.isPartOf(ctx, to, replaced, from, o); {
	case err != nil:
		return translate(err)
	case part:
		return vfs.Errorf(vfs.ErrInvalid, "the file %q is stored in parts, and the new name is that of one of them: choose another name", from.inAccount())
	}
	freed, err := f.freedBy(ctx, to, replaced)
	if err != nil {
		return translate(err)
	}
	if err := f.roomFor(ctx, to, o.size); err != nil {
		return err
	}
	if err := f.copyContent(ctx, from, o, to); err != nil {
		return err
	}
	f.release(ctx, to, freed)
	return nil
}

// replaceable says why a file cannot be made where a lookup has come to that; replace says that one may be there.
func replaceable(target vfs.Info, err error, replace bool) error {
	switch {
	case errors.Is(err, errNoContainer):
		return err
	case errors.Is(err, vfs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case target.IsDir():
		return vfs.ErrIsDir
	case !replace:
		return vfs.ErrExist
	}
	return nil
}

// copyContent makes to a copy of a file that shares nothing with it, on Swift's side: one object as long as it fits into one, else its segments
// and a manifest of them. Metadata goes along, and the copy tells of what it is one.
func (f *FS) copyContent(ctx context.Context, from name, o object, to name) error {
	limits, err := f.client.limits(ctx)
	if err != nil {
		return translate(err)
	}
	// Of a static large object Swift would make a plain one that keeps a trace of the manifest: it then takes conditions as being about that, and
	// reads of it that must be taken up again fail.
	if o.slo && limits.slo || o.size > limits.fileSize {
		return f.copyLarge(ctx, from, o, to, limits)
	}
	header := f.client.destination(to)
	header[metaCopyOf] = o.etag
	_, err = f.client.sendMatching(ctx, request{method: methodCopy, target: from, header: header}, o.etag)
	return translate(err)
}

// copyLarge copies a file that does not fit into one object.
func (f *FS) copyLarge(ctx context.Context, from name, o object, to name, limits limits) error {
	if !limits.slo {
		return vfs.Errorf(vfs.ErrTooLarge, "this storage copies files of up to %d bytes", limits.fileSize)
	}
	old, err := f.contentOf(ctx, from, o)
	if err != nil {
		return err
	}
	// A writer with nothing to write: it knows where segments go, and how to put a manifest of any length.
	w := &writer{fs: f, target: to, place: hiddenPlace(to, newUploadID(time.Now())), limits: limits}
	copied, err := w.copySegments(ctx, old)
	if err == nil {
		header := o.kept()
		delete(header, "X-Object-Manifest")
		header["Content-Type"] = o.contentType
		header[metaCopyOf] = o.etag
		var entries []sloEntry
		for _, e := range old {
			e.seg = copied[e.seg.name]
			entries = append(entries, sloEntryOf(e))
		}
		if entries, err = w.nest(ctx, entries); err == nil {
			_, err = f.putSLO(ctx, to, entries, header)
		}
	}
	if err != nil && !reached(err) {
		var made []name
		for _, seg := range w.sent {
			made = append(made, seg.name)
		}
		f.deleteSegments(context.WithoutCancel(ctx), made)
	}
	return translate(err)
}

// contentOf returns where the bytes of a large file lie.
func (f *FS) contentOf(ctx context.Context, n name, o object) (layout, error) {
	var l layout
	var err error
	if o.slo {
		l, err = f.layoutOf(ctx, n, o.size, maxNesting)
	} else if o.dlo != "" {
		l, err = f.layoutOfDLO(ctx, n, o)
	}
	if err == nil && l == nil {
		err = vfs.Errorf(vfs.ErrUnsupported, "the storage cannot copy this file: its manifest is of an unknown form, or its parts are not all listed yet")
	}
	return l, translate(err)
}

// copySegments copies what a file is made of, each segment once, and returns the copies by the names of the originals.
func (w *writer) copySegments(ctx context.Context, old layout) (map[name]*segment, error) {
	copied := map[name]*segment{}
	// One that fails does not end the others: what is cut off may be stored after it has been deleted.
	var g errgroup.Group
	g.SetLimit(movesAtOnce)
	for _, e := range old {
		if copied[e.seg.name] != nil {
			continue
		}
		to := &segment{}
		copied[e.seg.name] = to
		g.Go(func() error {
			seg, err := w.copySegment(ctx, e.seg, e.Off)
			if err == nil {
				*to = *seg
			}
			return err
		})
	}
	return copied, g.Wait()
}

// copySegment copies what holds a part of a file to a segment of this upload, on Swift's side.
func (w *writer) copySegment(ctx context.Context, from *segment, off int64) (*segment, error) {
	w.mu.Lock()
	copied := &segment{name: w.newName(off), size: from.size}
	w.sent = append(w.sent, copied)
	w.mu.Unlock()
	header := w.fs.client.destination(copied.name)
	header["X-Fresh-Metadata"] = "true"
	req := request{method: methodCopy, target: from.name, header: header}
	resp, err := w.fs.client.sendMatching(ctx, req, from.etag)
	if status(err) == http.StatusNotFound && copied.name.top() == w.target.segments() {
		if err := w.fs.makeSegmentsContainer(ctx, w.target); err != nil {
			return nil, err
		}
		resp, err = w.fs.client.sendMatching(ctx, req, from.etag)
	}
	if err != nil {
		return nil, fmt.Errorf("copying the old content: %w", err)
	}
	copied.etag = strings.Trim(resp.header.Get("Etag"), `"`)
	// A large object of another kind has another ETag than the plain object that a copy makes of it.
	if large := from.name == w.target && w.old.isLarge(); !large && copied.etag != from.etag {
		return nil, vfs.ErrChanged
	}
	return copied, nil
}
