package swift

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestLayout compares a layout with a slice that says of each byte from which segment, and from which place in it, it is.
func TestLayout(t *testing.T) {
	type origin struct {
		seg *segment
		at  int64
	}
	rapid.Check(t, func(t *rapid.T) {
		var l layout
		var model [modelSize]origin
		made := 0
		check := func(t *rapid.T) {
			end := int64(0)
			for _, e := range l {
				switch {
				case e.off < end, e.len() <= 0, e.seg == nil, e.segOff < 0, e.segOff+e.len() > e.seg.size:
					t.Fatalf("extent %+v of a segment of %d bytes, after one that ends at %d", e, e.seg.size, end)
				case e.whole() != (e.len() == e.seg.size):
					t.Fatalf("extent %+v of a segment of %d bytes is whole: %v", e, e.seg.size, e.whole())
				}
				end = e.end
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				off, end := drawSpan(t)
				made++
				seg := &segment{name: name{"", "c", strconv.Itoa(made)}, size: end - off}
				l.put(seg, off)
				for i := off; i < end; i++ {
					model[i] = origin{seg, i - off}
				}
			},
			"cut": func(t *rapid.T) {
				off, end := drawSpan(t)
				l.cut(off, end)
				clear(model[off:end])
			},
			"pieces": func(t *rapid.T) {
				off, end := drawSpan(t)
				at := off
				err := l.pieces(off, end, func(e extent) error {
					if e.off != at || e.len() <= 0 || e.end > end {
						t.Fatalf("piece from %d to %d, where one from %d on is wanted", e.off, e.end, at)
					}
					for ; at < e.end; at++ {
						want := model[at]
						if got := (origin{e.seg, e.segOff + at - e.off}); e.seg != want.seg || want.seg != nil && got != want {
							t.Fatalf("byte %d is of %+v, want %+v", at, got, want)
						}
					}
					return nil
				})
				if err != nil || at != end {
					t.Fatalf("pieces from %d to %d ended at %d: %v", off, end, at, err)
				}
			},
			"": check,
		})
	})
}

func TestLayoutPiecesStopsAtAnError(t *testing.T) {
	var l layout
	l.put(&segment{size: 10}, 10)
	for _, end := range []int{1, 2, 3} { // a hole, the segment, a hole
		calls := 0
		err := l.pieces(0, 30, func(extent) error {
			if calls++; calls == end {
				return errNotRewound
			}
			return nil
		})
		if err != errNotRewound || calls != end {
			t.Errorf("an error of piece %d: %d calls, %v", end, calls, err)
		}
	}
}
