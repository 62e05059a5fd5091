package api

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func TestParseSeconds(t *testing.T) {
	for s, want := range map[string]time.Time{
		"0":                      time.Unix(0, 0),
		"1451606400":             time.Unix(1451606400, 0),
		"1451606400.5":           time.Unix(1451606400, 500_000_000),
		"1451606400.033340":      time.Unix(1451606400, 33_340_000),
		"1451606400.123456789":   time.Unix(1451606400, 123_456_789),
		"1451606400.12345678987": time.Unix(1451606400, 123_456_789),
		"1451606400.":            time.Unix(1451606400, 0),
		"-1":                     time.Unix(-1, 0),
		"-1.5":                   time.Unix(-2, 500_000_000),
		"-0.25":                  time.Unix(-1, 750_000_000),
		"1e9":                    time.Unix(1_000_000_000, 0),
		"1.4516064e+09":          time.Unix(1451606400, 0),
		"1.45160640025E9":        time.Unix(1451606400, 250_000_000),
		"14516064005e-1":         time.Unix(1451606400, 500_000_000),
		"5e-1":                   time.Unix(0, 500_000_000),
		"-5e-3":                  time.Unix(-1, 995_000_000),
		"1e-20":                  time.Unix(0, 0),
	} {
		if got, err := ParseSeconds(s); err != nil || !got.Equal(want) {
			t.Errorf("parseSeconds(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", ".5", "now", "1,5", "1.x", "1.-5", "1e", "1e99", "1e1000000000", "1e20", "--1", "+1", "e5", "1e+-2", "9223372036854775807", "99999999999999999999"} {
		if got, err := ParseSeconds(s); err == nil {
			t.Errorf("parseSeconds(%q) = %v, want an error", s, got)
		}
	}
}

func FuzzParseSeconds(f *testing.F) {
	for _, s := range []string{"0", "1451606400.033340", "-1.999999999", "9223372036", "-9223372036.5", "1.-1", ".1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseSeconds(s)
		if err != nil {
			return
		}
		again, err := ParseSeconds(FormatSeconds(got))
		if err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, which is written %q and read as %v, %v", s, got, FormatSeconds(got), again, err)
		}
	})
}

func TestFormatSeconds(t *testing.T) {
	for want, at := range map[string]time.Time{
		"-0.500000000": time.Unix(-1, 500_000_000),
		"-1.500000000": time.Unix(-2, 500_000_000),
		"-2.000000000": time.Unix(-2, 0),
		"2.250000000":  time.Unix(2, 250_000_000),
	} {
		if got := FormatSeconds(at); got != want {
			t.Errorf("formatSeconds(%v) = %q, want %q", at.UTC(), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<33, 1<<33).Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec"))
		if got, err := ParseSeconds(FormatSeconds(at)); err != nil || !got.Equal(at) {
			t.Fatalf("%v is written %q and read as %v, %v", at, FormatSeconds(at), got, err)
		}
	})
}

func TestIsDirectoryType(t *testing.T) {
	for s, want := range map[string]bool{
		"application/directory":                    true,
		"application/directory; charset=UTF-8":     true,
		" Application/Directory ;x=y":              true,
		"application/directory-listing":            false,
		"application/octet-stream":                 false,
		"":                                         false,
		"text/plain; note=application/directory; ": false,
	} {
		if got := IsDirectoryType(s); got != want {
			t.Errorf("isDirectoryType(%q) = %v", s, got)
		}
	}
}

// TestContentType uses names whose extensions could make directories of the files: the machine's
// settings decide the types of extensions.
func TestContentType(t *testing.T) {
	for _, ext := range []string{".fgdir", ".fgdirs"} {
		if err := mime.AddExtensionType(ext, "application/directory; charset=utf-8"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a.txt", "x/a.fgdir", "a.fgdirs", "a.", ".", "a.tar.gz"})).Draw(t, "object")
		got := ContentTypeOf(object)
		if IsDirectoryType(got) || got == "" {
			t.Fatalf("contentType(%q) = %q", object, got)
		}
		if path.Ext(object) == "" && got != "application/octet-stream" {
			t.Fatalf("contentType(%q) = %q", object, got)
		}
	})
	if got := ContentTypeOf("page.html"); got != "text/html; charset=utf-8" {
		t.Errorf("contentType of a page = %q", got)
	}
}

func TestParseObject(t *testing.T) {
	h := http.Header{}
	h.Set("Content-Length", "12")
	h.Set("Content-Type", "text/plain")
	h.Set("Etag", `"abc"`)
	h.Set("X-Timestamp", "1451606400.25000")
	h.Set("Last-Modified", "Fri, 01 Jan 2016 00:00:01 GMT")
	o := ParseObject(h)
	at := time.Unix(1451606400, 250_000_000)
	if o.Size != 12 || o.ETag != "abc" || !o.Modified.Equal(at) || !o.ModTime.Equal(at) || o.IsDir() || o.IsLarge() {
		t.Errorf("%+v", o)
	}
	h.Set("X-Object-Meta-Mtime", "7.5")
	h.Set("X-Object-Manifest", "c_segments/a%20b/")
	h.Del("X-Timestamp")
	o = ParseObject(h)
	if !o.Modified.Equal(at.Truncate(time.Second).Add(time.Second)) || !o.ModTime.Equal(time.Unix(7, 500_000_000)) || o.DLO != "c_segments/a b/" || !o.IsLarge() {
		t.Errorf("%+v", o)
	}
	h.Set("Content-Type", "application/directory")
	if info := ParseObject(h).Info("d"); !info.IsDir() || info.Size != 0 || info.Version != "" {
		t.Errorf("a directory of 12 bytes is shown as %+v", info)
	}
	h = http.Header{}
	h.Set("X-Static-Large-Object", "True")
	if o := ParseObject(h); !o.SLO || !o.Exists() || o.Info("f") != (vfs.Info{Name: "f", Mode: DefaultFileMode, ModTime: o.ModTime}) {
		t.Errorf("%+v", o)
	}
}

// TestKept checks the headers of a POST. It replaces all metadata, so headers that are not sent
// again are lost.
func TestKept(t *testing.T) {
	h := http.Header{}
	want := map[string]string{
		"X-Object-Meta-Mtime":  "1.5",
		"X-Object-Meta-Colour": "blue",
		"X-Delete-At":          "1999999999",
		"Content-Encoding":     "gzip",
		"Content-Disposition":  "attachment",
		"Content-Language":     "de",
		"Cache-Control":        "no-store",
		"Expires":              "Fri, 01 Jan 2027 00:00:00 GMT",
		"X-Robots-Tag":         "noindex",
		"X-Object-Manifest":    "c_segments/a%20b/",
	}
	for key, value := range want {
		h.Set(key, value)
	}
	for _, key := range []string{
		"Content-Type", "Content-Length", "Etag", "Last-Modified", "X-Timestamp", "X-Trans-Id", "Date", "Accept-Ranges",
		"X-Static-Large-Object", "X-Openstack-Request-Id", "Connection",
	} {
		h.Set(key, "x")
	}
	if diff := cmp.Diff(want, Object{Header: h}.KeptHeader()); diff != "" {
		t.Errorf("what a POST repeats (-want +got):\n%s", diff)
	}
}

// FuzzObject parses a store's description of an object, with metadata that any client may have set.
func FuzzObject(f *testing.F) {
	f.Add("10", "1764074647.5", "0100644", "1000", "c/seg%2F", "application/directory; x", "true")
	f.Add("-1", "-1e5", "33188", "-1", "%", "", "TRUE")
	f.Add("9223372036854775808", "99999999999", "0777777", "4294967296", "c", "text/plain", "no")
	f.Fuzz(func(t *testing.T, length, mtime, mode, owner, manifest, contentType, static string) {
		h := http.Header{}
		for key, v := range map[string]string{
			"Content-Length": length, MetaMtime: mtime, MetaMode: mode, MetaUID: owner, MetaGID: owner, "X-Timestamp": mtime,
			"X-Object-Manifest": manifest, "Content-Type": contentType, "X-Static-Large-Object": static,
		} {
			h.Set(key, v)
		}
		c := &Client{store: &Store{config: Config{KeepModes: true}}}
		o := c.ObjectOf(h)
		info := o.Info("base")
		if o.Size < 0 || info.Size < 0 || info.UID < 0 || info.GID < 0 {
			t.Errorf("a negative number of: %+v", info)
		}
		if info.IsDir() != o.IsDir() || info.Mode&^(fs.ModePerm|fs.ModeDir) != 0 {
			t.Errorf("mode %v of a directory: %v", info.Mode, o.IsDir())
		}
		if got, err := ParseSeconds(FormatSeconds(info.ModTime)); !info.ModTime.IsZero() && (err != nil || !got.Equal(info.ModTime)) {
			t.Errorf("the time %v cannot be kept: %v", info.ModTime, err)
		}
		o.DLOPrefix(Name{Container: "c", Object: "x"})
		for key := range o.KeptHeader() {
			if !keptByPost(key) {
				t.Errorf("a POST repeats %s", key)
			}
		}
	})
}
