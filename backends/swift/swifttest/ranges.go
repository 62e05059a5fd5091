package swifttest

import (
	"fmt"
	"strconv"
	"strings"
)

// span is a part of a body: n bytes from first.
type span struct{ first, n int64 }

func (s span) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.first, s.first+s.n-1, size)
}

// byteRange is a requested range. If first is negative, it is the last bytes, at most last of them.
// If last is negative, it extends to the end.
type byteRange struct{ first, last int64 }

// parseRanges parses a Range header. The result is empty if the header is invalid and must be
// ignored.
func parseRanges(header string) []byteRange {
	list, ok := strings.CutPrefix(strings.ReplaceAll(header, " ", ""), "bytes=")
	if !ok {
		return nil
	}
	var out []byteRange
	for one := range strings.SplitSeq(list, ",") {
		first, last, ok := strings.Cut(one, "-")
		if !ok || (first == "" && last == "") {
			return nil
		}
		r := byteRange{first: -1, last: -1}
		if !parseBound(first, &r.first) || !parseBound(last, &r.last) {
			return nil
		}
		if r.first >= 0 && r.last >= 0 && r.last < r.first {
			return nil
		}
		out = append(out, r)
	}
	return out
}

func parseBound(text string, to *int64) bool {
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 63)
	*to = int64(n)
	return err == nil
}

// The limits on the ranges of one request, above which Swift treats it as an attack (RFC 7233,
// 6.1).
const (
	maxRanges          = 50
	maxOverlaps        = 2
	maxNonAscendingAll = 8
)

// spans returns the parts of a body of the given size that ranges select. An empty result means
// that they cannot be satisfied.
func spans(ranges []byteRange, size int64) []span {
	var out []span
	for _, r := range ranges {
		switch {
		case r.first < 0 && r.last > 0:
			n := min(r.last, size)
			out = append(out, span{size - n, n})
		case r.first < 0 || r.first >= size:
		case r.last < 0:
			out = append(out, span{r.first, size - r.first})
		default:
			out = append(out, span{r.first, min(r.last, size-1) - r.first + 1})
		}
	}
	if len(out) > maxRanges || overlaps(out) > maxOverlaps || (!ascending(out) && len(out) >= maxNonAscendingAll) {
		return nil
	}
	return out
}

func overlaps(all []span) int {
	n := 0
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.first < b.first+b.n && b.first < a.first+a.n && a != b {
				n++
			}
		}
	}
	return n
}

func ascending(all []span) bool {
	for i := 1; i < len(all); i++ {
		if all[i].first < all[i-1].first {
			return false
		}
	}
	return true
}
