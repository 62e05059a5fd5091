package swift

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// listed returns what a client sees of rows of Swift's listing, as "file" and "dir/".
func listed(l *lister, lines []listing.Entry) []string {
	var got []string
	for _, e := range lines {
		info, ok := l.entry(e)
		switch {
		case ok && info.IsDir():
			got = append(got, info.Name+"/")
		case ok:
			got = append(got, info.Name)
		}
	}
	return got
}

func TestListEntry(t *testing.T) {
	file := func(name string) listing.Entry { return listing.Entry{Name: name, ContentType: "text/plain"} }
	marker := func(name string) listing.Entry {
		return listing.Entry{Name: name, ContentType: "application/directory; x=y"}
	}
	prefix := func(name string) listing.Entry { return listing.Entry{Subdir: name} }
	for _, tt := range []struct {
		name  string
		dir   api.Name
		lines []listing.Entry
		want  []string
	}{
		{"files and directories", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{file("a"), marker("b"), prefix("c/"), file("d")}, []string{"a", "b/", "c/", "d"}},
		{"below a directory", api.Name{Account: "", Container: "c", Object: "x/y"}, []listing.Entry{marker("x/y/"), file("x/y/a"), prefix("x/y/b/")}, []string{"a", "b/"}},
		{"a marker and its prefix", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{marker("a"), prefix("a/")}, []string{"a/"}},
		{
			"a marker and its prefix, far apart",
			api.Name{Account: "", Container: "c", Object: ""},
			[]listing.Entry{marker("a"), file("a b"), marker("a-"), prefix("a-/"), file("a.txt"), prefix("a/"), file("b")},
			[]string{"a/", "a b", "a-/", "a.txt", "b"},
		},
		{"a file and a prefix of its name", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{file("a"), prefix("a/")}, []string{"a"}},
		{"names that are shown otherwise, and those that no path can have", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{prefix("/"), file("."), file(".."), prefix("../"), file("a\x00"), file("\xff"), file("a")}, []string{"%/", "%.", "%..", "a"}},
		{"names that look like those", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{file("%"), prefix("%./"), file("%.x"), file("%%.."), file("%a")}, []string{"%%", "%%./", "%.x", "%%%..", "%a"}},
		{"a file with an empty name", api.Name{Account: "", Container: "c", Object: "x"}, []listing.Entry{{Name: "x/", Bytes: 5}, file("x/a")}, []string{"%", "a"}},
		{"nothing", api.Name{Account: "", Container: "c", Object: ""}, []listing.Entry{{}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &lister{fs: &FS{}, dir: tt.dir}
			if diff := cmp.Diff(tt.want, listed(l, tt.lines)); diff != "" {
				t.Errorf("the client sees (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListAccount(t *testing.T) {
	long := strings.Repeat("l", api.MaxContainerName)
	lines := []listing.Entry{
		{Name: ".."},
		{Name: "@a"},
		{Name: "_segments"},
		{Name: "a"},
		{Name: "a b"},
		{Name: "a b_segments"},
		{Name: "a+segments"},
		{Name: "a-c_segments"},
		{Name: "a_segments"},
		{Name: "a_segments_segments"},
		{Name: "b.segments"},
		{Name: "c_segments"},
		{Name: "d+segments"},
		{Name: long},
		{Name: api.SegmentsContainer(long)},
	}
	for hide, want := range map[bool][]string{
		// A container for segments is hidden if the container of its files is listed. Otherwise it
		// is like any other.
		true:  {"%../", "%@a/", "_segments/", "a/", "a b/", "a-c_segments/", "b.segments/", "c_segments/", "d+segments/", long + "/"},
		false: {"%../", "%@a/", "_segments/", "a/", "a b/", "a b_segments/", "a+segments/", "a-c_segments/", "a_segments/", "a_segments_segments/", "b.segments/", "c_segments/", "d+segments/", long + "/", api.SegmentsContainer(long) + "/"},
	} {
		if diff := cmp.Diff(want, listed(&lister{fs: &FS{hideSegments: hide}}, lines)); diff != "" {
			t.Errorf("with hide_segments = %v the client sees (-want +got):\n%s", hide, diff)
		}
	}
}

// TestListEntries lists containers with names of few letters, so that markers, files and prefixes
// are combined in every way.
func TestListEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.StringMatching(`[a /.\-]{1,5}`), rapid.ID).Draw(t, "objects")
		dir := api.Name{Account: "", Container: "c", Object: rapid.SampledFrom([]string{"", "a", "a/a"}).Draw(t, "dir")}
		slices.Sort(names)
		var lines []listing.Entry
		var want []string
		for _, n := range names {
			rest, below := strings.CutPrefix(n, dir.Prefix())
			if !below {
				continue
			}
			base, _, isPrefix := strings.Cut(rest, "/")
			e := listing.Entry{Name: n, ContentType: rapid.SampledFrom([]string{"text/plain", api.DirectoryType}).Draw(t, "type")}
			if isPrefix {
				e = listing.Entry{Subdir: dir.Prefix() + base + "/"}
			}
			if len(lines) == 0 || lines[len(lines)-1].Subdir == "" || lines[len(lines)-1] != e {
				lines = append(lines, e)
			}
			if base = api.EscapeElement(base, false); rest != "" && !slices.Contains(want, base) {
				want = append(want, base)
			}
		}
		l := &lister{fs: &FS{}, dir: dir}
		var got []string
		for _, e := range lines {
			if info, ok := l.entry(e); ok {
				got = append(got, info.Name)
			}
			if len(l.given.open) > api.MaxObjectName {
				t.Fatalf("%d names are held", len(l.given.open))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("of the lines %+v the client sees (-want +got):\n%s", lines, diff)
		}
	})
}

func FuzzListEntries(f *testing.F) {
	f.Add("x", []byte(`[{"name": "x/a", "bytes": 1, "hash": "h", "content_type": "text/plain", "last_modified": "2026-11-23T16:36:47.033340"}, {"subdir": "x/a/"}]`))
	f.Add("", []byte(`[{"name": "/"}, {"subdir": "//"}, {"name": "..", "bytes": -1}, {"name": "a\u0000b"}, {"name": "a"}, {"name": "a"}]`))
	f.Fuzz(func(t *testing.T, dir string, body []byte) {
		var lines []listing.Entry
		if json.Unmarshal(body, &lines) != nil || !utf8.ValidString(dir) {
			return
		}
		l := &lister{fs: &FS{opened: time.Unix(1, 0)}, dir: api.Name{Account: "", Container: "c", Object: dir}}
		last := ""
		for _, e := range lines {
			info, ok := l.entry(e)
			if !ok || !strings.HasPrefix(e.Key(), l.dir.Prefix()) {
				continue // a row that Swift would not list may be shown as any valid name
			}
			if !vfs.ValidName(info.Name) {
				t.Errorf("the client sees the name %q", info.Name)
			}
			if info.Name == last {
				t.Errorf("the client sees the name %q twice running", info.Name)
			}
			if info.ModTime.IsZero() {
				t.Errorf("%q has no time", info.Name)
			}
			last = info.Name
		}
	})
}

// TestEntryTime reads the times of listings, which are in UTC (row C6: the old servers treated them
// as local time).
func TestEntryTime(t *testing.T) {
	unknown := time.Unix(1, 0)
	for s, want := range map[string]time.Time{
		"2026-11-23T16:36:47.033340":  time.Date(2026, 11, 23, 16, 36, 47, 33_340_000, time.UTC),
		"2026-11-23T16:36:47.033340Z": time.Date(2026, 11, 23, 16, 36, 47, 33_340_000, time.UTC),
		"2026-11-23T16:36:47":         time.Date(2026, 11, 23, 16, 36, 47, 0, time.UTC),
		"":                            unknown,
		"yesterday":                   unknown,
	} {
		if got := (listing.Entry{LastModified: s}).Time(unknown); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", s, got, want)
		}
	}
}
