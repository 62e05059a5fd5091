package swift

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// newCeph starts a fake of Ceph's RadosGW with few segments to a manifest.
func newCeph(t *testing.T, change func(*Config)) *fake {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{Ceph: true, MaxManifestSegments: 4}})
	f := &fake{FS: openFS(t, accountIn(srv), change), srv: srv, dir: "/files"}
	t.Cleanup(func() { f.balanced(t) })
	if err := f.Mkdir(t.Context(), f.dir); err != nil {
		t.Fatal(err)
	}
	return f
}

// onCeph runs a test against the fake, and against the real RadosGW that the environment names.
func onCeph(t *testing.T, test func(t *testing.T, f *fake)) {
	t.Run("Fake", func(t *testing.T) { test(t, newCeph(t, nil)) })
	t.Run("RGW", func(t *testing.T) {
		t.Parallel()
		fsys := openFS(t, realCeph(t), nil)
		test(t, &fake{FS: fsys, dir: makeContainer(t, fsys)})
	})
}

// TestConformanceCeph runs the suite against the fake. Against a real RadosGW it runs the subjects
// in which RadosGW differs from Swift, and with FILEGATE_TEST_RGW_ALL=1 all of them, which takes
// minutes.
func TestConformanceCeph(t *testing.T) {
	limits := vfstest.Limits{NoLinks: true, NoDirLinks: true}
	keeping := func(c *Config) { c.KeepModes = true }
	t.Run("Fake", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the other tests of this file are the quick ones")
		}
		checks(t, 3)
		f := newCeph(t, keeping)
		limits.Root = f.dir
		vfstest.TestFS(t, func(*testing.T) vfs.FS { return f.FS }, limits)
	})
	t.Run("RGW", func(t *testing.T) {
		f := openFS(t, realCeph(t), keeping)
		checks(t, 1)
		limits.Root = makeContainer(t, f)
		subjects := []string{"Stat", "Read", "Write", "Commit", "InPlace", "OpenFile", "Mkdir", "Remove", "Copy", "Link", "Digest", "Errors"}
		if os.Getenv("FILEGATE_TEST_RGW_ALL") != "" {
			subjects = nil
		}
		vfstest.TestSubjects(t, func(*testing.T) vfs.FS { return f }, limits, subjects...)
	})
}

// TestCephFlavour checks that the flavour is detected from the first answer, unless it is
// configured.
func TestCephFlavour(t *testing.T) {
	for _, tt := range []struct {
		ceph    bool
		flavour string
		want    api.Flavour
	}{
		{true, flavourAuto, api.FlavourCeph},
		{false, flavourAuto, api.FlavourSwift},
		{false, "ceph", api.FlavourCeph},
		{true, "swift", api.FlavourSwift},
	} {
		srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{Ceph: tt.ceph, NoInfo: tt.flavour == flavourAuto}})
		f := openFS(t, accountIn(srv), func(c *Config) { c.Flavour = tt.flavour })
		if l, err := f.client.Limits(t.Context()); err != nil || l.Flavour != tt.want || l.SLORanges != (tt.want == api.FlavourSwift) {
			t.Errorf("%+v: %q, %v", tt, l.Flavour, err)
		}
	}
}

// TestCephLarge makes, changes, copies, renames and removes large files. One has as many segments
// as a manifest can have, another one more. No segment stays.
func TestCephLarge(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		p, q, r := f.dir.Join("large"), f.dir.Join("copy"), f.dir.Join("renamed")
		for _, segments := range []int{3, 6} {
			content := apitest.Noise(segments*mib + 10)
			f.mustWrite(t, p, content)
			f.has(t, p, content, "it was written")
			f.has(t, p, content, "it was read before")
			f.tidy(t, p)

			w, err := f.OpenWriter(ctx, p, vfs.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteAt([]byte("changed"), mib-3); err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteAt([]byte("appended"), int64(len(content))); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			w.Close()
			copy(content[mib-3:], "changed")
			content = append(content, "appended"...)
			f.has(t, p, content, "it was changed in place")
			f.tidy(t, p)

			if err := f.Copy(ctx, p, q, vfs.CopyOptions{Replace: true}); err != nil {
				t.Fatal(err)
			}
			if err := f.Rename(ctx, p, r, vfs.RenameOptions{Replace: true}); err != nil {
				t.Fatal(err)
			}
			if err := f.Remove(ctx, r); err != nil {
				t.Fatal(err)
			}
			f.has(t, q, content, "what it is a copy of was renamed and removed")
			f.tidy(t, q)
			f.mustWrite(t, q, []byte("small"))
			if left := f.segments(t); len(left) > 0 {
				t.Errorf("the segments %q stay", left)
			}
		}
	})
}

// TestCephCopyByOthers has another client copy a large file on the storage's side, which makes
// another manifest of the same segments. The removal of the copy leaves them, and so does that of the
// copy of a file that was renamed.
func TestCephCopyByOthers(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		p, r := f.dir.Join("file"), f.dir.Join("renamed")
		content := apitest.Noise(3*mib + 10)
		f.mustWrite(t, p, content)
		_, err := f.client.Send(ctx, api.Request{
			Method: "COPY", Target: f.container().With("file"), Header: map[string]string{"Destination": f.container().Container + "/copy"},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.forget()
		if err := f.Remove(ctx, f.dir.Join("copy")); err != nil {
			t.Fatal(err)
		}
		f.has(t, p, content, "a copy of it was removed")
		if err := f.Rename(ctx, p, r, vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := f.Remove(ctx, r); err != nil {
			t.Fatal(err)
		}
		if left := f.segments(t); len(left) > 0 {
			t.Errorf("the segments %q stay", left)
		}
	})
}

// TestCephForgedPlace removes and copies an object whose metadata claims the segments of another
// file.
func TestCephForgedPlace(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		own := f.container().SegmentsContainer().Container
		content := f.foreign(t, "private", own+"/private/1/", true)
		forged := f.foreign(t, "forged", f.container().Container+"/parts/x/", false)
		_, err := f.client.Send(ctx, api.Request{
			Method: http.MethodPost, Target: f.container().With("forged"), Header: map[string]string{api.MetaSegments: own + "/private/"},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.forget()
		if err := f.Copy(ctx, f.dir.Join("forged"), f.dir.Join("copy"), vfs.CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, f.dir.Join("copy"), forged, "it was copied")
		if err := f.Remove(ctx, f.dir.Join("forged")); err != nil {
			t.Fatal(err)
		}
		f.has(t, f.dir.Join("private"), content, "an object that claimed its segments was removed")
	})
}

// TestCephRenamedDir moves a directory with large files.
func TestCephRenamedDir(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		dir, moved := f.dir.Join("dir"), f.dir.Join("moved")
		if err := f.Mkdir(ctx, dir); err != nil {
			t.Fatal(err)
		}
		content := apitest.Noise(2*mib + 1)
		f.mustWrite(t, dir.Join("large"), content)
		if err := f.Rename(ctx, dir, moved, vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, moved.Join("large"), content, "its directory was renamed")
		f.tidy(t, moved.Join("large"))
		if err := f.Remove(ctx, moved.Join("large")); err != nil {
			t.Fatal(err)
		}
		if left := f.segments(t); len(left) > 0 {
			t.Errorf("the segments %q stay", left)
		}
	})
}

// TestWholeSegmentsOpenRename renames a large file while it is written, and removes it under its new
// name. The old name has been taken by another file meanwhile. No segment stays.
func TestWholeSegmentsOpenRename(t *testing.T) {
	test := func(t *testing.T, f *fake, sizes ...int) {
		ctx := t.Context()
		p, q := f.dir.Join("file"), f.dir.Join("renamed")
		for _, segments := range sizes {
			content := apitest.Noise(segments*mib + 10)
			w := f.openWriter(t, p, replace)
			if _, err := w.ReadFrom(bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
			if err := w.Rename(ctx, q); err != nil {
				t.Fatal(err)
			}
			other := apitest.Noise(mib + 10)
			f.mustWrite(t, p, other)
			if _, err := w.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			w.Close()
			f.has(t, q, content, "it was renamed while it was written")
			if err := f.Remove(ctx, q); err != nil {
				t.Fatal(err)
			}
			f.has(t, p, other, "another file was removed that was begun under its name")
			f.tidy(t, p)
			if err := f.Remove(ctx, p); err != nil {
				t.Fatal(err)
			}
			if left := f.segments(t); len(left) > 0 {
				t.Errorf("the segments %q stay", left)
			}
		}
	}
	onCeph(t, func(t *testing.T, f *fake) { test(t, f, 2, 5) }) // a static and a dynamic large object
	t.Run("NoSLO", func(t *testing.T) { test(t, newFake(t, swifttest.Limits{NoSLO: true}, nil), 2) })
}

// TestCephQuota exceeds the quota of a user, which RadosGW shows, and that of a container, which it
// does not show. Uploads of known size are refused before they begin. Others leave nothing.
func TestCephQuota(t *testing.T) {
	const quota = 16 * mib
	test := func(t *testing.T, f *fake) {
		ctx := t.Context()
		p := f.dir.Join("file")
		if _, err := f.OpenWriter(ctx, p, vfs.WriteOptions{Create: true, Truncate: true, Size: quota + 1}); !errors.Is(err, vfs.ErrQuota) {
			t.Errorf("an upload of more than the quota is opened: %v, want %v", err, vfs.ErrQuota)
		}
		have := apitest.Noise(12*mib + 10)
		f.mustWrite(t, p, have)
		space, err := f.StatSpace(ctx, f.dir)
		if err != nil || space.Total != quota || space.Used < int64(len(have)) || space.Free != quota-space.Used {
			t.Errorf("the space is %+v, %v, want %d bytes used of %d", space, err, len(have), quota)
		}
		before := len(f.segments(t))
		refused := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, vfs.ErrQuota) || !strings.Contains(vfs.ClientText(err), "quota") {
				t.Errorf("%s: %v, want a word about the quota", what, err)
			}
		}
		_, err = f.write(ctx, f.dir.Join("new"), have, replace)
		refused("a file beside one that leaves it no room", err)
		_, err = f.write(ctx, p, have[:5*mib], vfs.WriteOptions{Offset: vfs.AtEnd})
		refused("more of a file than the quota leaves", err)
		refused("a copy", f.Copy(ctx, p, f.dir.Join("copy"), vfs.CopyOptions{}))
		f.has(t, p, have, "nothing was added to it")
		if now := len(f.segments(t)); now != before {
			t.Errorf("%d segments are stored, want the %d from before the refused uploads", now, before)
		}

		f.quotaOf(t, f.container().Container, 100*kib)
		_, err = f.write(ctx, f.dir.Join("small"), have[:200*kib], replace)
		refused("a file that is larger than the quota of the container", err)
		if err := f.Remove(ctx, p); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, f.dir.Join("small"), have[:50*kib])
	}
	t.Run("Fake", func(t *testing.T) {
		f := newCeph(t, nil)
		if err := f.srv.SetAccountQuota(swifttest.DefaultUsers()[0].Account, quota); err != nil {
			t.Fatal(err)
		}
		test(t, f)
	})
	t.Run("RGW", func(t *testing.T) {
		t.Parallel()
		fsys := openFS(t, realCephQuota(t), nil)
		test(t, &fake{FS: fsys, dir: makeContainer(t, fsys)})
	})
}

// foreign makes a large object like another program, with or without the ETags of the segments in
// the manifest.
func (f *fake) foreign(t *testing.T, object, place string, etags bool) []byte {
	t.Helper()
	ctx := t.Context()
	var content []byte
	var manifest []map[string]any
	container, prefix, _ := strings.Cut(place, "/")
	if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: api.Name{Container: container}}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		part := apitest.Noise(1000 + i)
		content = append(content, part...)
		seg := api.Name{Container: container, Object: fmt.Sprintf("%s%08d", prefix, i)}
		if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: seg, Body: bytes.NewReader(part), Length: int64(len(part))}); err != nil {
			t.Fatal(err)
		}
		entry := map[string]any{"path": seg.InAccount(), "size_bytes": len(part)}
		if sum := md5.Sum(part); etags { //nolint:gosec // Swift's ETags are MD5
			entry["etag"] = hex.EncodeToString(sum[:])
		}
		manifest = append(manifest, entry)
	}
	body, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client.Send(ctx, api.Request{
		Method: http.MethodPut, Target: f.container().With(object), Query: url.Values{"multipart-manifest": {"put"}},
		Body: bytes.NewReader(body), Length: int64(len(body)),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.forget()
	return content
}

// TestCephForeign reads, copies, appends to and removes large objects of other programs.
func TestCephForeign(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		own := f.container().SegmentsContainer().Container
		for _, tt := range []struct {
			name, place string
			etags       bool
		}{
			{"swiftclient", own + "/swiftclient/slo/1700000000.000000/3003/1000/", true},
			{"rclone", own + "/rclone/1700000000/3003/", true},
			{"bare", own + "/bare/slo/1/2/3/", false},
			{"opendal", f.container().Container + "/.segments/opendal/1/", true},
		} {
			p, q := f.dir.Join(tt.name), f.dir.Join("copy of "+tt.name)
			content := f.foreign(t, tt.name, tt.place, tt.etags)
			f.has(t, p, content, tt.name+" has put it")
			if err := f.Copy(ctx, p, q, vfs.CopyOptions{}); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			w, err := f.OpenWriter(ctx, p, vfs.WriteOptions{Offset: vfs.AtEnd})
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if _, err := w.ReadFrom(strings.NewReader("more")); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Commit(ctx); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			w.Close()
			f.has(t, p, append(slices.Clone(content), "more"...), tt.name+" has put it, and it was appended to")
			f.foreign(t, tt.name, tt.place, tt.etags)
			if err := f.Remove(ctx, p); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			f.has(t, q, content, "what it is a copy of was removed")
			if err := f.Remove(ctx, q); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			container, prefix, _ := strings.Cut(tt.place, "/")
			for _, left := range f.objectsIn(t, container) {
				if strings.HasPrefix(left, prefix) {
					t.Errorf("%s: the segment %q stays", tt.name, left)
				}
			}
		}
	})
}

// TestCephUnknownSegments appends to, copies, renames and removes a large object whose segments are
// in none of the usual places.
func TestCephUnknownSegments(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		p, r := f.dir.Join("file"), f.dir.Join("renamed")
		content := f.foreign(t, "file", f.container().Container+"/parts/x/", true)
		w, err := f.OpenWriter(ctx, p, vfs.WriteOptions{Offset: vfs.AtEnd})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.ReadFrom(strings.NewReader("more")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		w.Close()
		f.has(t, p, append(slices.Clone(content), "more"...), "it was appended to")

		content = f.foreign(t, "file", f.container().Container+"/parts/x/", true)
		if err := f.Copy(ctx, p, f.dir.Join("copy"), vfs.CopyOptions{}); err != nil {
			t.Errorf("copy: %v", err)
		}
		f.has(t, f.dir.Join("copy"), content, "it was copied")
		if err := f.Rename(ctx, p, r, vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, r, content, "it was renamed")
		if err := f.Remove(ctx, r); err != nil {
			t.Fatal(err)
		}
		if n := len(f.objectsIn(t, f.container().Container)); n < 3 {
			t.Errorf("%d objects are left, want all segments: filegate must not guess that they are unused", n)
		}
	})
}

// TestCephRefusedCopy copies a large object by reading and writing it. The store refuses the
// manifest, and no segment of the copy stays.
func TestCephRefusedCopy(t *testing.T) {
	f := newCeph(t, nil)
	p := f.dir.Join("file")
	content := f.foreign(t, "file", f.container().Container+"/parts/x/", true)
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutManifest, Object: "copy", Fault: swifttest.Fault{Status: http.StatusForbidden}})
	if err := f.Copy(t.Context(), p, f.dir.Join("copy"), vfs.CopyOptions{}); !errors.Is(err, vfs.ErrPermission) {
		t.Errorf("Copy: %v, want %v", err, vfs.ErrPermission)
	}
	f.has(t, p, content, "a copy changes nothing of the original")
	if left := f.segments(t); len(left) > 0 {
		t.Errorf("the segments %q stay", left)
	}
}

// TestCephRenamedParts moves a directory with a large object and its segments. Filegate does not
// know that they belong together.
func TestCephRenamedParts(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		if err := f.Mkdir(ctx, f.dir.Join("dir")); err != nil {
			t.Fatal(err)
		}
		content := f.foreign(t, "dir/file", f.container().Container+"/dir/parts/", true)
		if err := f.Rename(ctx, f.dir.Join("dir"), f.dir.Join("moved"), vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, f.dir.Join("moved").Join("file"), content, "its directory was renamed")
	})
}

// TestCephExclusive creates a file exclusively whose name another upload has taken meanwhile.
func TestCephExclusive(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		p := f.dir.Join("file")
		w, err := f.OpenWriter(ctx, p, vfs.WriteOptions{Create: true, Exclusive: true})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		f.mustWrite(t, p, []byte("another"))
		if _, err := w.ReadFrom(strings.NewReader("mine")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(ctx); !errors.Is(err, vfs.ErrExist) {
			t.Errorf("Commit: %v", err)
		}
		f.has(t, p, []byte("another"), "a file that must be new does not replace it")
	})
}

// TestCephNames uses names of containers that RadosGW refuses.
func TestCephNames(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		for _, p := range []vfs.Path{"/ab", "/.hidden", "/ab/file"} {
			if _, err := f.Stat(t.Context(), p); !errors.Is(err, vfs.ErrNotExist) {
				t.Errorf("Stat %s: %v", p, err)
			}
		}
		if err := f.Mkdir(t.Context(), "/ab"); !errors.Is(err, vfs.ErrInvalidName) || !strings.Contains(vfs.ClientText(err), "3") {
			t.Errorf("Mkdir: %v", err)
		}
	})
}

// TestCephVersions reads and restores old versions in the archive of a container.
func TestCephVersions(t *testing.T) {
	onCeph(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		archive := api.Name{Container: f.container().Container + "-archive"}
		t.Cleanup(func() {
			// Without it, a deletion would restore an old version.
			header := map[string]string{"X-Remove-Versions-Location": "x"}
			if _, err := f.client.Send(context.WithoutCancel(ctx), api.Request{Method: http.MethodPost, Target: f.container(), Header: header}); err != nil {
				t.Error(err)
			}
			removeContainer(t, f.FS, archive)
		})
		if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: archive}); err != nil {
			t.Fatal(err)
		}
		header := map[string]string{"X-Versions-Location": archive.Container}
		if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: f.container(), Header: header}); err != nil {
			t.Fatal(err)
		}
		p := f.dir.Join("file")
		for _, content := range []string{"first", "second", "third"} {
			f.mustWrite(t, p, []byte(content))
		}
		all, err := f.Versions(ctx, p)
		if err != nil || len(all) != 2 {
			t.Fatalf("Versions: %v, %v", all, err)
		}
		f.has(t, f.dir.Join(".versions").Join("file").Join(all[1].Name), []byte("first"), "it was replaced")
		if err := f.Restore(ctx, p, all[1].Name); err != nil {
			t.Fatal(err)
		}
		f.has(t, p, []byte("first"), "its first version was restored")
	})
}
