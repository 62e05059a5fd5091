package object

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"filegate/backends/swift/api"
)

// Any client may have created the names and short objects in a store. Parsed values must be within
// their limits, and formatting them must give a form that has the same value.

func FuzzSegmentName(f *testing.F) {
	for _, s := range []string{"0000000000000000-000000", "0000000001048576-000001", "-1-1", "9223372036854775807-0", "0-1000000001", fmt.Sprint(int64(maxSegmentOffset), "-0"), "+1-+1", "1-1-manifest0", ""} {
		f.Add(s)
	}
	place := api.Name{Container: "c_segments", Object: "file/20261125T123041Z-01234567/"}
	f.Fuzz(func(t *testing.T, s string) {
		off, sequence, ok := parseSegmentName(s)
		if !ok {
			return
		}
		if off < 0 || sequence < 0 || off > math.MaxInt64/2 || sequence > math.MaxInt32 {
			t.Fatalf("%q is read as %d and %d: what comes behind is no number", s, off, sequence)
		}
		again := strings.TrimPrefix(segmentName(place, off, sequence).Object, place.Object)
		if o, q, ok := parseSegmentName(again); !ok || o != off || q != sequence {
			t.Errorf("%q is written %q and read as %d and %d", s, again, o, q)
		}
	})
}

func FuzzMarkerName(f *testing.F) {
	for _, s := range []string{".uploads/file/20261125T123041Z-01234567", ".uploads//20261125T123041Z-01234567", ".uploads/a/b/20261125T123041Z-0123456", ".uploads/", "file"} {
		f.Add(s)
	}
	c := api.Name{Container: "c"}
	f.Fuzz(func(t *testing.T, s string) {
		target, upload, ok := parseMarker(c, s)
		if !ok {
			return
		}
		if marker, _ := MarkerName(target, upload); marker.Object != s || target.Container != "c" || target.Object == "" {
			t.Errorf("%q is the marker of %q in %v, whose marker is %q", s, upload, target, marker.Object)
		}
	})
}

func FuzzMarkerBody(f *testing.F) {
	const upload = "20261125T123041Z-01234567"
	for _, s := range []string{"", "\x001764074647.5", "/c_segments/file/" + upload + "/", "file.part/" + upload + "/\x001", "/other/x/" + upload + "/", "/", "//", "/c/" + upload + "/", "\x00\x00"} {
		f.Add([]byte(s))
	}
	n := api.Name{Container: "c", Object: "file"}
	f.Fuzz(func(t *testing.T, body []byte) {
		place, _, ok := parseMarkerBody(n, upload, body)
		if !ok {
			return
		}
		// The removal of the upload deletes all objects in this place.
		if !strings.HasSuffix(place.Object, "/"+upload+"/") {
			t.Errorf("%q has the segments lie at %v, which is no upload's own place", body, place)
		}
		if !isHiddenSegment(n, segmentName(place, 0, 0)) {
			t.Errorf("%q has the segments lie at %v, where people's files are", body, place)
		}
	})
}

func FuzzRenameRecord(f *testing.F) {
	f.Add([]byte(`{"from":"/c/a","to":"/c/b"}`))
	f.Add([]byte(`{"from":"c","to":"//"}`))
	f.Add([]byte(`{"from":"/c/\ud800","to":"/c/\u0000"} {}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRecord("", body)
		if err != nil {
			return
		}
		if r.From.Container == "" || r.To.Container == "" {
			t.Fatalf("%q records a rename of %v to %v", body, r.From, r.To)
		}
		text, err := json.Marshal(record{From: r.From.InAccount(), To: r.To.InAccount()})
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseRecord("", bytes.TrimSpace(text))
		if err != nil || again != r {
			t.Errorf("%q records %+v, which is written %s and read as %+v, %v", body, r, text, again, err)
		}
	})
}
