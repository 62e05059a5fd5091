package object

import (
	"io"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"filegate/backends/swift/api"
)

// TestLayout compares a layout with a slice that has the segment of each byte, and the offset in
// it.
func TestLayout(t *testing.T) {
	type origin struct {
		seg *Segment
		at  int64
	}
	rapid.Check(t, func(t *rapid.T) {
		var l Layout
		var model [layoutSize]origin
		made := 0
		check := func(t *rapid.T) {
			end := int64(0)
			for _, e := range l {
				switch {
				case e.Off < end, e.Len() <= 0, e.seg == nil, e.segOff < 0, e.segOff+e.Len() > e.seg.size:
					t.Fatalf("extent %+v of a segment of %d bytes, after one that ends at %d", e, e.seg.size, end)
				case e.whole() != (e.Len() == e.seg.size):
					t.Fatalf("extent %+v of a segment of %d bytes is whole: %v", e, e.seg.size, e.whole())
				}
				end = e.End
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				off, end := drawPart(t)
				made++
				seg := &Segment{name: api.Name{Account: "", Container: "c", Object: strconv.Itoa(made)}, size: end - off}
				l.put(seg, off)
				for i := off; i < end; i++ {
					model[i] = origin{seg, i - off}
				}
			},
			"cut": func(t *rapid.T) {
				off, end := drawPart(t)
				l.cut(off, end)
				clear(model[off:end])
			},
			"pieces": func(t *rapid.T) {
				off, end := drawPart(t)
				at := off
				err := l.pieces(off, end, func(e Extent) error {
					if e.Off != at || e.Len() <= 0 || e.End > end {
						t.Fatalf("piece from %d to %d, where one from %d on is wanted", e.Off, e.End, at)
					}
					for ; at < e.End; at++ {
						want := model[at]
						if got := (origin{e.seg, e.segOff + at - e.Off}); e.seg != want.seg || want.seg != nil && got != want {
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
	var l Layout
	l.put(&Segment{size: 10}, 10)
	for _, end := range []int{1, 2, 3} { // a hole, the segment, a hole
		calls := 0
		err := l.pieces(0, 30, func(Extent) error {
			if calls++; calls == end {
				return io.ErrUnexpectedEOF
			}
			return nil
		})
		if err != io.ErrUnexpectedEOF || calls != end {
			t.Errorf("an error of piece %d: %d calls, %v", end, calls, err)
		}
	}
}

// layoutSize is the largest size of the files of TestLayout, in bytes.
const layoutSize = 60

func drawPart(t *rapid.T) (off, end int64) {
	off = rapid.Int64Range(0, layoutSize-1).Draw(t, "off")
	return off, rapid.Int64Range(off+1, layoutSize).Draw(t, "end")
}
