package swift

import (
	"context"
	"errors"
	"sync"
	"time"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// OpenWriter implements [vfs.FS].
func (f *FS) OpenWriter(ctx context.Context, p vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	n, err := f.locateFile(p)
	if err != nil {
		return nil, err
	}
	if err := f.changeable(ctx, n); err != nil {
		return nil, err
	}
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return nil, api.Translate(err)
	}
	if err := f.large.checkAnnounced(opts, limits); err != nil {
		return nil, err
	}
	t, err := f.findToWrite(ctx, n, p.Base(), opts)
	if err != nil {
		return nil, err
	}
	if err := f.checkBegin(ctx, t, opts); err != nil {
		return nil, err
	}
	w, err := f.newWriter(ctx, t, opts, limits)
	if err != nil {
		return nil, err
	}
	if err := w.begin(ctx, t.cut); err != nil {
		return nil, err
	}
	w.start(ctx)
	return w, nil
}

// toWrite is what OpenWriter has found at the name of a file.
type toWrite struct {
	name  api.Name // of the object that is written: of a symbolic link, what it leads to
	base  string   // of the path
	old   api.Object
	asked moment   // when Swift was asked for old
	cut   *partial // an upload of the file that was cut off
	blind bool     // the login may write there, and may not look
}

// findToWrite looks at what has the name of a file, and refuses what the options do not allow.
func (f *FS) findToWrite(ctx context.Context, n api.Name, base string, opts vfs.WriteOptions) (toWrite, error) {
	t := toWrite{base: base, asked: f.guess.now(), blind: canBeBlind(opts) && f.dropBoxes.Has(n.Top().String())}
	var info vfs.Info
	var err error
	switch {
	case t.blind:
	case opts.Create && opts.Truncate && !opts.Exclusive && opts.IfVersion == "":
		info, t.old, t.asked, err = f.lookupToReplace(ctx, n, base)
	default:
		info, t.old, err = f.find(ctx, n, base, way{look: f.client.Head, below: f.statBelow, mayBeNone: opts.Create, partials: true})
	}
	if f.dropsInto(ctx, n, err) {
		if !canBeBlind(opts) {
			return toWrite{}, errBlind(n, err)
		}
		t.blind, err = true, nil
	}
	t.name, info, t.old, err = f.through(ctx, n, base, info, t.old, err)
	switch {
	case t.blind:
		return t, t.name.CheckNew()
	case t.name != n && opts.Create && opts.Exclusive:
		return toWrite{}, vfs.ErrExist
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
		return f.findNothing(ctx, t, opts)
	case err != nil:
		return toWrite{}, err
	case info.IsDir():
		return toWrite{}, vfs.ErrIsDir
	case opts.Create && opts.Exclusive:
		return toWrite{}, vfs.ErrExist
	case opts.IfVersion != "" && opts.IfVersion != t.old.Version():
		return toWrite{}, vfs.ErrChanged
	}
	return t, nil
}

// findNothing is the part of findToWrite for a name that is free: there may be an upload of the file
// that was cut off.
func (f *FS) findNothing(ctx context.Context, t toWrite, opts vfs.WriteOptions) (toWrite, error) {
	var err error
	if t.cut, err = f.uploads.findPartial(ctx, t.name); err != nil {
		return toWrite{}, api.Translate(err)
	}
	if !opts.Create && (t.cut == nil || opts.Truncate) {
		return toWrite{}, vfs.ErrNotExist
	}
	if opts.IfVersion != "" {
		return toWrite{}, vfs.ErrChanged
	}
	if err := t.name.CheckNew(); err != nil {
		return toWrite{}, err
	}
	if !f.backend.cfg.ImplicitDirectories { // which Commit makes
		if err := f.checkParent(ctx, t.name); err != nil {
			return toWrite{}, err
		}
	}
	return t, nil
}

// goesOn reports whether a writer goes on with the upload that was cut off, if there is one.
func goesOn(opts vfs.WriteOptions) bool { return !opts.Truncate && !opts.Exclusive }

// checkBegin refuses an offset behind what the content begins with, and a file that there is no room for.
func (f *FS) checkBegin(ctx context.Context, t toWrite, opts vfs.WriteOptions) error {
	var have int64
	switch {
	case opts.Truncate:
	case t.cut == nil:
		have = t.old.Size
	case goesOn(opts):
		have = t.cut.size
	}
	if opts.Offset > have {
		return vfs.OffsetBehindEnd(opts.Offset, have)
	}
	return f.containers.roomFor(ctx, t.name, opts.Size-have)
}

// newWriter returns a writer with no content yet, which must begin and start before it is used.
func (f *FS) newWriter(ctx context.Context, t toWrite, opts vfs.WriteOptions, limits api.Limits) (*writer, error) {
	begun := time.Now()
	w := &writer{
		fs: f, target: t.name, base: t.base, opts: opts, limits: limits, old: t.old, asked: t.asked,
		upload: newUploadID(begun), begun: begun,
		blind:  t.blind,
		parts:  parts{large: f.large, target: t.name},
		dlo:    t.blind || !limits.SLO || f.backend.cfg.LargeObjects == largeDLO,
		blocks: map[int64][]byte{},
		chain:  newChain(&f.backend.cfg),
		pace:   pace.NewForWhole(fewUploads, f.backend.cfg.UploadConcurrency, f.backend.store.RTT.Get()),
	}
	if !t.old.Exists() {
		w.attrs.Mode = opts.Mode
	}
	var err error
	if t.blind {
		w.parts.place, err = blindPlace(t.name, w.upload)
	} else {
		w.parts.place, err = f.large.place(ctx, t.name, w.upload, t.old, opts.Size)
	}
	return w, api.Translate(err)
}

// begin makes what is there the content to begin with, as far as the options want it.
func (w *writer) begin(ctx context.Context, cut *partial) error {
	switch {
	case cut != nil && goesOn(w.opts):
		return api.Translate(w.goOn(ctx, cut))
	case cut != nil:
		w.superseded = cut
	case !w.opts.Truncate && w.old.Exists():
		return w.beginWith(ctx, w.old)
	}
	return nil
}

// start lets the writer take bytes, until Commit or Close. Calls of its caller end with the context.
func (w *writer) start(ctx context.Context) {
	w.pos = w.opts.Offset
	if w.pos == vfs.AtEnd {
		w.pos = w.size
	}
	w.opened = ctx
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.queue, w.drop = context.WithCancel(w.ctx)
	w.wake = sync.NewCond(&w.mu)
	w.stopWaking = context.AfterFunc(ctx, w.wakeAll)
	context.AfterFunc(w.queue, w.wakeAll)
	w.fs.objects.Memory.Enter(w)
}
