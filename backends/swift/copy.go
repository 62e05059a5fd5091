package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

var _ vfs.CopyFS = (*FS)(nil)

// Copy implements [vfs.CopyFS]: on Swift's side, at the cost of a COPY. A file of more than 5 GiB
// is copied segment by segment.
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
	case opts.IfVersion != "" && opts.IfVersion != o.Version():
		return vfs.ErrChanged
	case from == to:
		return vfs.ErrOntoItself
	case to.CheckNew() != nil:
		return to.CheckNew()
	}
	target, replaced, err := f.lookupNew(ctx, to, newname.Base())
	to, target, replaced, err = f.through(ctx, to, newname.Base(), target, replaced, err)
	if from == to {
		return vfs.ErrOntoItself
	}
	if err := replaceable(target, err, opts.Replace); err != nil {
		return err
	}
	if !replaced.Exists() {
		if err := f.prepareParent(ctx, to); err != nil {
			return err
		}
	}
	switch part, err := f.isPartOf(ctx, to, replaced, from, o); {
	case err != nil:
		return api.Translate(err)
	case part:
		return vfs.Errorf(vfs.ErrInvalid, "the file %q is stored in parts, and the new name is that of one of them: choose another name", from.InAccount())
	}
	freed, err := f.freedBy(ctx, to, replaced)
	if err != nil {
		return api.Translate(err)
	}
	if err := f.roomFor(ctx, to, o.Size); err != nil {
		return err
	}
	if err := f.copyContent(ctx, from, o, to); err != nil {
		return err
	}
	f.release(ctx, to, freed)
	return nil
}

// replaceable says why a file cannot be made where a lookup has come to that; replace says that one
// may be there.
func replaceable(target vfs.Info, err error, replace bool) error {
	switch {
	case errors.Is(err, api.ErrNoContainer):
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

// copyContent makes to a copy of a file that shares nothing with it, on Swift's side: one object as
// long as it fits into one, else its segments and a manifest of them. Metadata goes along, and the
// copy tells of what it is one.
func (f *FS) copyContent(ctx context.Context, from api.Name, o api.Object, to api.Name) error {
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	// Of a static large object Swift would make a plain one that keeps a trace of the manifest: it
	// then takes conditions as being about that, and reads of it that must be taken up again fail.
	if o.SLO && limits.SLO || o.Size > limits.FileSize {
		return f.copyLarge(ctx, from, o, to, limits)
	}
	header := f.client.Destination(to)
	header[api.MetaCopyOf] = o.ETag
	_, err = f.client.SendMatching(ctx, api.Request{Method: api.MethodCopy, Target: from, Header: header}, o.ETag)
	return api.Translate(err)
}

// copyLarge copies a file that does not fit into one object.
func (f *FS) copyLarge(ctx context.Context, from api.Name, o api.Object, to api.Name, limits api.Limits) error {
	if !limits.SLO {
		return vfs.Errorf(vfs.ErrTooLarge, "this storage copies files of up to %d bytes", limits.FileSize)
	}
	old, err := f.contentOf(ctx, from, o)
	if err != nil {
		return err
	}
	// A writer with nothing to write: it knows where segments go, and how to put a manifest of any
	// length.
	w := &writer{fs: f, target: to, place: hiddenPlace(to, newUploadID(time.Now())), limits: limits}
	copied, err := w.copySegments(ctx, old)
	if err == nil {
		header := o.KeptHeader()
		delete(header, "X-Object-Manifest")
		header["Content-Type"] = o.ContentType
		header[api.MetaCopyOf] = o.ETag
		var entries []sloEntry
		for _, e := range old {
			e.seg = copied[e.seg.name]
			entries = append(entries, sloEntryOf(e))
		}
		if entries, err = w.nest(ctx, entries); err == nil {
			_, err = f.putSLO(ctx, to, entries, header)
		}
	}
	if err != nil && !api.Reached(err) {
		var made []api.Name
		for _, seg := range w.sent {
			made = append(made, seg.name)
		}
		f.deleteSegments(context.WithoutCancel(ctx), made)
	}
	return api.Translate(err)
}

// contentOf returns where the bytes of a large file lie.
func (f *FS) contentOf(ctx context.Context, n api.Name, o api.Object) (layout, error) {
	var l layout
	var err error
	if o.SLO {
		l, err = f.layoutOf(ctx, n, o.Size, maxNesting)
	} else if o.DLO != "" {
		l, err = f.layoutOfDLO(ctx, n, o)
	}
	if err == nil && l == nil {
		err = vfs.Errorf(vfs.ErrUnsupported, "the storage cannot copy this file: its manifest is of an unknown form, or its parts are not all listed yet")
	}
	return l, api.Translate(err)
}

// copySegments copies what a file is made of, each segment once, and returns the copies by the
// names of the originals.
func (w *writer) copySegments(ctx context.Context, old layout) (map[api.Name]*segment, error) {
	copied := map[api.Name]*segment{}
	// One that fails does not end the others: what is cut off may be stored after it has been
	// deleted.
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
	header := w.fs.client.Destination(copied.name)
	header["X-Fresh-Metadata"] = "true"
	req := api.Request{Method: api.MethodCopy, Target: from.name, Header: header}
	resp, err := w.fs.client.SendMatching(ctx, req, from.etag)
	if api.StatusOf(err) == http.StatusNotFound && copied.name.Top() == w.target.SegmentsContainer() {
		if err := w.fs.makeSegmentsContainer(ctx, w.target); err != nil {
			return nil, err
		}
		resp, err = w.fs.client.SendMatching(ctx, req, from.etag)
	}
	if err != nil {
		return nil, fmt.Errorf("copying the old content: %w", err)
	}
	copied.etag = strings.Trim(resp.Header.Get("Etag"), `"`)
	// A large object of another kind has another ETag than the plain object that a copy makes of
	// it.
	if large := from.name == w.target && w.old.IsLarge(); !large && copied.etag != from.etag {
		return nil, vfs.ErrChanged
	}
	return copied, nil
}
