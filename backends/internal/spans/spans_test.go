package spans

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// modelSize is how many bytes the files of the model tests have at most.
const modelSize = 60

func drawSpan(t *rapid.T) (off, end int64) {
	off = rapid.Int64Range(0, modelSize-1).Draw(t, "off")
	return off, rapid.Int64Range(off+1, modelSize).Draw(t, "end")
}

// TestSpans compares spans with a slice that says of each byte whether it is in one.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Set
		var in [modelSize]bool
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				off, end := drawSpan(t)
				got := s.Add(off, end)
				for i := off; i < end; i++ {
					in[i] = true
				}
				if want := runAt(in[:], off); got != want {
					t.Fatalf("add(%d, %d) = %v, want the run that it is in now, %v", off, end, got, want)
				}
			},
			"remove": func(t *rapid.T) {
				off, end := drawSpan(t)
				s.Remove(off, end)
				clear(in[off:end])
			},
			"touches": func(t *rapid.T) {
				off, end := drawSpan(t)
				want := false
				for _, b := range in[off:end] {
					want = want || b
				}
				if got := s.Touches(off, end); got != want {
					t.Fatalf("%v.touches(%d, %d) = %v", s, off, end, got)
				}
			},
			"": func(t *rapid.T) {
				if diff := cmp.Diff(runs(in[:]), []Span(s), cmp.AllowUnexported(Span{})); diff != "" {
					t.Fatalf("the runs are not those of the model (-want +got):\n%s", diff)
				}
			},
		})
	})
}

// runs are the longest stretches of true.
func runs(in []bool) []Span {
	var all []Span
	for i := int64(0); i < int64(len(in)); i++ {
		if in[i] {
			r := runAt(in, i)
			all = append(all, r)
			i = r.End
		}
	}
	return all
}

// runAt is the longest stretch of true around i.
func runAt(in []bool, i int64) Span {
	r := Span{i, i}
	for r.Off > 0 && in[r.Off-1] {
		r.Off--
	}
	for r.End < int64(len(in)) && in[r.End] {
		r.End++
	}
	return r
}
