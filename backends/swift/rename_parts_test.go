package swift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// putManifest creates a static large object of existing objects.
func (f *FS) putManifest(t *testing.T, p vfs.Path, segments ...vfs.Path) {
	t.Helper()
	var entries []map[string]string
	for _, s := range segments {
		entries = append(entries, map[string]string{"path": string(s)})
	}
	body, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	f.putRaw(t, p, body, url.Values{"multipart-manifest": {"put"}}, nil)
}

// putRaw creates an object directly in Swift.
func (f *FS) putRaw(t *testing.T, p vfs.Path, body []byte, query url.Values, header map[string]string) {
	t.Helper()
	n, err := f.locate(p)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client.Send(t.Context(), api.Request{
		Method: http.MethodPut, Target: n, Query: query, Header: header, Body: api.Pieces{body}.Reader(), Length: int64(len(body)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// oddManifest is a large file whose segments are in the same directory as the file, /c/d.
type oddManifest struct {
	name string
	make func(t *testing.T, f *FS, dir vfs.Path, one, two []byte)
}

func oddManifests() []oddManifest {
	segments := func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
		f.putRaw(t, dir+"/seg/1", one, nil, nil)
		f.putRaw(t, dir+"/seg/2", two, nil, nil)
	}
	dlo := func(dir vfs.Path) map[string]string {
		return map[string]string{"X-Object-Manifest": string(dir[1:]) + "/seg/"}
	}
	return []oddManifest{
		{"dynamic", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			segments(t, f, dir, one, two)
			f.putRaw(t, dir+"/big", nil, nil, dlo(dir))
		}},
		{"dynamic with bytes of its own", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			segments(t, f, dir, one, two)
			f.putRaw(t, dir+"/big", []byte("manifest"), nil, dlo(dir))
		}},
		{"static", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			segments(t, f, dir, one, two)
			f.putManifest(t, dir+"/big", dir+"/seg/1", dir+"/seg/2")
		}},
		{"static in a static one", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			segments(t, f, dir, one, two)
			elsewhere := dir[:strings.LastIndex(string(dir), "/")] + "/elsewhere"
			f.putManifest(t, elsewhere, dir+"/seg/1", dir+"/seg/2")
			f.putManifest(t, dir+"/big", elsewhere)
		}},
		{"two of the same segments", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			segments(t, f, dir, one, two)
			f.putManifest(t, dir+"/also", dir+"/seg/1", dir+"/seg/2")
			f.putRaw(t, dir+"/big", []byte("manifest"), nil, dlo(dir))
		}},
		{"two of the same hidden segments", func(t *testing.T, f *FS, dir vfs.Path, one, two []byte) {
			f.putRaw(t, dir+"/also.part/1", one, nil, nil)
			f.putRaw(t, dir+"/also.part/2", two, nil, nil)
			f.putRaw(t, dir+"/also", nil, nil, map[string]string{"X-Object-Manifest": string(dir[1:]) + "/also.part/"})
			f.putRaw(t, dir+"/big", nil, nil, map[string]string{"X-Object-Manifest": string(dir[1:]) + "/also.part/"})
		}},
	}
}

// TestRenameOddManifests renames directories that contain large files and their segments: the files
// keep their content. Neither the size in a listing nor a store's mark of static large objects
// shows which files are large.
func TestRenameOddManifests(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, c := range oddManifests() {
			t.Run(fmt.Sprintf("%s, plain listings %t", c.name, plain), func(t *testing.T) {
				f := newFake(t, swifttest.Limits{PlainListings: plain}, nil)
				renameOdd(t, f.FS, f.dir, c)
			})
		}
	}
}

func TestRenameOddManifestsReal(t *testing.T) {
	f := openFS(t, realSwift(t), nil)
	for _, c := range oddManifests() {
		t.Run(c.name, func(t *testing.T) { renameOdd(t, f, makeContainer(t, f), c) })
	}
}

func renameOdd(t *testing.T, f *FS, top vfs.Path, c oddManifest) {
	one, two := apitest.Noise(1000), apitest.Noise(500)
	c.make(t, f, top+"/d", one, two)
	if err := f.Rename(t.Context(), top+"/d", top+"/e", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, base := range []vfs.Path{"/big", "/also"} {
		got, err := contentOf(t, f, top+"/e"+base)
		if errors.Is(err, vfs.ErrNotExist) && base == "/also" {
			continue
		}
		if want := append(bytes.Clone(one), two...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q has %d bytes after the rename of its directory (%v), and had %d", base, len(got), err, len(want))
		}
	}
	if _, err := f.Stat(t.Context(), top+"/d"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("the old name is still there: %v", err)
	}
	if page, err := f.lists.List(t.Context(), api.Name{Container: string(top[1:])}, listing.Query{Prefix: "e/also.part/", Limit: 1}); err != nil || len(page) > 0 {
		t.Errorf("segments that no file needs have been moved along: %v, %v", page, err)
	}
}

func contentOf(t *testing.T, f *FS, p vfs.Path) ([]byte, error) {
	r, err := f.Open(t.Context(), p, vfs.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b bytes.Buffer
	_, err = r.WriteTo(writeOnly{&b})
	return b.Bytes(), err
}

// TestRenameLeavesBehind renames a directory with a file that has a missing segment. The other
// files are moved, the error names the file, and after it was removed the same rename finishes.
func TestRenameLeavesBehind(t *testing.T) {
	for _, marked := range []bool{false, true} {
		for _, inside := range []bool{false, true} {
			t.Run(fmt.Sprintf("marked %t, segments inside %t", marked, inside), func(t *testing.T) {
				f := newFake(t, swifttest.Limits{ListingLimit: 3}, func(cfg *Config) { cfg.Patience = time.Millisecond })
				if marked {
					if err := f.Mkdir(t.Context(), "/c/d"); err != nil {
						t.Fatal(err)
					}
				}
				seg := vfs.Path("/c/elsewhere")
				if inside {
					seg = "/c/d/seg"
				}
				f.putRaw(t, seg+"/1", []byte("one"), nil, nil)
				f.putRaw(t, seg+"/2", []byte("two"), nil, nil)
				f.putManifest(t, "/c/d/broken", seg+"/1", seg+"/2")
				if err := f.client.Delete(t.Context(), api.Name{Account: "", Container: "c", Object: string(seg[3:]) + "/2"}); err != nil {
					t.Fatal(err)
				}
				for i := range 10 {
					f.mustWrite(t, vfsPath("/c/d/%d", i), []byte{byte(i)})
				}
				err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{})
				if err == nil || !strings.Contains(vfs.ClientText(err), "/c/d/broken") || !strings.Contains(vfs.ClientText(err), "repeat the rename") {
					t.Fatalf("the rename ends with %v, and should say that broken stays and what to do", err)
				}
				for i := range 10 {
					f.has(t, vfsPath("/c/e/%d", i), []byte{byte(i)}, "it could be moved")
				}
				want := []string{"d/broken"}
				if inside {
					want = append(want, "d/seg/1")
				}
				got := slices.DeleteFunc(f.objectsIn(t, "c"), func(s string) bool { return !strings.HasPrefix(s, "d/") })
				if !slices.Equal(got, want) {
					t.Errorf("at the old name are %q, want %q: a file that stays keeps its segments", got, want)
				}
				if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err == nil || errors.Is(err, vfs.ErrExist) {
					t.Errorf("the same rename again: %v, want the same error", err)
				}
				if err := f.Remove(t.Context(), "/c/d/broken"); err != nil {
					t.Fatal(err)
				}
				if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err != nil {
					t.Errorf("the rename after broken was removed: %v", err)
				}
				if _, err := f.Stat(t.Context(), "/c/d"); !errors.Is(err, vfs.ErrNotExist) {
					t.Errorf("the old name is still there: %v", err)
				}
				if left := slices.DeleteFunc(f.objectsIn(t, "c_segments"), func(s string) bool { return !strings.HasPrefix(s, ".renames/") }); len(left) > 0 {
					t.Errorf("the rename is done, and records of it are left: %q", left)
				}
			})
		}
	}
}

// TestRenameStopsWithoutStore makes every copy fail: the rename of a large directory does not try
// all of them.
func TestRenameStopsWithoutStore(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
	for i := range 100 {
		f.putRaw(t, vfsPath("/c/d/%02d", i), []byte("x"), nil, nil)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}})
	f.srv.ForgetRequests()
	err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{})
	if vfs.Kind(err) != vfs.ErrUnavailable || strings.Count(vfs.ClientText(err), "/c/d/") > maxNamedBehind {
		t.Errorf("the rename ends with %v", err)
	}
	if n := f.srv.Count(swifttest.CopyObject); n > 3*movesAtOnce {
		t.Errorf("%d copies were tried of a store that makes none", n)
	}
}

// TestRenameUnknownEntry makes the HEAD of an entry fail: nothing is moved, because the entry may
// need any of the others.
func TestRenameUnknownEntry(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = time.Millisecond })
	oddManifests()[1].make(t, f.FS, "/c/d", []byte("one"), []byte("two"))
	f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "d/big", Fault: swifttest.Fault{Status: http.StatusServiceUnavailable}})
	err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{})
	if vfs.Kind(err) != vfs.ErrUnavailable || !strings.Contains(vfs.ClientText(err), "/c/d/big") {
		t.Errorf("the rename ends with %v", err)
	}
	f.srv.Heal()
	f.has(t, "/c/d/big", []byte("onetwo"), "nothing was to be moved")
	if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/e/big", []byte("onetwo"), "the rename went on")
}

// TestRenameOntoOwnPart renames a large file to the name of one of its segments, and to a name
// among them.
func TestRenameOntoOwnPart(t *testing.T) {
	want := []byte("onetwo")
	for _, c := range oddManifests()[:3] {
		for _, to := range []vfs.Path{"/c/d/seg/1", "/c/d/seg/3"} {
			t.Run(c.name+to.String(), func(t *testing.T) {
				f := newFake(t, swifttest.Limits{}, nil)
				c.make(t, f.FS, "/c/d", want[:3], want[3:])
				copyErr := f.Copy(t.Context(), "/c/d/big", to, vfs.CopyOptions{Replace: true})
				if part := c.name != "static" || to == "/c/d/seg/1"; part != (vfs.Kind(copyErr) == vfs.ErrInvalid) {
					t.Errorf("a copy to %q ends with %v", to, copyErr)
				}
				f.has(t, "/c/d/big", want, "it was copied, or not")
				if err := f.Rename(t.Context(), "/c/d/big", to, vfs.RenameOptions{Replace: true}); err != nil {
					t.Fatal(err)
				}
				f.has(t, to, want, "it was renamed")
			})
		}
	}
}
