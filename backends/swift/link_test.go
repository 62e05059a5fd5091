package swift

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// putLink creates a link directly in Swift.
func (f *fake) putLink(t *testing.T, object, target string, header ...string) {
	t.Helper()
	h := map[string]string{"X-Symlink-Target": target}
	for i := 0; i < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	if _, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: object}, Header: h}); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) isLink(t *testing.T, p, target vfs.Path) {
	t.Helper()
	if info, err := f.Lstat(t.Context(), p); err != nil || !info.IsLink() {
		t.Errorf("Lstat(%q) is %+v, %v; want a link", p, info, err)
	}
	if got, err := f.Readlink(t.Context(), p); err != nil || got != target {
		t.Errorf("%q leads to %q, %v; want %q", p, got, err, target)
	}
}

// TestSymlinkToLarge removes, renames and replaces links to a large file, which is not changed; and
// writes through a link, which deletes the old segments.
func TestSymlinkToLarge(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	content := apitest.Noise(2 * mib)
	f.mustWrite(t, "/c/file", content)
	f.mustWrite(t, "/c/small", apitest.Noise(10))
	for what, do := range map[string]func() error{
		"removed":  func() error { return f.Remove(t.Context(), "/c/link") },
		"renamed":  func() error { return f.Rename(t.Context(), "/c/link", "/c/other", vfs.RenameOptions{Replace: true}) },
		"replaced": func() error { return f.Rename(t.Context(), "/c/small", "/c/link", vfs.RenameOptions{Replace: true}) },
	} {
		f.putLink(t, "link", "c/file")
		f.has(t, "/c/link", content, "it leads there")
		if err := do(); err != nil {
			t.Errorf("the link is %s: %v", what, err)
		}
		f.has(t, "/c/file", content, "only a link to it was "+what)
		f.complete(t, "/c/file")
	}
	f.isLink(t, "/c/other", "/c/file")
	for _, data := range [][]byte{apitest.Noise(2*mib + 10), apitest.Noise(10)} {
		f.mustWrite(t, "/c/other", data)
		f.has(t, "/c/file", data, "it was written through a link")
		f.tidy(t, "/c/file")
		f.isLink(t, "/c/other", "/c/file")
	}
}

// TestSymlinkRefused creates links with targets and at places that are refused, and checks the
// errors.
func TestSymlinkRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f.mustWrite(t, "/c/below/file", apitest.Noise(10))
	if err := f.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	closed := vfs.Path("/@" + openFS(t, accountIn(f.srv).other(), nil).client.Account)
	for _, tt := range []struct {
		target, name vfs.Path
		kind         error
		text         string
	}{
		{"/", "/c/link", vfs.ErrUnsupported, "is a container"},
		{"/c", "/c/link", vfs.ErrUnsupported, "is a container"},
		{closed, "/c/link", vfs.ErrUnsupported, "is a container"},
		{"/c/dir", "/c/link", vfs.ErrUnsupported, "is a directory"},
		{"/c/below", "/c/link", vfs.ErrUnsupported, "is a directory"},
		{"/c/link", "/c/link", vfs.ErrInvalid, "to itself"},
		{"/none/file", "/c/link", vfs.ErrPermission, "no container"},
		{closed.Join("none").Join("file"), "/c/link", vfs.ErrPermission, "may not read it"},
		{"/c/below/file", "/link", vfs.ErrPermission, "files cannot lie at the top level"},
		{"/c/below/file", "/none/link", vfs.ErrNotExist, "no container none"},
		{"/c/below/file", "/c/dir", vfs.ErrExist, ""},
		{"/c/below/file", "/c/below", vfs.ErrExist, ""},
		{"/c/below/file", "/c", vfs.ErrPermission, "files cannot lie"},
		{"/c/below/file", "/c/d/%", vfs.ErrInvalidName, ""},
	} {
		err := f.Symlink(ctx, tt.target, tt.name)
		if vfs.Kind(err) != tt.kind || !strings.Contains(vfs.ClientText(err), tt.text) {
			t.Errorf("a link %q to %q: %v, want %v with %q", tt.name, tt.target, err, tt.kind, tt.text)
		}
	}
	if got := f.objectsIn(t, "c"); !slices.Equal(got, []string{"below/file", "dir"}) {
		t.Errorf("there is now %q", got)
	}
}

// TestNoSymlinks has a cluster that has no links, or does not report that it has: an attempt would
// leave an empty file.
func TestNoSymlinks(t *testing.T) {
	for name, limits := range map[string]swifttest.Limits{"none": {NoSymlinks: true}, "not told": {NoInfo: true, NoSymlinks: true}} {
		f := newFake(t, limits, nil)
		f.mustWrite(t, "/c/file", apitest.Noise(10))
		err := f.Symlink(t.Context(), "/c/file", "/c/link")
		if vfs.Kind(err) != vfs.ErrUnsupported || !strings.Contains(vfs.ClientText(err), "no symbolic links") {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := f.Lstat(t.Context(), "/c/file"); err != nil || info.Size != 10 {
			t.Errorf("%s: Lstat of a file is %+v, %v", name, info, err)
		}
		if _, err := f.Readlink(t.Context(), "/c/file"); vfs.Kind(err) != vfs.ErrInvalid {
			t.Errorf("%s: Readlink of a file: %v", name, err)
		}
		if got := f.objectsIn(t, "c"); len(got) != 1 {
			t.Errorf("%s: there is now %q", name, got)
		}
	}
}

// TestForeignSymlinks reads links that other programs have created, in all forms that Swift has.
func TestForeignSymlinks(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.Aliases = map[string]string{"hidden": "AUTH_x/c"} })
	ctx := t.Context()
	info := f.mustWrite(t, "/c/file", []byte("content"))
	f.mustWrite(t, "/c/odd%2F name?", []byte("odd"))
	f.putLink(t, "plain", "c/file", "Content-Type", "application/directory")
	f.putLink(t, "static", "c/file", "X-Symlink-Target-Etag", info.Version)
	f.putLink(t, "quoted", "c/odd%252F%20name%3F")
	f.putLink(t, "own", "c/file", "X-Symlink-Target-Account", f.client.Account)
	f.putLink(t, "slashes", "c/a//b/")
	f.putLink(t, "hidden", "hidden/x")
	f.putLink(t, "chain", "c/plain")
	f.putLink(t, "long", "c/chain")
	f.putLink(t, "dir/gone", "c/none")
	want := map[vfs.Path]vfs.Path{
		"/c/plain": "/c/file", "/c/static": "/c/file", "/c/quoted": "/c/odd%2F name?", "/c/own": "/c/file", "/c/slashes": "/c/a/%/b/%",
		"/c/hidden": vfs.Path("/@" + f.client.Account + "/hidden/x"), "/c/chain": "/c/plain", "/c/long": "/c/chain", "/c/dir/gone": "/c/none",
	}
	listed := map[string]vfs.Info{}
	for _, dir := range []vfs.Path{"/c", "/c/dir"} {
		infos, err := listAll(ctx, f, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			listed[i.Name] = i
		}
	}
	for _, p := range slices.Sorted(maps.Keys(want)) {
		f.isLink(t, p, want[p])
		if lstat, err := f.Lstat(ctx, p); err != nil || !listed[p.Base()].IsLink() || !cmp.Equal(lstat, listed[p.Base()]) {
			t.Errorf("%q is listed as %+v, and Lstat is %+v", p, listed[p.Base()], lstat)
		}
	}
	for _, p := range []vfs.Path{"/c/plain", "/c/static", "/c/own", "/c/chain"} {
		f.has(t, p, []byte("content"), "it leads to the file")
	}
	f.has(t, "/c/quoted", []byte("odd"), "it leads to the file")
	broken := func(p vfs.Path, kind error, text string) {
		t.Helper()
		_, statErr := f.Stat(ctx, p)
		_, openErr := f.read(ctx, p)
		for _, err := range []error{statErr, openErr} {
			if vfs.Kind(err) != kind || !strings.Contains(vfs.ClientText(err), text) {
				t.Errorf("%q: %v, want %v with %q", p, err, kind, text)
			}
		}
	}
	broken("/c/dir/gone", vfs.ErrNotExist, "leads to nothing")
	if err := f.Mkdir(ctx, "/c/none"); err != nil { // the target
		t.Fatal(err)
	}
	if info, err := f.Stat(ctx, "/c/dir/gone"); vfs.Kind(err) != vfs.ErrNotExist || !strings.Contains(vfs.ClientText(err), "leads to a directory") {
		t.Errorf("a link to what has become a directory: %+v, %v; it would be shown without what is in it", info, err)
	}
	if _, err := listAll(ctx, f, "/c/dir/gone"); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("listing of a link to what has become a directory: %v", err)
	}
	if err := f.Rmdir(ctx, "/c/none"); err != nil {
		t.Fatal(err)
	}
	broken("/c/long", vfs.ErrInvalidName, "too many")
	f.mustWrite(t, "/c/file", []byte("changed"))
	broken("/c/static", vfs.ErrChanged, "has changed since the link was created")
	if err := f.Rename(ctx, "/c/static", "/c/moved", vfs.RenameOptions{}); vfs.Kind(err) != vfs.ErrChanged {
		t.Errorf("moving a link whose target has changed: %v", err)
	}
	for _, p := range slices.Sorted(maps.Keys(want)) {
		if err := f.Remove(ctx, p); err != nil {
			t.Errorf("removing %q: %v", p, err)
		}
	}
	f.has(t, "/c/file", []byte("changed"), "only links to it were removed")
}

// TestRenameKeepsLinks renames a directory with links of all kinds.
func TestRenameKeepsLinks(t *testing.T) {
	f := newFake(t, swifttest.Limits{ListingLimit: 3}, nil)
	content := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/d/large", content)
	f.putLink(t, "d/tolarge", "c/d/large")
	f.putLink(t, "d/dangling", "c/none")
	f.putLink(t, "d/a", "c/d/b")
	f.putLink(t, "d/b", "c/d/a")
	if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/e/large", content, "the directory was renamed")
	f.complete(t, "/c/e/large")
	for p, target := range map[vfs.Path]vfs.Path{"/c/e/tolarge": "/c/d/large", "/c/e/dangling": "/c/none", "/c/e/a": "/c/d/b", "/c/e/b": "/c/d/a"} {
		f.isLink(t, p, target)
	}
}

// TestLinksAcrossAccounts uses links to another account and in it: they work if the rights of its
// containers allow it.
func TestLinksAcrossAccounts(t *testing.T) {
	other := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f := &fake{FS: openFS(t, accountIn(other.srv).other(), nil), srv: other.srv, dir: "/c"}
	for _, err := range []error{f.Mkdir(ctx, "/c"), other.Mkdir(ctx, "/shared"), other.Mkdir(ctx, "/closed")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	other.mustWrite(t, "/shared/file", []byte("theirs"))
	other.mustWrite(t, "/closed/file", []byte("theirs"))
	other.share(t, "shared", true, true)
	f.mustWrite(t, "/c/file", []byte("ours"))
	there := vfs.Path("/@" + other.client.Account)
	if err := f.Symlink(ctx, there.Under("/shared/file"), "/c/link"); err != nil {
		t.Fatal(err)
	}
	f.isLink(t, "/c/link", there.Under("/shared/file"))
	f.has(t, "/c/link", []byte("theirs"), "it leads to another account")
	f.mustWrite(t, "/c/link", []byte("written by the guest"))
	other.has(t, "/shared/file", []byte("written by the guest"), "it was written through a link")

	if err := f.Symlink(ctx, "/c/file", there.Under("/shared/back")); err != nil {
		t.Fatal(err)
	}
	f.isLink(t, there.Under("/shared/back"), "/c/file")
	other.isLink(t, "/shared/back", vfs.Path("/@"+f.client.Account+"/c/file"))
	f.has(t, there.Under("/shared/back"), []byte("ours"), "it leads back")
	if _, err := other.read(ctx, "/shared/back"); vfs.Kind(err) != vfs.ErrPermission {
		t.Errorf("a link to what may not be read: %v", err)
	}
	if err := f.Symlink(ctx, there.Under("/closed/file"), "/c/link2"); vfs.Kind(err) != vfs.ErrPermission {
		t.Errorf("making a link to what may not be read: %v", err)
	}
	f.putLink(t, "link2", "closed/file", "X-Symlink-Target-Account", other.client.Account)
	f.isLink(t, "/c/link2", there.Under("/closed/file"))
	if err := f.Rename(ctx, "/c/link", there.Under("/shared/moved"), vfs.RenameOptions{}); vfs.Kind(err) != vfs.ErrUnsupported {
		t.Errorf("moving a link to another account: %v", err)
	}
	for _, p := range []vfs.Path{"/c/link", "/c/link2", there.Under("/shared/back")} {
		if err := f.Remove(ctx, p); err != nil {
			t.Errorf("removing %q: %v", p, err)
		}
	}
}

// TestLinksAndVersions checks that the files of a container that keeps versions, which are links of
// Swift's own, are files, and that links to them are links.
func TestLinksAndVersions(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	if err := f.makeContainer(ctx, api.Name{Container: "v"}, map[string]string{"X-Versions-Enabled": "true"}); err != nil {
		t.Fatal(err)
	}
	f.mustWrite(t, "/v/file", []byte("first"))
	f.mustWrite(t, "/v/file", []byte("second"))
	if info, err := f.Lstat(ctx, "/v/file"); err != nil || info.Size != 6 || !info.Mode.IsRegular() {
		t.Errorf("Lstat of a file with versions is %+v, %v", info, err)
	}
	if _, err := f.Readlink(ctx, "/v/file"); vfs.Kind(err) != vfs.ErrInvalid {
		t.Errorf("Readlink of it: %v", err)
	}
	if infos, err := listAll(ctx, f, "/v"); err != nil || len(infos) != 1 || infos[0].IsLink() {
		t.Errorf("it is listed as %+v, %v", infos, err)
	}
	if err := f.Symlink(ctx, "/v/file", "/v/link"); vfs.Kind(err) != vfs.ErrUnsupported || !strings.Contains(vfs.ClientText(err), "versions") {
		t.Errorf("a link beside it: %v", err)
	}
	versions := listNames(t, f, "/v/.versions/file")
	if len(versions) != 2 {
		t.Fatalf("there are the versions %q", versions)
	}
	old := vfs.Path("/v/.versions/file").Join(versions[0])
	if info, err := f.Lstat(ctx, old); err != nil || !info.Mode.IsRegular() {
		t.Errorf("Lstat of an old version is %+v, %v", info, err)
	}
	if _, err := f.Readlink(ctx, old); vfs.Kind(err) != vfs.ErrInvalid {
		t.Errorf("Readlink of an old version: %v", err)
	}
	if err := f.Symlink(ctx, old, "/c/link"); vfs.Kind(err) != vfs.ErrUnsupported {
		t.Errorf("a link to an old version: %v", err)
	}
	if err := f.Symlink(ctx, "/c/file", old+"-link"); vfs.Kind(err) != vfs.ErrPermission {
		t.Errorf("a link among old versions: %v", err)
	}
	if err := f.Symlink(ctx, "/v/file", "/c/link"); err != nil {
		t.Fatal(err)
	}
	f.isLink(t, "/c/link", "/v/file")
	f.has(t, "/c/link", []byte("second"), "it leads there")
	f.mustWrite(t, "/c/link", []byte("third"))
	f.has(t, "/v/file", []byte("third"), "it was written through a link")
	f.isLink(t, "/c/link", "/v/file")
}

// TestLinksWhileListingsLag creates and removes links that no listing shows yet.
func TestLinksWhileListingsLag(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f.mustWrite(t, "/c/file", apitest.Noise(10))
	f.putLink(t, "old", "c/file")
	f.srv.ListingLag(time.Hour)
	for p, target := range map[vfs.Path]vfs.Path{
		"/c/new": "/c/file", "/c/dangling": "/c/none", "/c/passing": "/c/file", "/c/dir/dangling": "/c/none",
	} {
		f.knowParent(p)
		if err := f.Symlink(ctx, target, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []vfs.Path{"/c/old", "/c/passing"} {
		if err := f.Remove(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	infos, err := listAll(ctx, f, "/c")
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]bool{}
	for _, i := range infos {
		links[i.Name] = i.IsLink()
	}
	if diff := cmp.Diff(map[string]bool{"file": false, "new": true, "dangling": true, "dir": false}, links); diff != "" {
		t.Errorf("listed, and as links (-want +got):\n%s", diff)
	}
}

// TestLinkMadeMeanwhile writes a new file while another gateway creates a link of the same name:
// the link is not replaced.
func TestLinkMadeMeanwhile(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/file", []byte("content"))
	for link, target := range map[string]string{"link": "c/file", "dangling": "c/none"} {
		p := vfs.Path("/c").Join(link)
		w := f.openWriter(t, p, replace)
		defer w.Close()
		f.putLink(t, link, target)
		if _, err := w.Commit(t.Context()); vfs.Kind(err) != vfs.ErrChanged {
			t.Errorf("Commit: %v, want ErrChanged", err)
		}
		f.isLink(t, p, vfs.Path("/"+target))
	}
	f.has(t, "/c/file", []byte("content"), "nothing was written through the link")
}

// TestPathOf checks that the path from pathOf is that of the same object.
func TestPathOf(t *testing.T) {
	f := &FS{client: &api.Client{Account: "AUTH_own"}, aliases: map[string]alias{"shared": {"AUTH_x", "photos"}, "team": {"AUTH_y", ""}, "c": {"AUTH_x", "photos"}}}
	part := rapid.SampledFrom([]string{"a", "", "...", "%", "%%", "%.", "@x", "c d", "\n"})
	rapid.Check(t, func(t *rapid.T) {
		n := api.Name{
			Account:   rapid.SampledFrom([]string{"", "AUTH_x", "AUTH_y"}).Draw(t, "account"),
			Container: rapid.SampledFrom([]string{"c", "photos", "%", "@AUTH_z", "shared"}).Draw(t, "container"),
			Object:    strings.Join(rapid.SliceOfN(part, 1, 5).Draw(t, "object"), "/"),
		}
		if n.Object == "" {
			t.Skip("no object")
		}
		p, err := f.pathOf(n, rapid.SampledFrom([]vfs.Path{"/x/link", "/shared/link", "/team/photos/link", "/@AUTH_x/photos/link"}).Draw(t, "near"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.locate(p); err != nil || got != n {
			t.Errorf("%q is reached by %q, which is %q, %v", n, p, got, err)
		}
	})
}
