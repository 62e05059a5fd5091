package object

import (
	"context"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
	"sync"
	"time"
)

// Target is what has the name of a file that is about to be written.
type Target struct {
	Name      api.Name // of the object
	Base      string   // of the path
	Old       api.Object
	Unchanged func() bool // reports whether Old is good still
	Cut       *CutOff     // an upload of the file that was cut off
	Blind     bool        // the login may write there, and may not look
}

// Open opens a writer. Calls of its caller end with the context.
func (s *Writers) Open(ctx context.Context, t Target, opts vfs.WriteOptions, limits api.Limits) (*Writer, error) {
	w, err := s.newWriter(ctx, t, opts, limits)
	if err != nil {
		return nil, err
	}
	if err := w.begin(ctx, t.Cut); err != nil {
		return nil, err
	}
	w.start(ctx)
	return w, nil
}

// GoesOn reports whether a writer goes on with the upload that was cut off, if there is one.
func GoesOn(opts vfs.WriteOptions) bool { return !opts.Truncate && !opts.Exclusive }

// newWriter returns a writer with no content yet, which must begin and start before it is used.
func (s *Writers) newWriter(ctx context.Context, t Target, opts vfs.WriteOptions, limits api.Limits) (*Writer, error) {
	begun := time.Now()
	w := &Writer{
		shared: s, target: t.Name, base: t.Base, opts: opts, limits: limits, old: t.Old, unchanged: t.Unchanged,
		upload: newUploadID(begun), begun: begun,
		blind:  t.Blind,
		parts:  parts{large: s.large, target: t.Name},
		dlo:    t.Blind || !limits.SLO || s.writing.Dynamic,
		blocks: map[int64][]byte{},
		chain:  newChain(s.writing),
		pace:   pace.NewForWhole(fewUploads, s.writing.Concurrency, s.rtt.Get()),
	}
	if !t.Old.Exists() {
		w.attrs.Mode = opts.Mode
	}
	var err error
	if t.Blind {
		w.parts.place, err = blindPlace(t.Name, w.upload)
	} else {
		w.parts.place, err = s.large.place(ctx, t.Name, w.upload, t.Old, opts.Size)
	}
	return w, api.Translate(err)
}

// begin makes what is there the content to begin with, as far as the options want it.
func (w *Writer) begin(ctx context.Context, cut *CutOff) error {
	switch {
	case cut != nil && GoesOn(w.opts):
		return api.Translate(w.goOn(ctx, cut))
	case cut != nil:
		w.superseded = cut
	case !w.opts.Truncate && w.old.Exists():
		return w.beginWith(ctx, w.old)
	}
	return nil
}

// start lets the writer take bytes, until Commit or Close. Calls of its caller end with the context.
func (w *Writer) start(ctx context.Context) {
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
