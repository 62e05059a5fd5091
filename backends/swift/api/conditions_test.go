package api

import (
	"strconv"
	"testing"
)

// TestUnmatchedBounded checks that the number of remembered objects whose condition was refused is
// limited.
func TestUnmatchedBounded(t *testing.T) {
	var u unmatched
	for i := range 3 * maxUnmatched {
		v := objectVersion{Name{"", "c", strconv.Itoa(i)}, "etag"}
		if u.add(v); !u.has(v) || len(u.all) > maxUnmatched {
			t.Fatalf("%d are remembered, this one: %t", len(u.all), u.has(v))
		}
	}
}
