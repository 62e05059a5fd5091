// Package spans computes with ranges of bytes of a file, for backends that hold parts of a file in
// memory. A [Span] is half-open: it includes the byte at Off and not the byte at End. A [Set] is
// sorted, and its spans neither overlap nor touch. A Set is not safe for use by several goroutines.
// Its suite is spans_test.go.
package spans

import "slices"

// Span is the range of bytes from Off to End, End excluded.
type Span struct{ Off, End int64 }

// Len returns the number of bytes.
func (s Span) Len() int64 { return s.End - s.Off }

// Set is a set of bytes of a file, as spans that are sorted and neither overlap nor touch. The zero
// value is empty.
type Set []Span

// Add adds the bytes from off to end, and returns the span of the set that they are now in.
func (s *Set) Add(off, end int64) Span {
	i, _ := slices.BinarySearchFunc(*s, off, func(x Span, off int64) int {
		if x.End < off {
			return -1
		}
		return 1
	})
	j := i
	for j < len(*s) && (*s)[j].Off <= end {
		off, end = min(off, (*s)[j].Off), max(end, (*s)[j].End)
		j++
	}
	*s = slices.Replace(*s, i, j, Span{off, end})
	return Span{off, end}
}

// Remove removes the bytes from off to end.
func (s *Set) Remove(off, end int64) {
	var rest Set
	for _, x := range *s {
		if x.End <= off || x.Off >= end {
			rest = append(rest, x)
			continue
		}
		if x.Off < off {
			rest = append(rest, Span{x.Off, off})
		}
		if x.End > end {
			rest = append(rest, Span{end, x.End})
		}
	}
	*s = rest
}

// Covers reports whether all bytes of x are in the set.
func (s Set) Covers(x Span) bool {
	i, _ := slices.BinarySearchFunc(s, x.Off, func(p Span, off int64) int {
		if p.End <= off {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].Off <= x.Off && s[i].End >= x.End
}

// Touches reports whether any byte from off to end is in the set.
func (s Set) Touches(off, end int64) bool {
	i, _ := slices.BinarySearchFunc(s, off, func(x Span, off int64) int {
		if x.End <= off {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].Off < end
}
