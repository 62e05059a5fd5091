package object

import (
	"slices"

	"filegate/backends/internal/spans"
)

// Extent is a part of a file whose bytes are in a segment, or are being sent to it.
type Extent struct {
	spans.Span
	seg    *Segment
	segOff int64 // offset of the part in the segment
}

// Layout describes where a file's bytes are: sorted extents that do not overlap. Bytes outside of
// all extents are zeros.
type Layout []Extent

// put puts a whole segment at off, and replaces existing extents there.
func (l *Layout) put(seg *Segment, off int64) {
	l.cut(off, off+seg.size)
	i, _ := slices.BinarySearchFunc(*l, off, func(e Extent, off int64) int {
		if e.Off < off {
			return -1
		}
		return 1
	})
	*l = slices.Insert(*l, i, Extent{Span: spans.Span{Off: off, End: off + seg.size}, seg: seg})
}

// cut removes the extents from off to end.
func (l *Layout) cut(off, end int64) {
	i, _ := slices.BinarySearchFunc(*l, off, func(e Extent, off int64) int {
		if e.End <= off {
			return -1
		}
		return 1
	})
	j := i
	var rest []Extent
	for j < len(*l) && (*l)[j].Off < end {
		e := (*l)[j]
		if e.Off < off {
			rest = append(rest, Extent{spans.Span{Off: e.Off, End: off}, e.seg, e.segOff})
		}
		if e.End > end {
			rest = append(rest, Extent{spans.Span{Off: end, End: e.End}, e.seg, e.segOff + end - e.Off})
		}
		j++
	}
	*l = slices.Replace(*l, i, j, rest...)
}

// whole reports whether the extent is its whole segment.
func (e Extent) whole() bool { return e.segOff == 0 && e.Len() == e.seg.size }

// within returns the part of the extent from off to end. They must overlap.
func (e Extent) within(off, end int64) Extent {
	lo, hi := max(e.Off, off), min(e.End, end)
	return Extent{spans.Span{Off: lo, End: hi}, e.seg, e.segOff + lo - e.Off}
}

// shifted returns the parts of the extent if its segment is itself a large object with the layout
// l.
func (l Layout) shifted(e Extent) Layout {
	var parts Layout
	for _, p := range l {
		if p.Off >= e.segOff+e.Len() || p.End <= e.segOff {
			continue
		}
		p = p.within(e.segOff, e.segOff+e.Len())
		p.Off, p.End = p.Off-e.segOff+e.Off, p.End-e.segOff+e.Off
		parts = append(parts, p)
	}
	return parts
}

// pieces calls use for the parts of the file from off to end in order. For a hole, the segment is
// nil.
func (l Layout) pieces(off, end int64, use func(Extent) error) error {
	for _, e := range l {
		if e.End <= off {
			continue
		}
		if e.Off >= end {
			break
		}
		if e.Off > off {
			if err := use(Extent{Span: spans.Span{Off: off, End: e.Off}}); err != nil {
				return err
			}
			off = e.Off
		}
		part := e.within(off, end)
		if err := use(part); err != nil {
			return err
		}
		off = part.End
	}
	if off < end {
		return use(Extent{Span: spans.Span{Off: off, End: end}})
	}
	return nil
}

// reach returns the offset of the first hole.
func (l Layout) reach() int64 {
	var end int64
	for _, e := range l {
		if e.Off != end {
			break
		}
		end = e.End
	}
	return end
}
