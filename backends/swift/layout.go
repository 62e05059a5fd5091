package swift

import "slices"

// extent is a part of a file of which the bytes lie in a segment, or are on their way into it.
type extent struct {
	span
	seg    *segment
	segOff int64 // where in the segment the part begins
}

// layout is where the bytes of a file lie: sorted extents that do not overlap. What is in none of them is zeros.
type layout []extent

// put lays a whole segment at off over whatever was there.
func (l *layout) put(seg *segment, off int64) {
	l.cut(off, off+seg.size)
	i, _ := slices.BinarySearchFunc(*l, off, func(e extent, off int64) int {
		if e.off < off {
			return -1
		}
		return 1
	})
	*l = slices.Insert(*l, i, extent{span: span{off, off + seg.size}, seg: seg})
}

// cut takes the part from off to end out.
func (l *layout) cut(off, end int64) {
	i, _ := slices.BinarySearchFunc(*l, off, func(e extent, off int64) int {
		if e.end <= off {
			return -1
		}
		return 1
	})
	j := i
	var rest []extent
	for j < len(*l) && (*l)[j].off < end {
		e := (*l)[j]
		if e.off < off {
			rest = append(rest, extent{span{e.off, off}, e.seg, e.segOff})
		}
		if e.end > end {
			rest = append(rest, extent{span{end, e.end}, e.seg, e.segOff + end - e.off})
		}
		j++
	}
	*l = slices.Replace(*l, i, j, rest...)
}

// whole says whether the extent is all of its segment.
func (e extent) whole() bool { return e.segOff == 0 && e.len() == e.seg.size }

// within returns the part of the extent that lies from off to end; they overlap.
func (e extent) within(off, end int64) extent {
	lo, hi := max(e.off, off), min(e.end, end)
	return extent{span{lo, hi}, e.seg, e.segOff + lo - e.off}
}

// shifted returns the parts of a segment of which l is the layout that the extent is made of.
func (l layout) shifted(e extent) layout {
	var parts layout
	for _, p := range l {
		if p.off >= e.segOff+e.len() || p.end <= e.segOff {
			continue
		}
		p = p.within(e.segOff, e.segOff+e.len())
		p.off, p.end = p.off-e.segOff+e.off, p.end-e.segOff+e.off
		parts = append(parts, p)
	}
	return parts
}

// pieces calls use for the parts of the file from off to end in order: those that lie in a segment, and the holes between them with a nil segment.
func (l layout) pieces(off, end int64, use func(extent) error) error {
	for _, e := range l {
		if e.end <= off {
			continue
		}
		if e.off >= end {
			break
		}
		if e.off > off {
			if err := use(extent{span: span{off, e.off}}); err != nil {
				return err
			}
			off = e.off
		}
		part := e.within(off, end)
		if err := use(part); err != nil {
			return err
		}
		off = part.end
	}
	if off < end {
		return use(extent{span: span{off, end}})
	}
	return nil
}

// reach is how far the file goes from its beginning without a hole.
func (l layout) reach() int64 {
	var end int64
	for _, e := range l {
		if e.off != end {
			break
		}
		end = e.end
	}
	return end
}
