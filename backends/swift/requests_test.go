package swift

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestRequests counts the requests of each operation, as the package comment has them.
func TestRequests(t *testing.T) {
	type ops = []swifttest.Op
	const (
		head, get, put, del      = swifttest.HeadObject, swifttest.GetObject, swifttest.PutObject, swifttest.DeleteObject
		list, copied             = swifttest.ListContainer, swifttest.CopyObject
		putManifest, getManifest = swifttest.PutManifest, swifttest.GetManifest
		headContainer            = swifttest.HeadContainer
	)
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	for _, p := range []vfs.Path{"/c/dir", "/c/empty"} {
		if err := f.Mkdir(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	large := apitest.Noise(2*mib + 1000)
	for _, p := range []vfs.Path{"/c/small", "/c/dir/a", "/c/dir/b", "/c/below/x"} {
		f.mustWrite(t, p, apitest.Noise(1000))
	}
	f.mustWrite(t, "/c/large", large)
	f.putLink(t, "link/to", "c/small")
	f.putLink(t, "link/dangling", "c/none")
	told := func(err error) error {
		if errors.Is(err, vfs.ErrNotExist) {
			return nil
		}
		return err
	}
	stat := func(p vfs.Path) func() error {
		return func() error { _, err := f.Stat(ctx, p); return told(err) }
	}
	lstat := func(p vfs.Path) func() error {
		return func() error { _, err := f.Lstat(ctx, p); return err }
	}
	read := func(p vfs.Path) func() error {
		return func() error { _, err := f.read(ctx, p); return err }
	}
	write := func(p vfs.Path, data []byte, opts vfs.WriteOptions) func() error {
		return func() error { _, err := f.write(ctx, p, data, opts); return err }
	}
	rename := func(from, to vfs.Path) func() error {
		return func() error { return f.Rename(ctx, from, to, vfs.RenameOptions{}) }
	}
	copyFile := func(from, to vfs.Path) func() error {
		return func() error { return f.Copy(ctx, from, to, vfs.CopyOptions{}) }
	}
	listDir := func() error { _, err := listAll(ctx, f, "/c/dir"); return err }
	for _, tt := range []struct {
		name string
		do   func() error
		want ops
	}{
		{"stat of a file", stat("/c/small"), ops{head}},
		{"stat of a directory", stat("/c/dir"), ops{head}},
		{"stat of a prefix", stat("/c/below"), ops{head, list}},
		{"stat of a link", stat("/c/link/to"), ops{head}},
		{"stat of a link to nothing", stat("/c/link/dangling"), ops{head}},
		{"lstat of a file", lstat("/c/small"), ops{head}},
		{"lstat of a link", lstat("/c/link/to"), ops{head, head}},
		{"lstat of a link to nothing", lstat("/c/link/dangling"), ops{head, head}},
		{"readlink", func() error { _, err := f.Readlink(ctx, "/c/link/to"); return err }, ops{head}},
		{"list links", func() error { _, err := listAll(ctx, f, "/c/link"); return err }, ops{list}},
		{"read by way of a link", read("/c/link/to"), ops{get}},
		{"write by way of a link", write("/c/link/to", apitest.Noise(1000), replace), ops{head, put}},
		{"symlink", func() error { return f.Symlink(ctx, "/c/small", "/c/link/new") }, ops{swifttest.HeadContainer, head, list, head, head, list, put}},
		{"rename a link", rename("/c/link/new", "/c/link/moved"), ops{head, head, head, list, head, head, put, copied, del}},
		{"remove a link", func() error { return f.Remove(ctx, "/c/link/moved") }, ops{head, head, del}},
		{"list", listDir, ops{list}},
		{"read", read("/c/small"), ops{get}},
		{"read large", read("/c/large"), ops{get}},
		{"write new", write("/c/new", apitest.Noise(1000), replace), ops{head, list, put}},
		{"write over", write("/c/small", apitest.Noise(1000), replace), ops{head, put}},
		{"write large", write("/c/large2", large, replace), ops{head, list, headContainer, put, put, put, put, del, putManifest}},
		{"write over large", write("/c/large2", large, replace), ops{head, head, getManifest, headContainer, put, put, put, putManifest, list, headContainer, swifttest.BulkDelete}},
		{"write small over large", write("/c/large2", apitest.Noise(1000), replace), ops{head, head, getManifest, put, list, headContainer, swifttest.BulkDelete, headContainer}},
		{"write large over small", write("/c/large2", large, replace), ops{head, headContainer, put, put, put, putManifest}},
		{"append to large", write("/c/large2", apitest.Noise(1000), vfs.WriteOptions{Offset: vfs.AtEnd}), ops{head, getManifest, head, getManifest, headContainer, put, putManifest}},
		{"mkdir", func() error { return f.Mkdir(ctx, "/c/dir2") }, ops{head, list, put}},
		{"rmdir", func() error { return f.Rmdir(ctx, "/c/dir2") }, ops{head, list, del}},
		{"copy", copyFile("/c/small", "/c/small3"), ops{head, head, list, copied}},
		{"copy large", copyFile("/c/large", "/c/large4"), ops{
			head, head, list, swifttest.HeadAccount, swifttest.HeadContainer, getManifest, copied, copied, copied, putManifest,
		}},
		{"rename", rename("/c/small", "/c/small2"), ops{head, head, list, copied, del}},
		{"rename large", rename("/c/large", "/c/large3"), ops{head, head, list, list, put, copied, del, del}},
		{"set time", func() error { return f.SetAttrs(ctx, "/c/small2", vfs.Attrs{ModTime: new(time.Unix(1, 0))}) }, ops{head, swifttest.PostObject}},
		{"set time of a directory", func() error { return f.SetAttrs(ctx, "/c/dir", vfs.Attrs{ModTime: new(time.Unix(1, 0))}) }, ops{head, swifttest.PostObject}},
		{"set time of a prefix", func() error { return f.SetAttrs(ctx, "/c/below", vfs.Attrs{ModTime: new(time.Unix(1, 0))}) }, ops{head, list, put}},
		{"set time of a container", func() error { return f.SetAttrs(ctx, "/c", vfs.Attrs{ModTime: new(time.Unix(1, 0))}) }, ops{headContainer, swifttest.PostContainer}},
		{"space", func() error { _, err := f.StatSpace(ctx, "/c"); return err }, ops{swifttest.HeadAccount, swifttest.HeadContainer}},
		{"stat of the account", stat("/"), ops{swifttest.HeadAccount}},
		{"stat of a container", stat("/c"), ops{swifttest.HeadContainer}},
		{"list the account", func() error { _, err := listAll(ctx, f, "/"); return err }, ops{swifttest.ListAccount, headContainer}},
		{"list the account again", func() error { _, err := listAll(ctx, f, "/"); return err }, ops{swifttest.ListAccount}},
		{"mkdir of a container", func() error { return f.Mkdir(ctx, "/c2") }, ops{swifttest.HeadContainer, swifttest.PutContainer}},
		{"rmdir of a container", func() error { return f.Rmdir(ctx, "/c2") }, ops{swifttest.DeleteContainer, headContainer}},
		{"remove", func() error { return f.Remove(ctx, "/c/small2") }, ops{head, del}},
		{"remove large", func() error { return f.Remove(ctx, "/c/large3") }, ops{head, getManifest, del, list, headContainer, swifttest.BulkDelete, headContainer}},
	} {
		f.srv.ForgetRequests()
		f.forget()
		if err := tt.do(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got ops
		apitest.Eventually(t, "the log has all requests of: "+tt.name, func() bool {
			got = nil
			for _, r := range f.srv.Requests() {
				// The listing of interrupted uploads does not count: it is not made each time.
				if r.Op != list || !strings.Contains(r.Query, url.QueryEscape(".uploads/")) {
					got = append(got, r.Op)
				}
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

// TestRecall opens files that were looked up just before. Opening a file that is to be replaced
// makes no lookup again, unless the file was changed.
func TestRecall(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	lookups := func() int {
		return f.srv.Count(swifttest.HeadObject) + f.srv.Count(swifttest.ListContainer)
	}
	put := func(p vfs.Path, opts vfs.WriteOptions) {
		t.Helper()
		f.srv.ForgetRequests()
		w := f.openWriter(t, p, opts)
		defer w.Close()
	}
	f.Stat(ctx, "/c/new")
	if put("/c/new", replace); lookups() != 0 {
		t.Errorf("%d requests to open a file of which it was just told that it is not there, want none", lookups())
	}
	f.Stat(ctx, "/c/new")
	if put("/c/new", vfs.WriteOptions{Create: true}); lookups() == 0 {
		t.Error("a file that is to be changed was not asked for at opening")
	}
	f.Stat(ctx, "/c/new")
	f.mustWrite(t, "/c/new/below", apitest.Noise(10))
	f.srv.ForgetRequests()
	if _, err := f.OpenWriter(ctx, "/c/new", replace); vfs.Kind(err) != vfs.ErrIsDir {
		t.Errorf("opening what has become a directory: %v, want %v", err, vfs.ErrIsDir)
	}
	large := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/file", large)
	f.Stat(ctx, "/c/file")
	f.mustWrite(t, "/c/file", apitest.Noise(10))
	f.Stat(ctx, "/c/file")
	f.mustWrite(t, "/c/file", large)
	f.tidy(t, "/c/file")
}
