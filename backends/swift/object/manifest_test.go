package object

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
)

func TestExtentOf(t *testing.T) {
	for _, tt := range []struct {
		m           returnedEntry
		off         int64
		segOff, end int64 // the wanted result; end 0: an error
	}{
		{returnedEntry{Name: "/c/s", Bytes: 10}, 100, 0, 110},
		{returnedEntry{Name: "c/s", Bytes: 10}, 0, 0, 10},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "0-9"}, 5, 0, 15},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "9-9"}, 5, 9, 6},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "2-4"}, 5, 2, 8},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "0-10"}, 0, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "4-2"}, 0, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "x-y"}, 0, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: 10, Range: "5"}, 0, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: -1}, 0, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: 1<<63 - 1}, 10, 0, 0},
		{returnedEntry{Name: "/c/s", Bytes: 1<<63 - 1, Range: "0-9223372036854775806"}, 10, 0, 0},
		{returnedEntry{Name: "/c", Bytes: 1}, 0, 0, 0},
		{returnedEntry{Name: "/c/", Bytes: 1}, 0, 0, 0},
		{returnedEntry{Name: "//s", Bytes: 1}, 0, 0, 0},
		{returnedEntry{Name: "", Bytes: 1}, 0, 0, 0},
	} {
		e, err := tt.m.extentOf("", tt.off)
		switch {
		case tt.end == 0 && err == nil:
			t.Errorf("%+v at %d is the extent %+v, want an error", tt.m, tt.off, e)
		case tt.end == 0:
		case err != nil || e.Off != tt.off || e.End != tt.end || e.segOff != tt.segOff || e.seg.size != tt.m.Bytes || e.seg.name != (api.Name{Account: "", Container: "c", Object: "s"}):
			t.Errorf("%+v at %d is the extent %+v, %v; want one from %d to %d, in its segment at %d", tt.m, tt.off, e, err, tt.off, tt.end, tt.segOff)
		}
	}
}

// FuzzManifest parses manifests that another program may have written.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`[{"name": "/c/s", "hash": "x", "bytes": 10, "range": "2-4", "sub_slo": true}]`))
	f.Add([]byte(`[{"data": "aGVsbG8="}, {"name": "/c/s", "bytes": 1}]`))
	f.Add([]byte(`[{"name": "/c/s", "bytes": 9223372036854775807}, {"name": "/c/s", "bytes": 9223372036854775807}]`))
	f.Add([]byte(`[null, {}, {"name": "c", "range": "-"}]`))
	f.Add([]byte(`{"name": 1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := parseManifest(body)
		if err != nil {
			return
		}
		var off int64
		for _, m := range entries {
			e, err := m.extentOf("", off)
			if err != nil {
				return
			}
			switch {
			case e.Off != off, e.End < e.Off, e.segOff < 0, e.segOff+e.Len() > e.seg.size, !e.seg.name.IsObject(), e.seg.name.Container == "":
				t.Fatalf("%+v at %d is the extent %+v of %+v", m, off, e, e.seg)
			}
			off = e.End
		}
	})
}

// TestManifestRoundTrip writes extents to a manifest, and reads them from the form in which Swift
// returns it.
func TestManifestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 1<<40).Draw(t, "size")
		first := rapid.Int64Range(0, size-1).Draw(t, "first")
		last := rapid.Int64Range(first, size-1).Draw(t, "last")
		off := rapid.Int64Range(0, 1<<40).Draw(t, "off")
		want := Extent{spans.Span{Off: off, End: off + last - first + 1}, &Segment{name: api.Name{Account: "", Container: "c", Object: "a/ü b"}, size: size, etag: "x"}, first}
		entry := sloEntryOf(want)
		if entry.length() != want.Len() {
			t.Fatalf("%+v has the length %d, want %d", entry, entry.length(), want.Len())
		}
		if whole := entry.Range == ""; whole != (first == 0 && last == size-1) {
			t.Fatalf("%+v of %d to %d", entry, first, last)
		}
		text, err := json.Marshal([]map[string]any{{"name": entry.Path, "hash": entry.Etag, "bytes": entry.Size, "range": entry.Range}})
		if err != nil {
			t.Fatal(err)
		}
		read, err := parseManifest(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read[0].extentOf("", off)
		if err != nil || got.Span != want.Span || got.segOff != first || *got.seg.ref() != *want.seg.ref() {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
	})
}

// ref returns the part of a segment that is written to a manifest.
func (s *Segment) ref() *string {
	text := fmt.Sprint(s.name, s.size, s.etag)
	return &text
}

// TestManifestTakesTime checks that a store has time to check many segments before it answers.
func TestManifestTakesTime(t *testing.T) {
	if quiet := 1000 * checkTime; quiet < 100*time.Second {
		t.Errorf("1000 segments have to be checkTime within %v", quiet)
	}
}
