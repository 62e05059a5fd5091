package swift

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// TestVersionBase converts versions to file names. The names sort like the versions, and can be
// converted back.
func TestVersionBase(t *testing.T) {
	for _, base := range []string{"", "file", "2026-11-25", "2026-11-25T12-30-41.12345", "2026-11-25T12-30-41.1234Z", "2026-11-25T12-30-41.1234567Z", "2026-13-25T12-30-41.12345Z", "2026-11-25T12-30-41.12345Zx"} {
		if id, _, ok := versionOf(base); ok {
			t.Errorf("%q names the version %q", base, id)
		}
	}
	for _, id := range []string{"", "null", "abc", "12", "1e9.00000"} {
		if base, _, ok := versionBase(id); ok {
			t.Errorf("the version %q is named %q", id, base)
		}
	}
	const sample = "1795611209.07098"
	if base, _, _ := versionBase(sample); base != "2026-11-25T12-53-29.07098Z" {
		t.Errorf("the version %s is named %q", sample, base)
	}
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]string{`[0-3][0-9]{9}\.[0-9]{5}(_[0-9a-f]{16})?`, `[0-3][0-9]{9}\.[0-9]{6}`}).Draw(t, "form") // of Swift, and of RadosGW
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(form), 2, 2, rapid.ID[string]).Draw(t, "ids")
		slices.Sort(ids)
		var bases []string
		for _, id := range ids {
			base, at, ok := versionBase(id)
			again, when, okAgain := versionOf(base)
			if !ok || !okAgain || again != id || !when.Equal(at) {
				t.Fatalf("%q becomes %q (%v), and that %q (%v)", id, base, ok, again, okAgain)
			}
			bases = append(bases, base)
		}
		if !slices.IsSorted(bases) {
			t.Fatalf("%q are not in order", bases)
		}
	})
}

// inTree returns a path in the tree of versions.
func (f *fake) inTree(path string) vfs.Path {
	return f.dir.Join(strings.TrimSuffix(versionsDir+"/"+path, "/"))
}

// contents returns the contents of all versions of a file in the tree, the oldest first.
func (f *fake) contents(t *testing.T, path string) [][]byte {
	t.Helper()
	infos, err := listAll(t.Context(), f, f.inTree(path))
	if err != nil && vfs.Kind(err) != vfs.ErrNotExist {
		t.Fatalf("listing the versions of %q: %v", path, err)
	}
	slices.SortFunc(infos, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) })
	var all [][]byte
	for _, info := range infos {
		if info.IsDir() {
			continue
		}
		p := f.inTree(path).Join(info.Name)
		data, err := f.read(t.Context(), p)
		if err != nil {
			t.Errorf("reading %q: %v", p, err)
		}
		if int64(len(data)) != info.Size {
			t.Errorf("%q has %d bytes and is listed with %d", p, len(data), info.Size)
		}
		switch stat, err := f.Stat(t.Context(), p); {
		case err != nil:
			t.Errorf("stat of %q: %v", p, err)
		case stat.Size != info.Size || !stat.ModTime.Equal(info.ModTime) || stat.IsDir():
			t.Errorf("stat of %q tells %v, the listing %v", p, stat, info)
		}
		all = append(all, data)
	}
	return all
}

// hasVersions checks the versions of a file, the oldest first.
func (f *fake) hasVersions(t *testing.T, path, rule string, want ...[]byte) {
	t.Helper()
	got := f.contents(t, path)
	if !slices.EqualFunc(got, want, bytes.Equal) {
		sizes := func(all [][]byte) (n []int) {
			for _, b := range all {
				n = append(n, len(b))
			}
			return n
		}
		t.Errorf("%q has versions of %d bytes, or with another content, want %d: %s", path, sizes(got), sizes(want), rule)
	}
}

// version returns the path of one of a file's versions; 0 is the oldest.
func (f *fake) version(t *testing.T, path string, i int) vfs.Path {
	t.Helper()
	names := listNames(t, f, f.inTree(path))
	if i >= len(names) {
		t.Fatalf("%q has the versions %q", path, names)
	}
	return f.inTree(path).Join(names[i])
}

// TestVersions lists the tree, and reads the versions in it.
func TestVersions(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, how string) {
		ctx := t.Context()
		sees(t, f, f.inTree(""), "nothing was written yet")
		one, two, three := apitest.Noise(100), apitest.Noise(2*mib+1000), apitest.Noise(300)
		if err := errors.Join(f.Mkdir(ctx, f.dir.Join("a")), f.Mkdir(ctx, f.dir.Join("a/b"))); err != nil {
			t.Fatal(err)
		}
		file := f.dir.Join("a/b/file")
		f.mustWrite(t, file, one)
		given := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := f.SetAttrs(ctx, file, vfs.Attrs{ModTime: &given}); err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{two, three} {
			f.mustWrite(t, file, data)
		}
		for range 2 {
			f.mustWrite(t, f.dir.Join("a/b/file/below"), one)
			f.mustWrite(t, f.dir.Join("a/b/file-2"), one)
			f.mustWrite(t, f.dir.Join("top"), one)
		}
		sees(t, f, f.dir, "the tree is not listed", "a/", "top")
		if infos, err := listAll(ctx, f, f.dir.Join("a/b/file")); err != nil || len(infos) != 1 || !infos[0].Mode.IsRegular() {
			t.Errorf("a file in a container with versions is listed as %v (%v), and is one like others", infos, err)
		}
		sees(t, f, f.inTree(""), "it has all that has versions", "a/", "top/")
		sees(t, f, f.inTree("a"), "it has all that has versions", "b/")
		sees(t, f, f.inTree("a/b"), "it has each name once", "file-2/", "file/")
		if how == "X-Versions-Enabled" {
			if infos, _ := listAll(ctx, f, f.inTree("a/b/file")); len(infos) != 4 {
				t.Errorf("%d entries are listed, want three versions and a directory", len(infos))
			}
			f.hasVersions(t, "a/b/file", "with the current one", one, two, three)
		} else {
			f.hasVersions(t, "a/b/file", "the current one is not in the archive", one, two)
		}
		if info, err := f.Stat(ctx, f.version(t, "a/b/file", 0)); err != nil || !info.ModTime.Equal(given) {
			t.Errorf("a version with a time of its own: %v, %v", info.ModTime, err)
		}
		for _, p := range []string{"", "a", "a/b", "a/b/file"} {
			if info, err := f.Stat(ctx, f.inTree(p)); err != nil || !info.IsDir() || info.Name != f.inTree(p).Base() {
				t.Errorf("stat of %q: %v, %v, want a directory", f.inTree(p), info, err)
			}
			if _, err := f.Open(ctx, f.inTree(p), vfs.OpenOptions{}); vfs.Kind(err) != vfs.ErrIsDir {
				t.Errorf("opening %q: %v, want %v", f.inTree(p), err, vfs.ErrIsDir)
			}
		}
		for _, p := range []string{"none", "a/b/fil", "a/b/file/2020-01-02T03-04-05.00000Z", "2020-01-02T03-04-05.00000Z", "a/2020-01-02T03-04-05.00000Z"} {
			_, statErr := f.Stat(ctx, f.inTree(p))
			_, listErr := f.List(ctx, f.inTree(p))
			_, openErr := f.Open(ctx, f.inTree(p), vfs.OpenOptions{})
			for _, err := range []error{statErr, listErr, openErr} {
				if vfs.Kind(err) != vfs.ErrNotExist {
					t.Errorf("%q: %v, want %v", p, err, vfs.ErrNotExist)
				}
			}
		}
		if _, err := f.List(ctx, f.version(t, "a/b/file", 0)); vfs.Kind(err) != vfs.ErrNotDir {
			t.Errorf("listing a version: %v, want %v", err, vfs.ErrNotDir)
		}
		large := f.open(t, f.version(t, "a/b/file", 1), vfs.OpenOptions{})
		p := make([]byte, 1000)
		if n, err := large.ReadAt(p, mib-500); n != len(p) || err != nil || !bytes.Equal(p, two[mib-500:mib+500]) {
			t.Errorf("reading in a large version: %d, %v", n, err)
		}
		if sums, err := f.Digest(ctx, f.version(t, "a/b/file", 1)); err != nil || len(sums[vfs.MD5]) == 0 {
			t.Errorf("the digest of a version: %v, %v", sums, err)
		}
		if err := f.Remove(ctx, file); err != nil {
			t.Fatal(err)
		}
		switch how {
		case "X-Versions-Location":
			f.has(t, file, two, "the version before came back")
			f.hasVersions(t, "a/b/file", "one came back", one)
		default:
			f.hasVersions(t, "a/b/file", "it was removed", one, two, three)
		}
	})
}

// TestVersionsAreNotChanged tries to change versions.
func TestVersionsAreNotChanged(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, _ string) {
		ctx := t.Context()
		for range 2 {
			f.mustWrite(t, f.dir.Join("dir/file"), apitest.Noise(100))
		}
		v, other := f.version(t, "dir/file", 0), f.dir.Join("other")
		f.mustWrite(t, other, apitest.Noise(10))
		write := func(p vfs.Path) error {
			w, err := f.OpenWriter(ctx, p, replace)
			if err == nil {
				w.Close()
			}
			return err
		}
		for what, err := range map[string]error{
			"writing over a version":      write(v),
			"writing a new file":          write(f.inTree("new")),
			"removing a version":          f.Remove(ctx, v),
			"removing a file's directory": f.Rmdir(ctx, f.inTree("dir/file")),
			"removing the tree":           f.Rmdir(ctx, f.inTree("")),
			"mkdir":                       f.Mkdir(ctx, f.inTree("new")),
			"mkdir of the tree":           f.Mkdir(ctx, f.inTree("")),
			"setting a time":              f.SetAttrs(ctx, v, vfs.Attrs{ModTime: new(time.Unix(1, 0))}),
			"renaming into it":            f.Rename(ctx, other, f.inTree("dir/file/new"), vfs.RenameOptions{Replace: true}),
			"renaming a version in it":    f.Rename(ctx, v, f.inTree("dir/file/new"), vfs.RenameOptions{Replace: true}),
			"renaming a directory of it":  f.Rename(ctx, f.inTree("dir/file"), f.dir.Join("new"), vfs.RenameOptions{}),
			"renaming the tree":           f.Rename(ctx, f.inTree(""), f.dir.Join("new"), vfs.RenameOptions{}),
			"copying into it":             f.Copy(ctx, other, f.inTree("new"), vfs.CopyOptions{}),
		} {
			if vfs.Kind(err) != vfs.ErrPermission {
				t.Errorf("%s: %v, want %v", what, err, vfs.ErrPermission)
			}
		}
	})
}

// TestOrdinaryVersionsDirectory has a directory named ".versions" in a container that keeps no
// versions.
func TestOrdinaryVersionsDirectory(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	if err := f.Mkdir(t.Context(), f.inTree("")); err != nil {
		t.Fatal(err)
	}
	f.mustWrite(t, f.inTree("file"), apitest.Noise(10))
	sees(t, f, f.dir, "it is one like others", ".versions/")
	sees(t, f, f.inTree(""), "it is one like others", "file")
	if err := errors.Join(f.Remove(t.Context(), f.inTree("file")), f.Rmdir(t.Context(), f.inTree(""))); err != nil {
		t.Error(err)
	}
	long := strings.Repeat("n", api.MaxObjectName-len(versionsDir))
	if _, err := f.Stat(t.Context(), f.inTree(long)); vfs.Kind(err) != vfs.ErrInvalidName {
		t.Errorf("a name that is too long: %v, want %v", err, vfs.ErrInvalidName)
	}
	f.keepVersions(t, "X-Versions-Enabled")
	f.mustWrite(t, f.dir.Join(long), apitest.Noise(10))
	if got := f.contents(t, long); len(got) != 1 {
		t.Errorf("%d versions of a file with a long name, want one", len(got))
	}
}

// TestVersionsOfAnotherContainer replaces a container that kept versions by one that keeps none.
func TestVersionsOfAnotherContainer(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	other := api.Name{Container: "other"}
	if err := f.makeContainer(ctx, other, map[string]string{"X-Versions-Enabled": "true"}); err != nil {
		t.Fatal(err)
	}
	sees(t, f, "/other/.versions", "there are no versions yet")
	if err := errors.Join(f.Rmdir(ctx, "/other"), f.Mkdir(ctx, "/other"), f.Mkdir(ctx, "/other/.versions")); err != nil {
		t.Errorf("a directory .versions in the new container: %v", err)
	}
}

// TestVersionsOfOthers lists and reads versions with a login of another account, with different
// rights. With X-Versions-Enabled, Swift lists them to every login that may list the container, but
// only the owner can read them; an archive is shared like any container.
func TestVersionsOfOthers(t *testing.T) {
	inEveryWay(t, keeping[:2], func(t *testing.T, f *fake, how string) {
		ctx, old := t.Context(), apitest.Noise(100)
		for _, data := range [][]byte{old, apitest.Noise(10)} {
			f.mustWrite(t, f.dir.Join("file"), data)
		}
		var a account
		if f.srv != nil {
			a = accountIn(f.srv)
		} else {
			a = realSwift(t)
		}
		guest := &fake{FS: openFS(t, a.other(), nil), dir: vfs.Path("/@" + f.client.Account).Under(f.dir)}
		in := func(p vfs.Path) vfs.Path { return vfs.Path("/@" + f.client.Account).Under(p) }
		v := f.version(t, "file", 0)
		check := func(rights string, want error) {
			t.Helper()
			_, statErr := guest.Stat(ctx, in(v))
			_, readErr := guest.read(ctx, in(v))
			for what, err := range map[string]error{"stat": statErr, "reading": readErr} {
				if vfs.Kind(err) != want {
					t.Errorf("%s of a version, %s: %v, want %v", what, rights, err, want)
				}
			}
		}
		check("without a right", vfs.ErrNotExist)
		f.share(t, f.container().Container, true, false)
		check("with that to read the container", vfs.ErrPermission)
		guest.has(t, guest.dir.Join("file"), must(f.read(ctx, f.dir.Join("file"))), "the container is shared")
		if how == "X-Versions-Enabled" {
			sees(t, guest, in(f.inTree("")), "Swift lists versions to who may list the container", "file/")
			return
		}
		archive := must(f.client.Versioning(ctx, f.container())).Archive
		f.share(t, archive, true, false)
		check("with that to read the archive", nil)
		guest.hasVersions(t, "file", "the archive is shared", old)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestShowVersions checks that ".versions" is listed with show_versions if the container keeps
// versions.
func TestShowVersions(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ShowVersions = true })
	sees(t, f, f.dir, "no versions are kept")
	f.keepVersions(t, "X-Versions-Enabled")
	f.mustWrite(t, f.dir.Join("file"), apitest.Noise(10))
	sees(t, f, f.dir, "versions are kept, and to be shown", ".versions/", "file")
}

// TestRequestsOfVersions counts the requests for versions, as the package comment has them.
func TestRequestsOfVersions(t *testing.T) {
	const (
		head, get, put, list = swifttest.HeadObject, swifttest.GetObject, swifttest.PutObject, swifttest.ListContainer
		headContainer        = swifttest.HeadContainer
	)
	f := newFake(t, swifttest.Limits{}, nil)
	f.keepVersions(t, "X-Versions-Enabled")
	ctx := t.Context()
	for range 2 {
		f.mustWrite(t, f.dir.Join("dir/file"), apitest.Noise(10))
	}
	v := f.version(t, "dir/file", 0)
	f.backend.local = cache.NewMemory(cache.DefaultMemory)
	for _, tt := range []struct {
		name string
		do   func() error
		want []swifttest.Op
	}{
		{"the first look", func() error { _, err := f.Stat(ctx, f.inTree("")); return err }, []swifttest.Op{headContainer}},
		{"stat", func() error { _, err := f.Stat(ctx, v); return err }, []swifttest.Op{head}},
		{"stat of a directory", func() error { _, err := f.Stat(ctx, f.inTree("dir")); return err }, []swifttest.Op{list}},
		{"list", func() error { _, err := listAll(ctx, f, f.inTree("dir/file")); return err }, []swifttest.Op{list, list}},
		{"read", func() error { _, err := f.read(ctx, v); return err }, []swifttest.Op{head, get}},
		{"restore", func() error { return f.Rename(ctx, v, f.dir.Join("dir/file"), vfs.RenameOptions{Replace: true}) }, []swifttest.Op{head, head, put}},
	} {
		f.srv.ForgetRequests()
		if err := tt.do(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []swifttest.Op
		apitest.Eventually(t, "the log has all requests", func() bool {
			got = nil
			for _, r := range f.srv.Requests() {
				got = append(got, r.Op)
			}
			return len(got) >= len(tt.want)
		})
		slices.Sort(got)
		slices.Sort(tt.want)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
