package object

import (
	"context"
	"time"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Target is the file that is about to be written.
type Target struct {
	Name      api.Name // of the object
	Base      string   // of the path
	Old       api.Object
	Unchanged func() bool // reports whether Old is still valid
	Cut       *CutOff     // an interrupted upload of the file, or nil
	Blind     bool        // the login may write the file, but not read it
}

// Open opens a writer. Calls of its methods fail when ctx has ended.
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

// GoesOn reports whether a writer with these options resumes an interrupted upload.
func GoesOn(opts vfs.WriteOptions) bool { return !opts.Truncate && !opts.Exclusive }

// newWriter returns a writer without content. The caller must call begin and start before using it.
func (s *Writers) newWriter(ctx context.Context, t Target, opts vfs.WriteOptions, limits api.Limits) (*Writer, error) {
	begun := time.Now()
	w := &Writer{
		shared:        s,
		wholeSegments: t.Blind || !limits.SLO || !limits.SLORanges || s.writing.Dynamic,
		chain:         newChain(s.writing),
	}
	w.buf = buffer{memory: s.objects.Memory, blocks: map[int64][]byte{}}
	w.up = uploader{
		shared: s, upload: newUploadID(begun), parts: parts{large: s.large, target: t.Name}, free: w.buf.free, resumable: w.resumable,
		mu: &w.mu, pace: pace.NewForWhole(fewUploads, s.writing.Concurrency, s.rtt.Get()),
	}
	w.pub = publisher{
		shared: s, target: t.Name, base: t.Base, opts: opts, limits: limits, old: t.Old, unchanged: t.Unchanged, blind: t.Blind, begun: begun,
		mu: &w.mu,
	}
	if !t.Old.Exists() {
		w.pub.attrs.Mode = opts.Mode
	}
	var err error
	if t.Blind {
		w.up.parts.place, err = blindPlace(t.Name, w.up.upload)
	} else {
		w.up.parts.place, err = s.large.place(ctx, t.Name, w.up.upload, t.Old, opts.Size)
	}
	return w, api.Translate(err)
}

// begin sets the initial content that the options require.
func (w *Writer) begin(ctx context.Context, cut *CutOff) error {
	switch {
	case cut != nil && GoesOn(w.pub.opts):
		return api.Translate(w.goOn(ctx, cut))
	case cut != nil:
		w.pub.superseded = cut
	case !w.pub.opts.Truncate && w.pub.old.Exists():
		return w.beginWith(ctx, w.pub.old)
	}
	return nil
}

// start makes the writer usable, until Commit or Close. Calls of its methods fail when ctx has
// ended.
func (w *Writer) start(ctx context.Context) {
	w.pos = w.pub.opts.Offset
	if w.pos == vfs.AtEnd {
		w.pos = w.size
	}
	w.opened = ctx
	w.up.start(ctx)
	w.stopWaking = context.AfterFunc(ctx, w.up.wakeAll)
	w.shared.objects.Memory.Enter(w)
}
