package swift

import (
	"context"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
	"sync"
	"time"
)

// toBegin is what has the name of a file that is about to be written.
type toBegin struct {
	name      api.Name // of the object
	base      string   // of the path
	old       api.Object
	unchanged func() bool // reports whether old is good still
	cut       *partial    // an upload of the file that was cut off
	blind     bool        // the login may write there, and may not look
}

// open opens a writer. Calls of its caller end with the context.
func (s *writers) open(ctx context.Context, t toBegin, opts vfs.WriteOptions, limits api.Limits) (*writer, error) {
	w, err := s.newWriter(ctx, t, opts, limits)
	if err != nil {
		return nil, err
	}
	if err := w.begin(ctx, t.cut); err != nil {
		return nil, err
	}
	w.start(ctx)
	return w, nil
}

// goesOn reports whether a writer goes on with the upload that was cut off, if there is one.
func goesOn(opts vfs.WriteOptions) bool { return !opts.Truncate && !opts.Exclusive }

// newWriter returns a writer with no content yet, which must begin and start before it is used.
func (s *writers) newWriter(ctx context.Context, t toBegin, opts vfs.WriteOptions, limits api.Limits) (*writer, error) {
	begun := time.Now()
	w := &writer{
		shared: s, target: t.name, base: t.base, opts: opts, limits: limits, old: t.old, unchanged: t.unchanged,
		upload: newUploadID(begun), begun: begun,
		blind:  t.blind,
		parts:  parts{large: s.large, target: t.name},
		dlo:    t.blind || !limits.SLO || s.writing.Dynamic,
		blocks: map[int64][]byte{},
		chain:  newChain(s.writing),
		pace:   pace.NewForWhole(fewUploads, s.writing.Concurrency, s.rtt.Get()),
	}
	if !t.old.Exists() {
		w.attrs.Mode = opts.Mode
	}
	var err error
	if t.blind {
		w.parts.place, err = blindPlace(t.name, w.upload)
	} else {
		w.parts.place, err = s.large.place(ctx, t.name, w.upload, t.old, opts.Size)
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
	w.shared.objects.Memory.Enter(w)
}
