package object

import (
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
)

// entries returns the manifest of the content. Holes are ranges of one segment of zeros. Many small
// neighbouring pieces are merged.
func (w *Writer) entries(ctx context.Context) ([]ManifestEntry, error) {
	if len(w.layout) >= compactFrom {
		if err := w.compact(ctx); err != nil {
			return nil, err
		}
	}
	var longest int64
	err := w.layout.pieces(0, w.size, func(e Extent) error {
		if e.seg == nil {
			longest = max(longest, e.Len())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var entries []ManifestEntry
	var hole *Segment
	err = w.layout.pieces(0, w.size, func(e Extent) error {
		if e.seg != nil {
			entries = append(entries, sloEntryOf(e))
			return nil
		}
		if hole == nil {
			var err error
			if hole, err = w.up.parts.putZeros(ctx, w.size, w.holeUnit(longest)); err != nil {
				return err
			}
		}
		whole := sloEntryOf(Extent{Span: spans.Span{Off: 0, End: hole.size}, seg: hole})
		for left := e.Len(); left > 0; left -= hole.size {
			if left < hole.size {
				whole = sloEntryOf(Extent{Span: spans.Span{Off: 0, End: left}, seg: hole})
			}
			entries = append(entries, whole)
		}
		return nil
	})
	if hole != nil {
		// The segment is added to the layout so that named returns it.
		w.layout = append(w.layout, Extent{Span: spans.Span{Off: w.size, End: w.size}, seg: hole})
	}
	return entries, err
}

// holeUnit returns the size of the segment of zeros for a file whose longest hole has longest
// bytes.
func (w *Writer) holeUnit(longest int64) int64 {
	const each = 256 // with more references than this, a larger segment is used
	cfg := w.shared.writing
	unit := cfg.SegmentSize
	for unit < cfg.MaxSegmentSize && longest/unit > each {
		unit = min(2*unit, cfg.MaxSegmentSize)
	}
	return unit / buffers.BlockSize * buffers.BlockSize
}

// compact merges runs of small pieces into new segments. Without it, many small edits would leave a
// file with many small pieces.
func (w *Writer) compact(ctx context.Context) error {
	var runs spans.Set
	for _, e := range w.layout {
		if e.Len() >= compactBelow {
			continue
		}
		// Set.Add would merge adjacent runs. A run that has reached the size of a segment is
		// complete, and the next piece begins another run.
		if n := len(runs); n > 0 && runs[n-1].End == e.Off && runs[n-1].Len()+e.Len() <= w.shared.writing.SegmentSize {
			runs[n-1].End = e.End
			continue
		}
		runs = append(runs, e.Span)
	}
	for _, run := range runs {
		if w.layout.count(run) < 2 {
			continue
		}
		if err := w.fill(ctx, run.Off, run.End); err != nil {
			return err
		}
	}
	return w.settle(ctx)
}

// count returns the number of pieces in a part of the file.
func (l Layout) count(s spans.Span) int {
	n := 0
	for _, e := range l {
		if e.Off < s.End && e.End > s.Off {
			n++
		}
	}
	return n
}

// sloETag returns the ETag that Swift gives to a static large object with these entries.
func sloETag(entries []ManifestEntry) string {
	h := md5.New() //nolint:gosec // Swift's ETags are MD5
	for _, e := range entries {
		h.Write([]byte(e.Etag))
		if e.Range != "" {
			h.Write([]byte(":" + e.Range + ";"))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
