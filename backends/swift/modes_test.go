package swift

import (
	"io/fs"
	"net/http"
	"strconv"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func TestParseMode(t *testing.T) {
	for s, want := range map[string]fs.FileMode{
		"100644": 0o644, "0100600": 0o600, "40755": 0o755, "644": 0o644, "0640": 0o640, "0": 0, "100000": 0,
		"104755": 0o755, "1777": 0o777, // setuid and the like are nobody's business here
		"33188": 0o644, "33204": 0o664, "16877": 0o755, // decimal
	} {
		if got, ok := parseMode(s); !ok || got != want {
			t.Errorf("parseMode(%q) = %o, %v; want %o", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "x", "-1", "rw-r--r--", "120777", "999", "9999999", "0x1ff", "8"} {
		if got, ok := parseMode(s); ok {
			t.Errorf("parseMode(%q) = %o, want none", s, got)
		}
	}
}

func FuzzParseMode(f *testing.F) {
	for _, s := range []string{"100644", "33188", "755", "", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, ok := parseMode(s); got&^fs.ModePerm != 0 && ok {
			t.Errorf("parseMode(%q) = %o, which are not permission bits only", s, got)
		}
	})
}

// TestModesInSwift is what others see of a mode and an owner, and what of theirs is shown.
func TestModesInSwift(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.KeepModes = true })
	ctx := t.Context()
	f.mustWrite(t, "/c/file", []byte("x"))
	if err := f.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	mode, uid, gid := fs.FileMode(0o640), 1000, 0
	for _, p := range []vfs.Path{"/c/file", "/c/dir"} {
		if err := f.SetAttrs(ctx, p, vfs.Attrs{Mode: &mode, UID: &uid, GID: &gid}); err != nil {
			t.Fatal(err)
		}
	}
	for object, want := range map[string]string{"file": "100640", "dir": "40640"} {
		o, err := f.client.head(ctx, name{container: "c", object: object})
		if err != nil || o.header.Get(metaMode) != want || o.header.Get(metaUID) != "1000" || o.header.Get(metaGID) != "0" {
			t.Errorf("Swift has %v of %s (%v), want %s 1000 0", o.header, object, err, want)
		}
	}
	// What nobody can be is not written down.
	none := -1
	if err := f.SetAttrs(ctx, "/c/file", vfs.Attrs{UID: &none}); err != nil {
		t.Fatal(err)
	}
	foreign := map[string]string{metaMode: "33152", metaUID: "12", metaGID: "x"}
	if _, err := f.client.send(ctx, request{method: http.MethodPut, target: name{container: "c", object: "foreign"}, header: foreign}); err != nil {
		t.Fatal(err)
	}
	infos, err := listAll(ctx, f, "/c")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, i := range infos {
		shown[i.Name] = i.Mode.String() + " " + strconv.Itoa(i.UID) + " " + strconv.Itoa(i.GID)
	}
	for base, want := range map[string]string{"file": "-rw-r----- 1000 0", "foreign": "-rw------- 12 0"} {
		if shown[base] != want {
			t.Errorf("%s is listed as %q, want %q", base, shown[base], want)
		}
	}
}

// TestModesNotKept is the default: modes are taken without a word and without a request more than the look, and those that others keep are not shown, and not lost.
func TestModesNotKept(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	foreign := map[string]string{metaMode: "100600", metaUID: "12"}
	if _, err := f.client.send(ctx, request{method: http.MethodPut, target: name{container: "c", object: "file"}, header: foreign}); err != nil {
		t.Fatal(err)
	}
	f.srv.ForgetRequests()
	mode, id := fs.FileMode(0o640), 1000
	if err := f.SetAttrs(ctx, "/c/file", vfs.Attrs{Mode: &mode, UID: &id, GID: &id}); err != nil {
		t.Fatal(err)
	}
	if n := f.srv.Count(swifttest.PostObject); n > 0 {
		t.Errorf("%d POSTs for what is not kept", n)
	}
	if info, err := f.Stat(ctx, "/c/file"); err != nil || info.Mode != fileMode || info.UID != 0 {
		t.Errorf("the file is %+v (%v), want the mode that all files have", info, err)
	}
	if o, err := f.client.head(ctx, name{container: "c", object: "file"}); err != nil || o.header.Get(metaMode) != "100600" {
		t.Errorf("the mode that somebody else has set is %q now (%v)", o.header.Get(metaMode), err)
	}
}
