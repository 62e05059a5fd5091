package object

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"filegate/backends/swift/api"
)

func TestUploadIDs(t *testing.T) {
	early, late := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	a, b := newUploadID(early), newUploadID(late)
	if !strings.HasPrefix(a, "20260102T020405Z-") || a >= b {
		t.Errorf("the ids of uploads begun at %v and %v are %q and %q: they must sort by time", early, late, a, b)
	}
	if a == newUploadID(early) {
		t.Errorf("two uploads have the id %q", a)
	}
}

// drawName draws a valid name of up to most bytes. Many of the names have the maximum length.
func drawName(t *rapid.T, label string, most int) string {
	unit := rapid.SampledFrom([]string{"a", "/b", "ü", "日本", "🙂"}).Draw(t, label+" unit")
	n := rapid.IntRange(1, most/len(unit)).Draw(t, label+" units")
	if rapid.Bool().Draw(t, label+" full") {
		n = most / len(unit)
	}
	return strings.Repeat(unit, n)
}

// TestSegmentNames checks the names of segments of objects with names of all lengths.
func TestSegmentNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := api.Name{Account: "", Container: drawName(t, "container", api.MaxContainerName), Object: drawName(t, "object", api.MaxObjectName)}
		target.Container = strings.ReplaceAll(target.Container, "/", "-")
		off := rapid.SampledFrom([]int64{0, 1, 5 * gib, math.MaxInt64}).Draw(t, "off")
		sequence := rapid.SampledFrom([]int{0, 1, 999_999, 9_999_999}).Draw(t, "sequence")
		n := segmentName(HiddenPlace(target, newUploadID(time.Now())), off, sequence)
		switch {
		case len(n.Container) > api.MaxContainerName, len(n.Object) > api.MaxObjectName-len("-manifest0"):
			t.Fatalf("the segment's name has %d and %d bytes", len(n.Container), len(n.Object))
		case !utf8.ValidString(n.Container), !utf8.ValidString(n.Object):
			t.Fatalf("the segment's name is not UTF-8: %q", n)
		case !strings.HasSuffix(n.Container, api.SegmentsSuffix), strings.Contains(n.Container, "/"):
			t.Fatalf("the segments lie in %q", n.Container)
		case !strings.HasPrefix(n.Object, api.SegmentsPrefix(target.Object)):
			t.Fatalf("the segment %q does not begin with %q", n.Object, api.SegmentsPrefix(target.Object))
		}
	})
}
