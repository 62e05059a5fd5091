package object

import (
	"context"
	"sync"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/digest"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
)

// The checksums of a large file are computed in file order, along a chain. Each segment receives
// the checksums of everything before it, adds its own bytes, and passes them on. A file that is
// written in another order, or that is overwritten, has no checksums.
//
// The checksums of the segment that is being written are computed while it arrives, so that it can
// be sent as soon as it is complete: see sumAhead.

// chain is the state of the checksums: how far the file has been sealed in order. The writer's mu
// guards it.
type chain struct {
	end int64 // end of the sealed bytes
	// last receives the checksums up to end when they are computed. It is closed if they cannot be
	// computed.
	last   <-chan sums
	broken bool // the file gets no checksums, unless it is truncated to 0 bytes

	draft   *draft // of the segment that begins at end; nil: none
	ahead   int64  // end of the bytes that are in the draft, or being added to it
	running bool   // a goroutine adds to the draft
	late    bool   // no draft is made of the segment that begins at end
}

func newChain(cfg *Writing) chain { return chain{last: given(cfg.noSums())} }

// given returns a channel that holds s.
func given(s sums) <-chan sums {
	c := make(chan sums, 1)
	c <- s
	return c
}

// chainPosition is the position of a segment in the chain.
type chainPosition struct {
	off    int64
	before <-chan sums // nil if there is a draft
	draft  *draft
	after  chan<- sums // buffered, so that sending never blocks
}

// seal returns the position of a segment in the chain, or nil if the segment does not continue the
// sealed bytes.
func (c *chain) seal(off, end int64) *chainPosition {
	if c.broken || off != c.end {
		c.putBack()
		c.broken = true
		return nil
	}
	handed := make(chan sums, 1)
	l := &chainPosition{off: off, before: c.last, draft: c.draft, after: handed}
	*c = chain{end: end, ahead: end, last: handed, running: c.running}
	return l
}

// truncate records that the bytes after size are dropped.
func (c *chain) truncate(size int64, cfg *Writing) {
	if size < c.ahead {
		c.putBack()
	}
	switch {
	case size == 0:
		running := c.running
		*c = newChain(cfg)
		c.running = running
	case size < c.end:
		c.broken = true
	}
}

// writeOver records that the bytes from off to end are about to change.
func (c *chain) writeOver(off, end int64) {
	if off < c.ahead && end > c.end {
		c.putBack()
		c.late = true // a client that overwrites once will probably do so again
	}
}

// putBack discards the draft. It waits for a goroutine that is adding a block to it.
func (c *chain) putBack() {
	if c.draft == nil {
		return
	}
	c.draft.mu.Lock()
	c.last = given(c.draft.before)
	c.draft.mu.Unlock()
	c.draft, c.ahead = nil, c.end
}

// whole returns the checksums of the file if it has this size and all of its segments have been
// sent in order.
func (c *chain) whole(size int64) sums {
	if c.broken || c.end != size {
		return sums{}
	}
	return <-c.last
}

// draft holds the checksums of a segment that is not complete yet.
type draft struct {
	off    int64 // offset of the segment in the file
	before sums  // of the file up to off

	mu   sync.Mutex // guards pos, own and file; the writer's mu is locked before it
	pos  int64      // end of the bytes that are added
	own  digest.MD5
	file sums // up to pos; for the first segment the MD5 is in own until finish
}

func newDraft(off int64, before sums) *draft {
	return &draft{off: off, before: before, pos: off, own: digest.NewMD5(), file: before.clone()}
}

// add adds the next bytes. The caller must hold mu or be the only user of the draft.
func (d *draft) add(p []byte) {
	if d.off == 0 || d.file.md5 == nil {
		d.own.Write(p)
	} else {
		digest.WriteBoth(&d.own, d.file.md5, p)
	}
	d.file.add(p)
	d.pos += int64(len(p))
}

// finish adds the rest of the segment, and returns the segment's MD5 and the file's checksums up to
// its end.
func (d *draft) finish(data api.Pieces) (etag string, file sums) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.off
	for _, b := range data {
		if next := at + int64(len(b)); next > d.pos {
			d.add(b[d.pos-at:])
		}
		at += int64(len(b))
	}
	if d.off == 0 && d.file.md5 != nil {
		*d.file.md5 = d.own
	}
	return d.own.Hex(), d.file
}

// sum computes the ETag of a segment and, if the segment has a position in the chain, the file's
// checksums up to its end. It waits for the checksums of the previous segment. The previous segment
// never waits for this one.
func (s *Segment) sum(ctx context.Context, data api.Pieces) error {
	if s.link == nil {
		s.etag = data.MD5()
		return nil
	}
	defer close(s.link.after)
	d := s.link.draft
	if d == nil {
		select {
		case before, ok := <-s.link.before:
			if !ok { // the previous segment has failed, and with it the upload
				s.etag = data.MD5()
				return nil
			}
			d = newDraft(s.link.off, before)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	etag, file := d.finish(data)
	s.etag = etag
	s.link.after <- file
	return nil
}

// sumAhead starts adding a written run to the draft in the background if it continues the sealed
// bytes. It is called with mu held.
func (w *Writer) sumAhead(run spans.Span) {
	c := &w.chain
	if run.Off != c.end || c.running {
		return
	}
	if _, ok := w.nextToSum(); !ok {
		return
	}
	c.running = true
	w.up.sends.Go(w.makeDraft)
}

// nextToSum returns the next bytes for the draft: they must be written, and belong to the next
// segment. It is called with mu held.
func (w *Writer) nextToSum() (spans.Span, bool) {
	c := &w.chain
	next := spans.Span{Off: c.ahead, End: (c.ahead/buffers.BlockSize + 1) * buffers.BlockSize}
	ok := !c.broken && !c.late && !w.done && next.End <= w.sealsAt(c.end) && w.buf.dirty.Covers(next)
	return next, ok
}

// makeDraft adds blocks to the draft as long as there are any.
func (w *Writer) makeDraft() {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &w.chain
	defer func() { c.running = false }()
	for {
		next, ok := w.nextToSum()
		if !ok {
			return
		}
		if c.draft == nil {
			select {
			case before, ok := <-c.last:
				if !ok {
					c.late = true
					return
				}
				c.draft = newDraft(c.end, before)
			default: // the previous segment has no checksums yet; a later write tries again
				return
			}
		}
		d, block := c.draft, w.buf.blocks[next.Off/buffers.BlockSize]
		c.ahead = next.End
		d.mu.Lock()
		w.mu.Unlock()
		d.add(block[next.Off%buffers.BlockSize:])
		d.mu.Unlock()
		w.mu.Lock()
	}
}
