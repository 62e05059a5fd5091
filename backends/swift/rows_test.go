package swift

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestOldServers checks the behaviour of sftp-cloudfs and ftp-cloudfs with names, directories,
// files, renames and caches, row by row: C for names, D for directories, F for large objects, G for
// removals and renames, J for caches. If they were wrong, the row has the right behaviour. Rows
// with a test of their own are named in that test.
func TestOldServers(t *testing.T) {
	is := func(t *testing.T, what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	for row, test := range map[string]func(t *testing.T, f *fake){
		"C2 files in the top directory are refused, with a word on containers": func(t *testing.T, f *fake) {
			_, err := f.write(t.Context(), "/file", []byte("x"), replace)
			is(t, "a file beside the containers", err, vfs.ErrPermission)
			if text := vfs.ClientText(err); !strings.Contains(text, "container") {
				t.Errorf("the client reads %q", text)
			}
			_, err = f.write(t.Context(), "/", []byte("x"), replace)
			is(t, "the account as a file", err, vfs.ErrIsDir)
		},
		"C4 modes, owners, sizes and links": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/file", apitest.Noise(1000))
			f.mustWrite(t, "/c/dir/file", apitest.Noise(10))
			is(t, "mkdir of a directory", f.Mkdir(t.Context(), "/c/marker"), nil)
			is(t, "mkdir of a container", f.Mkdir(t.Context(), "/d"), nil)
			f.mustWrite(t, "/d/file", apitest.Noise(100))
			for p, want := range map[vfs.Path]vfs.Info{
				"/":         {Mode: api.DefaultDirMode, Size: 1110, Links: 2},
				"/c":        {Mode: api.DefaultDirMode, Size: 1010, Links: 3},
				"/d":        {Mode: api.DefaultDirMode, Size: 100, Links: 1},
				"/c/dir":    {Mode: api.DefaultDirMode},
				"/c/marker": {Mode: api.DefaultDirMode},
				"/c/file":   {Mode: api.DefaultFileMode, Size: 1000},
			} {
				info, err := f.Stat(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				told := map[string]vfs.Info{"Stat": info}
				infos, err := listAll(t.Context(), f, p.Dir())
				if err != nil {
					t.Fatal(err)
				}
				for _, listed := range infos {
					if listed.Name == p.Base() {
						told["listed"] = listed
					}
				}
				if len(told) != 2 && !p.IsRoot() {
					t.Errorf("%s is not listed", p)
				}
				for how, got := range told {
					if got.Mode != want.Mode || got.Size != want.Size || got.Links != want.Links || got.UID != 0 || got.GID != 0 {
						t.Errorf("%s %s: %+v, want mode %v, size %d and %d links", p, how, got, want.Mode, want.Size, want.Links)
					}
				}
			}
			for what, fault := range map[string]swifttest.Fault{"refused": {Status: http.StatusForbidden}, "broken": {Status: http.StatusServiceUnavailable}} {
				heal := f.srv.Inject(swifttest.Rule{Op: swifttest.HeadAccount, Fault: fault})
				if info, err := f.Stat(t.Context(), "/"); err != nil || info.Mode != api.DefaultDirMode || info.Size != 0 || info.Links != 0 {
					t.Errorf("the account, of which the HEAD is %s: %+v, %v", what, info, err)
				}
				heal()
			}
		},
		"C11 listing a directory that is missing is an error": func(t *testing.T, f *fake) {
			for _, p := range []vfs.Path{"/c/missing", "/missing", "/missing/dir"} {
				_, err := listAll(t.Context(), f, p)
				is(t, "listing "+p.String(), err, vfs.ErrNotExist)
			}
		},
		"C14 names are bytes of UTF-8, in their order": func(t *testing.T, f *fake) {
			names := []string{"Z", "a", "a-", "a b", "ä", "ｚ", "😀"}
			for _, n := range names {
				f.mustWrite(t, vfsPath("/c/%s", n), []byte("x"))
			}
			infos, err := listAll(t.Context(), f, "/c")
			if err != nil || len(infos) != len(names) {
				t.Fatalf("%d names are listed (%v), want %d", len(infos), err, len(names))
			}
			for i := range infos[1:] {
				if infos[i].Name >= infos[i+1].Name {
					t.Errorf("%q is listed before %q", infos[i].Name, infos[i+1].Name)
				}
			}
		},
		"C15 what is no link is itself, and leads nowhere": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/dir/file", []byte("x"))
			for _, p := range []vfs.Path{"/", "/c", "/c/dir", "/c/dir/file", "/c/missing"} {
				stat, statErr := f.Stat(t.Context(), p)
				lstat, err := vfs.Lstat(t.Context(), f, p)
				if lstat != stat || (err == nil) != (statErr == nil) {
					t.Errorf("Lstat of %s: %+v, %v; Stat: %+v, %v", p, lstat, err, stat, statErr)
				}
				if to, err := vfs.Readlink(t.Context(), f, p); err == nil {
					t.Errorf("%s leads to %q", p, to)
				}
			}
		},
		"D1 mkdir of a container that is there is refused": func(t *testing.T, f *fake) {
			is(t, "mkdir", f.Mkdir(t.Context(), "/c"), vfs.ErrExist)
		},
		"D2 mkdir takes a container and a parent": func(t *testing.T, f *fake) {
			is(t, "mkdir in a container that is missing", f.Mkdir(t.Context(), "/missing/dir"), vfs.ErrNotExist)
			is(t, "mkdir below what is missing", f.Mkdir(t.Context(), "/c/a/b"), vfs.ErrNotExist)
			for _, p := range []vfs.Path{"/c/a", "/c/a/b"} {
				is(t, "mkdir", f.Mkdir(t.Context(), p), nil)
			}
			o, err := f.client.Head(t.Context(), api.Name{Container: "c", Object: "a/b"})
			if err != nil || !o.IsDir() || o.Size != 0 {
				t.Errorf("the marker is %+v, %v", o, err)
			}
		},
		"D3 mkdir over anything is refused, and changes nothing": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/file", []byte("content"))
			f.mustWrite(t, "/c/prefix/x", []byte("x"))
			for _, p := range []vfs.Path{"/c/file", "/c/prefix"} {
				is(t, "mkdir "+p.String(), f.Mkdir(t.Context(), p), vfs.ErrExist)
			}
			f.has(t, "/c/file", []byte("content"), "mkdir was refused")
		},
		"D4 no request has the headers of an earlier one": func(t *testing.T, f *fake) {
			f.putDLO(t, "/c/dlo", "c_segments/dlo/", []byte("hello"))
			is(t, "rename", f.Rename(t.Context(), "/c/dlo", "/c/renamed", vfs.RenameOptions{}), nil)
			f.srv.ForgetRequests()
			is(t, "mkdir", f.Mkdir(t.Context(), "/c/dir"), nil)
			f.mustWrite(t, "/c/file", []byte("x"))
			for _, r := range f.srv.Requests() {
				for _, key := range []string{"X-Copy-From", "X-Object-Manifest", "Destination", "X-Fresh-Metadata"} {
					if v := r.Header.Get(key); v != "" {
						t.Errorf("%s %s has %s: %s", r.Method, r.Path, key, v)
					}
				}
			}
		},
		"D5 rmdir of a file, of nothing, of what is not empty": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/file", []byte("x"))
			f.mustWrite(t, "/c/dir/file", []byte("x"))
			is(t, "a file", f.Rmdir(t.Context(), "/c/file"), vfs.ErrNotDir)
			is(t, "nothing", f.Rmdir(t.Context(), "/c/missing"), vfs.ErrNotExist)
			is(t, "no container", f.Rmdir(t.Context(), "/missing"), vfs.ErrNotExist)
			is(t, "a directory with a file", f.Rmdir(t.Context(), "/c/dir"), vfs.ErrNotEmpty)
			is(t, "a container with a file", f.Rmdir(t.Context(), "/c"), vfs.ErrNotEmpty)
		},
		"D6 a directory stays when its last file goes, also one that nobody has made": func(t *testing.T, f *fake) {
			is(t, "mkdir", f.Mkdir(t.Context(), "/c/made"), nil)
			for _, p := range []vfs.Path{"/c/made/file", "/c/prefix/file"} {
				f.mustWrite(t, p, []byte("x"))
				is(t, "remove", f.Remove(t.Context(), p), nil)
			}
			sees(t, f, "/c", "all files are gone", "made/", "prefix/")
		},
		"F1 a large file of one part": func(t *testing.T, f *fake) {
			f.oldServers(t, "file", "file.part", apitest.Noise(buffers.BlockSize))
		},
		"F8 a static large object of others is one, and goes with its segments": func(t *testing.T, f *fake) {
			part := bytes.Repeat([]byte("part"), 1000)
			if err := f.Mkdir(t.Context(), "/c_segments"); err != nil {
				t.Fatal(err)
			}
			f.putSegment(t, api.Name{Container: "c_segments", Object: "file/1"}, part)
			entries := []object.ManifestEntry{{Path: "/c_segments/file/1", Etag: api.Pieces{part}.MD5(), Size: int64(len(part))}}
			_, err := f.large.PutManifest(t.Context(), api.Name{Container: "c", Object: "file"}, entries, map[string]string{"Content-Type": "text/plain"})
			is(t, "the manifest", err, nil)
			f.has(t, "/c/file", part, "it is read by its segments")
			if info, err := f.Stat(t.Context(), "/c/file"); err != nil || info.Size != int64(len(part)) {
				t.Errorf("it has %d bytes (%v), want %d", info.Size, err, len(part))
			}
			is(t, "remove", f.Remove(t.Context(), "/c/file"), nil)
			if left := f.segments(t); len(left) > 0 {
				t.Errorf("%q are left", left)
			}
		},
		"G1 a directory and a container are no files to remove": func(t *testing.T, f *fake) {
			is(t, "mkdir", f.Mkdir(t.Context(), "/c/dir"), nil)
			is(t, "a directory", f.Remove(t.Context(), "/c/dir"), vfs.ErrIsDir)
			is(t, "a container", f.Remove(t.Context(), "/c"), vfs.ErrIsDir)
		},
		"G2 a rename to itself changes nothing, and replaces only when told to": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/file", []byte("one"))
			f.mustWrite(t, "/c/other", []byte("two"))
			is(t, "to itself", f.Rename(t.Context(), "/c/file", "/c/file", vfs.RenameOptions{}), nil)
			is(t, "onto a file", f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{}), vfs.ErrExist)
			is(t, "onto a file, replacing", f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{Replace: true}), nil)
			f.has(t, "/c/other", []byte("one"), "it was replaced")

			is(t, "mkdir", f.Mkdir(t.Context(), "/c/dir"), nil)
			is(t, "mkdir", f.Mkdir(t.Context(), "/d"), nil)
			for _, to := range []vfs.Path{"/c/dir", "/d"} {
				is(t, "onto a directory", f.Rename(t.Context(), "/c/other", to, vfs.RenameOptions{}), vfs.ErrExist)
				is(t, "onto a directory, replacing", f.Rename(t.Context(), "/c/other", to, vfs.RenameOptions{Replace: true}), vfs.ErrIsDir)
				f.has(t, "/c/other", []byte("one"), "a refused rename changes nothing")
			}
			is(t, "to a container that is missing", f.Rename(t.Context(), "/c/other", "/e", vfs.RenameOptions{Replace: true}), vfs.ErrPermission)
		},
		"G3 a file goes to another container by one COPY": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/file", []byte("content"))
			is(t, "mkdir", f.Mkdir(t.Context(), "/d"), nil)
			f.srv.ForgetRequests()
			is(t, "rename", f.Rename(t.Context(), "/c/file", "/d/file", vfs.RenameOptions{}), nil)
			f.has(t, "/d/file", []byte("content"), "it was moved")
			if n := f.srv.Count(swifttest.CopyObject); n != 1 {
				t.Errorf("%d COPYs, want 1", n)
			}
		},
		"G5 directories are moved whole, and onto no file": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/dir/a/b", []byte("deep"))
			f.mustWrite(t, "/c/file", []byte("x"))
			is(t, "onto a file", f.Rename(t.Context(), "/c/dir", "/c/file", vfs.RenameOptions{Replace: true}), vfs.ErrNotDir)
			is(t, "a directory that is only a prefix", f.Rename(t.Context(), "/c/dir", "/c/moved", vfs.RenameOptions{}), nil)
			f.has(t, "/c/moved/a/b", []byte("deep"), "the directory was moved")
		},
		"J1 and J2 listings are not kept, empty or not": func(t *testing.T, f *fake) {
			is(t, "mkdir", f.Mkdir(t.Context(), "/c/dir"), nil)
			sees(t, f, "/c/dir", "nothing in it")
			sees(t, f, "/c/dir", "nothing in it, again")
			putRaw(t, f.FS, "dir/theirs", "x", nil)
			sees(t, f, "/c/dir", "what others put there is not hidden by what was listed before", "theirs")
		},
		"J5 what one user has listed and written is nothing to another": func(t *testing.T, f *fake) {
			f.mustWrite(t, "/c/secret", []byte("x"))
			listNames(t, f, "/c")
			u := swifttest.DefaultUsers()[2]
			guest := openGateway(t, account{authURL: f.srv.AuthURL(), user: u.Account + ":" + u.Name, key: u.Key}, f.backend.local, nil)
			for _, p := range []vfs.Path{"/c", "/c/secret"} {
				if _, err := guest.Stat(t.Context(), p); !errors.Is(err, vfs.ErrPermission) {
					t.Errorf("Stat of %s by somebody without rights: %v", p, err)
				}
			}
			if names, err := listAll(t.Context(), guest, "/c"); err == nil {
				t.Errorf("he lists %v", names)
			}
			sees(t, guest, "/", "he may not list the account, and learns nothing from the log of what was changed")
		},
	} {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			test(t, newFake(t, swifttest.Limits{ListingLimit: 7}, nil))
		})
	}
}
