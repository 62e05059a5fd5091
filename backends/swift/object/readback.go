package object

import (
	"io"

	"filegate/backends/internal/buffers"
	"filegate/core/vfs"
)

var _ io.ReaderAt = (*Writer)(nil)

// ReadAt reads what the file would be if it were committed now. What is in memory comes from there,
// the rest by a GET of just these bytes.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "a file has no byte before its first")
	}
	w.mu.Lock()
	if w.done {
		w.mu.Unlock()
		return 0, vfs.ErrClosed
	}
	end := min(off+int64(len(p)), w.size)
	if end <= off {
		w.mu.Unlock()
		return 0, io.EOF
	}
	p, short := p[:end-off], end-off < int64(len(p))
	// What is in memory is copied at once, since it may go at any time; what is stored stays where
	// it is.
	var stored []Extent
	err := w.layout.pieces(off, end, func(e Extent) error {
		part := p[e.Off-off : e.End-off]
		switch {
		case e.seg == nil:
			clear(part)
		case e.seg.data != nil:
			e.seg.data.CopyAt(part, e.segOff)
		default:
			stored = append(stored, w.bare(e)...)
		}
		return nil
	})
	for _, run := range w.dirty {
		for at := max(run.Off, off); at < min(run.End, end); {
			next := min(run.End, end, (at/buffers.BlockSize+1)*buffers.BlockSize)
			copy(p[at-off:next-off], w.blocks[at/buffers.BlockSize][at%buffers.BlockSize:])
			at = next
		}
	}
	w.mu.Unlock()
	if err != nil {
		return 0, err
	}
	for _, e := range stored {
		if err := w.shared.objects.ReadFull(w.opened, e.seg.name, e.seg.etag, e.segOff, p[e.Off-off:e.End-off]); err != nil {
			return 0, err
		}
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

// bare returns the parts of a stored extent that nothing has been written over. It is called with
// mu held.
func (w *Writer) bare(e Extent) []Extent {
	var parts []Extent
	at := e.Off
	for _, run := range w.dirty {
		if run.End <= at || run.Off >= e.End {
			continue
		}
		if run.Off > at {
			parts = append(parts, e.within(at, run.Off))
		}
		at = run.End
	}
	if at < e.End {
		parts = append(parts, e.within(at, e.End))
	}
	return parts
}
