package swift

import "slices"

// span is the bytes from off to end of a file.
type span struct{ off, end int64 }

func (s span) len() int64 { return s.end - s.off }

// spans are parts of a file: sorted, and neither overlapping nor touching.
type spans []span

// add joins the part with those that it overlaps or touches, and returns the one that it is now in.
func (s *spans) add(off, end int64) span {
	i, _ := slices.BinarySearchFunc(*s, off, func(x span, off int64) int {
		if x.end < off {
			return -1
		}
		return 1
	})
	j := i
	for j < len(*s) && (*s)[j].off <= end {
		off, end = min(off, (*s)[j].off), max(end, (*s)[j].end)
		j++
	}
	*s = slices.Replace(*s, i, j, span{off, end})
	return span{off, end}
}

// remove cuts the part out.
func (s *spans) remove(off, end int64) {
	var rest spans
	for _, x := range *s {
		if x.end <= off || x.off >= end {
			rest = append(rest, x)
			continue
		}
		if x.off < off {
			rest = append(rest, span{x.off, off})
		}
		if x.end > end {
			rest = append(rest, span{end, x.end})
		}
	}
	*s = rest
}

// cover says whether all of x is in one of the parts.
func (s spans) cover(x span) bool {
	i, _ := slices.BinarySearchFunc(s, x.off, func(p span, off int64) int {
		if p.end <= off {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].off <= x.off && s[i].end >= x.end
}

// touches says whether any of the parts has a byte from off to end.
func (s spans) touches(off, end int64) bool {
	i, _ := slices.BinarySearchFunc(s, off, func(x span, off int64) int {
		if x.end <= off {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].off < end
}
