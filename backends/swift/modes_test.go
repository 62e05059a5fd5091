package swift

import (
	"io/fs"
	"net/http"
	"strconv"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestModesInSwift checks how other programs see a mode and an owner, and which of their values are
// shown.
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
		o, err := f.client.Head(ctx, api.Name{Container: "c", Object: object})
		if err != nil || o.Header.Get(api.MetaMode) != want || o.Header.Get(api.MetaUID) != "1000" || o.Header.Get(api.MetaGID) != "0" {
			t.Errorf("Swift has %v of %s (%v), want %s 1000 0", o.Header, object, err, want)
		}
	}
	// An impossible user ID is not stored.
	none := -1
	if err := f.SetAttrs(ctx, "/c/file", vfs.Attrs{UID: &none}); err != nil {
		t.Fatal(err)
	}
	foreign := map[string]string{api.MetaMode: "33152", api.MetaUID: "12", api.MetaGID: "x"}
	if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: api.Name{Container: "c", Object: "foreign"}, Header: foreign}); err != nil {
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

// TestModesNotKept checks the default: setting a mode succeeds and takes no request except the
// lookup. Modes that other programs have stored are not shown, and not lost.
func TestModesNotKept(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	foreign := map[string]string{api.MetaMode: "100600", api.MetaUID: "12"}
	if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: api.Name{Container: "c", Object: "file"}, Header: foreign}); err != nil {
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
	if info, err := f.Stat(ctx, "/c/file"); err != nil || info.Mode != api.DefaultFileMode || info.UID != 0 {
		t.Errorf("the file is %+v (%v), want the mode that all files have", info, err)
	}
	if o, err := f.client.Head(ctx, api.Name{Container: "c", Object: "file"}); err != nil || o.Header.Get(api.MetaMode) != "100600" {
		t.Errorf("the mode that somebody else has set is %q now (%v)", o.Header.Get(api.MetaMode), err)
	}
}
