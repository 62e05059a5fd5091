package object

import (
	"context"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/core/vfs"
)

// This file has the memory of a writer: the blocks that it holds, and how it frees them when memory
// is short.

// maxHeld returns the largest number of blocks that the writer may hold, for the segment that is
// being filled and for those that are being sent.
func (w *Writer) maxHeld() int {
	return int(int64(w.up.pace.Streams+1)*w.segmentSize()/buffers.BlockSize) + 1
}

// block returns the i'th block of the file, with room for at least size bytes. Small files get
// small blocks. It is called with mu held, and may unlock it temporarily.
func (w *Writer) block(i, size int64) ([]byte, error) {
	for {
		if block := w.buf.blocks[i]; int64(len(block)) >= size {
			return block, nil
		}
		fresh, err := w.alloc(size)
		if err != nil {
			return nil, err
		}
		// While alloc waited, another write may have created the block, or the previous block may
		// be gone.
		w.buf.grow(i, fresh)
	}
}

// alloc returns a block for size bytes, and waits for one if necessary. It is called with mu held,
// and may unlock it temporarily.
func (w *Writer) alloc(size int64) ([]byte, error) {
	for {
		switch {
		case w.up.err != nil:
			return nil, w.up.err
		case w.done:
			return nil, vfs.ErrClosed
		case w.opened.Err() != nil:
			return nil, context.Cause(w.opened)
		}
		full := w.buf.held >= w.maxHeld()
		if !full {
			if block := w.buf.try(size); block != nil {
				return block, nil
			}
		}
		// Scattered runs may never grow to a whole segment. They are sealed as they are, so that
		// memory becomes free anyway.
		if w.up.sending == 0 {
			w.sealForRoom()
		}
		if full && w.up.sending > 0 {
			w.up.pace.Await(w.up.wake)
			continue
		}
		w.up.pace.Narrow(time.Now()) // because memory is short
		w.mu.Unlock()
		block, err := w.buf.memory.Get(w.opened, size)
		w.mu.Lock()
		if err != nil {
			return nil, err
		}
		w.buf.held++
		return block, nil
	}
}

// Shed implements [buffers.Holder]. It seals the runs of a client that has stopped sending, so that
// other transfers get the memory.
func (w *Writer) Shed() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done && !w.committing && w.up.sending == 0 && time.Since(w.touched) > buffers.ShedEvery {
		w.sealForRoom()
	}
	return w.up.leaving
}

// sealForRoom seals all runs of at least a block, or all runs if there is none. It is called with
// mu held.
func (w *Writer) sealForRoom() {
	all := append(spans.Set(nil), w.buf.dirty...)
	sealed := false
	for _, run := range all {
		if run.Len() >= buffers.BlockSize {
			w.seal(run.Off, run.End)
			sealed = true
		}
	}
	if sealed {
		return
	}
	for _, run := range all {
		w.seal(run.Off, run.End)
	}
}

// Spill seals the data in memory, as if memory were short.
func (w *Writer) Spill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sealForRoom()
}

// WaitSent waits until no segment is being sent.
func (w *Writer) WaitSent(ctx context.Context) error { return w.up.wait(ctx) }
