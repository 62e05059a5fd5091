package object

import (
	"context"
	"sync"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/digest"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
)

// The checksums of a large file are made in its order, along a chain: each segment gets the sums of
// what is before it and hands them on with its own bytes added. What is written in any other order,
// or over what was written before, has none.
//
// Of the segment that is being written, the sums are made while it comes, so that it can leave as
// soon as it is whole: see sumAhead.

// chain is how far a file has been sealed in its order. The writer's mu guards it.
type chain struct {
	end    int64       // of what has been sealed
	last   <-chan sums // gives the sums of that when they have been made, or is closed when they cannot be
	broken bool        // for good: the file has no sums

	draft   *draft // of the segment that will begin at end; nil: not begun
	ahead   int64  // the draft has been made to here, or is being made
	running bool   // a goroutine makes it
	late    bool   // of the next segment no draft is made
}

func newChain(cfg *Writing) chain { return chain{last: given(cfg.noSums())} }

// given is a channel that gives these sums.
func given(s sums) <-chan sums {
	c := make(chan sums, 1)
	c <- s
	return c
}

// link is the place of a segment in the chain.
type link struct {
	off    int64
	before <-chan sums // unless there is a draft
	draft  *draft
	after  chan<- sums // with room for the sums, so that nobody need wait for them
}

// seal gives a segment its place, or none where it does not go on from what has been sealed before.
func (c *chain) seal(off, end int64) *link {
	if c.broken || off != c.end {
		c.putBack()
		c.broken = true
		return nil
	}
	handed := make(chan sums, 1)
	l := &link{off: off, before: c.last, draft: c.draft, after: handed}
	*c = chain{end: end, ahead: end, last: handed, running: c.running}
	return l
}

// truncate notes that what is behind size is dropped.
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

// writeOver notes that the bytes from off to end are about to change.
func (c *chain) writeOver(off, end int64) {
	if off < c.ahead && end > c.end {
		c.putBack()
		c.late = true // a client that does so once does so again
	}
}

// putBack takes the draft back, and waits for whoever is adding a block to it.
func (c *chain) putBack() {
	if c.draft == nil {
		return
	}
	c.draft.mu.Lock()
	c.last = given(c.draft.before)
	c.draft.mu.Unlock()
	c.draft, c.ahead = nil, c.end
}

// whole returns the sums of a file of that size, of which all segments have been sent.
func (c *chain) whole(size int64) sums {
	if c.broken || c.end != size {
		return sums{}
	}
	return <-c.last
}

// draft is the sums of a segment in the making.
type draft struct {
	off    int64 // where it begins
	before sums  // of the file, to there

	mu   sync.Mutex // taken with the writer's, and held without it
	pos  int64      // how far it has come
	own  digest.MD5
	file sums // to pos; the MD5 of a first segment is its own until done
}

func newDraft(off int64, before sums) *draft {
	return &draft{off: off, before: before, pos: off, own: digest.NewMD5(), file: before.clone()}
}

// add adds what follows. It is called with mu held, or by who alone has the draft.
func (d *draft) add(p []byte) {
	if d.off == 0 || d.file.md5 == nil {
		d.own.Write(p)
	} else {
		digest.WriteBoth(&d.own, d.file.md5, p)
	}
	d.file.add(p)
	d.pos += int64(len(p))
}

// finish adds what the draft lacks of the whole segment, and returns the segment's MD5 and the
// file's sums to its end.
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

// sum makes the ETag of a segment and, where it has a place in the chain, the sums up to its end.
// It waits for the segment before, which is at the same and needs nothing of this one.
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
			if !ok { // that one has failed, and with it the upload
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

// sumAhead has the draft made of a run that goes on from what has been sealed, beside the writing.
// It is called with mu held.
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

// nextToSum is what can be added to the draft: it is written, and will be of the next segment. It
// is called with mu held.
func (w *Writer) nextToSum() (spans.Span, bool) {
	c := &w.chain
	next := spans.Span{Off: c.ahead, End: (c.ahead/buffers.BlockSize + 1) * buffers.BlockSize}
	ok := !c.broken && !c.late && !w.done && next.End <= w.sealsAt(c.end) && w.buf.dirty.Covers(next)
	return next, ok
}

// makeDraft adds one block after the other to the draft, until there is none.
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
			default: // the segment before is not summed up yet: a later write asks again
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
