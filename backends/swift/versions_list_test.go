package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestAllVersionsAreInTheTree creates objects with odd names directly in Swift, and finds each of
// their versions once.
func TestAllVersionsAreInTheTree(t *testing.T) {
	for _, how := range keeping[:2] {
		t.Run(how, func(t *testing.T) {
			srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{ListingLimit: 3}})
			fsys := openFS(t, accountIn(srv), nil)
			object := rapid.Custom(func(t *rapid.T) string {
				return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "-", "/", "/", "%", ".", "ü"}), 1, 6).Draw(t, "name"), "")
			})
			// A name with "." or ".." as an element is never sent.
			object = object.Filter(func(o string) bool { return api.Name{Container: "c", Object: o}.CheckDots() == nil })
			checks(t, 50)
			made := 0
			rapid.Check(t, func(rt *rapid.T) {
				made++
				f := &fake{FS: fsys, srv: srv, dir: vfsPath("/c%d", made)}
				archive := api.Name{Container: fmt.Sprintf("archive%d", made)}
				value := archive.Container
				if how == "X-Versions-Enabled" {
					value = "true"
				}
				ctx := t.Context()
				if err := errors.Join(f.makeContainer(ctx, archive, nil), f.makeContainer(ctx, f.container(), map[string]string{how: value})); err != nil {
					rt.Fatal(err)
				}
				want := map[string]int{}
				for _, o := range rapid.SliceOfN(object, 1, 12).Draw(rt, "objects") {
					body := api.Pieces{[]byte("x")}
					if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: f.container().With(o), Body: body.Reader(), Length: 1}); err != nil {
						rt.Fatal(err)
					}
					want[o]++
				}
				if how != "X-Versions-Enabled" { // the current version is not in the archive
					for o := range want {
						if want[o]--; want[o] == 0 {
							delete(want, o)
						}
					}
				}
				got := map[string]int{}
				f.walk(ctx, rt, f.inTree(""), 0, func(p vfs.Path) {
					n, err := f.locate(p)
					if err != nil {
						rt.Fatal(err)
					}
					h, _, err := f.historyAt(ctx, n)
					if err != nil {
						rt.Fatal(err)
					}
					v, err := h.version(ctx)
					if err != nil {
						rt.Fatalf("%q: %v", p, err)
					}
					got[v.of.Object]++
				})
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					rt.Fatalf("the versions of objects in the tree (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// walk calls use for every file below a directory, and checks that no directory lists a name twice.
func (f *fake) walk(ctx context.Context, t *rapid.T, dir vfs.Path, depth int, use func(vfs.Path)) {
	if depth > 20 {
		t.Fatalf("%q lies in itself", dir)
	}
	infos, err := listAll(ctx, f, dir)
	if err != nil {
		t.Fatalf("listing %q: %v", dir, err)
	}
	seen := map[string]bool{}
	for _, info := range infos {
		if seen[info.Name] {
			t.Fatalf("%q lists %q twice", dir, info.Name)
		}
		seen[info.Name] = true
		if info.IsDir() {
			f.walk(ctx, t, dir.Join(info.Name), depth+1, use)
			continue
		}
		use(dir.Join(info.Name))
	}
}

// TestManyVersions lists more versions of a file, and more files, than are on one page, while other
// listings lag.
func TestManyVersions(t *testing.T) {
	for _, how := range keeping[:2] {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, 7)
			f := w.fake(w.gateway(t))
			f.keepVersions(t, how)
			const many = 20
			for range many {
				f.mustWrite(t, f.dir.Join("dir/busy"), apitest.Noise(10))
			}
			for i := range many {
				for range 2 {
					f.mustWrite(t, f.dir.Join(fmt.Sprintf("dir/file%02d", i)), apitest.Noise(10))
				}
			}
			if n := len(f.contents(t, "dir/busy")); n < many-1 {
				t.Errorf("%d versions, want %d or one less", n, many)
			}
			if n := len(listNames(t, f, f.inTree("dir"))); n != many+1 {
				t.Errorf("%d files with versions, want %d", n, many+1)
			}
			w.srv.ListingLag(time.Hour)
			file := f.dir.Join("dir/file00")
			if err := f.Remove(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			if err := f.Rename(t.Context(), f.version(t, "dir/file00", 0), file, vfs.RenameOptions{}); err != nil {
				t.Errorf("bringing back a file that Swift lists still: %v", err)
			}
			if !slices.Contains(listNames(t, f, f.dir.Join("dir")), "file00") {
				t.Error("the file that came back is not listed")
			}
			w.srv.ListingLag(0)
		})
	}
}
