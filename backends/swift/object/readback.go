package object

import (
	"io"

	"filegate/core/vfs"
)

var _ io.ReaderAt = (*Writer)(nil)

// ReadAt reads the content as it would be committed now. It copies the bytes that are in memory,
// and requests the others from Swift.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
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
	// Bytes in memory are copied at once, because they may be sent and freed at any time. Stored
	// bytes stay where they are.
	var stored []Extent
	err := w.layout.pieces(off, end, func(e Extent) error {
		part := p[e.Off-off : e.End-off]
		switch {
		case e.seg == nil:
			clear(part)
		case e.seg.data != nil:
			e.seg.data.CopyAt(part, e.segOff)
		default:
			stored = append(stored, w.buf.bare(e)...)
		}
		return nil
	})
	w.buf.copyTo(p, off, end)
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
