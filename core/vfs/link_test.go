package vfs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

func TestResolveTarget(t *testing.T) {
	for _, tt := range []struct {
		link   vfs.Path
		target string
		want   vfs.Path
		kind   error
	}{
		{"/c/link", "file", "/c/file", nil},
		{"/c/link", "./a//b/", "/c/a/b", nil},
		{"/c/d/link", "../file", "/c/file", nil},
		{"/c/d/link", "../../x/y", "/x/y", nil},
		{"/c/link", "/x/y", "/x/y", nil},
		{"/c/link", "/../x", "/x", nil},
		{"/c/link", "..", "/", nil},
		{"/c/link", ".", "/c", nil},
		{"/c/link", "a/../../..", "", vfs.ErrPermission},
		{"/c/link", "../../c/file", "", vfs.ErrPermission},
		{"/link", "../link", "", vfs.ErrPermission},
		{"/c/link", "", "", vfs.ErrInvalidName},
		{"/c/link", "a\x00", "", vfs.ErrInvalidName},
		{"/c/link", "\xff", "/c/‛FF", nil},
	} {
		got, err := vfs.ResolveTarget(tt.link, tt.target)
		if got != tt.want || vfs.Kind(err) != tt.kind {
			t.Errorf("ResolveTarget(%q, %q) = %q, %v; want %q, %v", tt.link, tt.target, got, err, tt.want, tt.kind)
		}
	}
}

func TestFrom(t *testing.T) {
	for _, tt := range []struct {
		dir, target vfs.Path
		want        string
	}{
		{"/c", "/c/file", "file"},
		{"/", "/c/file", "c/file"},
		{"/c/d", "/c/e/file", "../e/file"},
		{"/c/d", "/x", "../../x"},
		{"/c", "/", ".."},
		{"/c", "/c", "."},
		{"/", "/", "."},
		{"/c/d", "/c/d-e", "../d-e"},
	} {
		if got := tt.target.From(tt.dir); got != tt.want {
			t.Errorf("%q from %q is %q, want %q", tt.target, tt.dir, got, tt.want)
		}
	}
}

// What a link is said to lead to leads there.
func TestTargetReadsBack(t *testing.T) {
	draw := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "...", "c d"}), 0, 6)
	path := func(elements []string) vfs.Path {
		p := vfs.Root
		for _, e := range elements {
			p = p.Join(e)
		}
		return p
	}
	rapid.Check(t, func(t *rapid.T) {
		link, target := path(draw.Draw(t, "dir")).Join("link"), path(draw.Draw(t, "target"))
		shown := target.From(link.Dir())
		if got, err := vfs.ResolveTarget(link, shown); err != nil || got != target || strings.HasPrefix(shown, "/") {
			t.Errorf("the link %q to %q is shown as %q, which is %q, %v", link, target, shown, got, err)
		}
	})
}

// FuzzResolveTarget never makes of a target what is no Path.
func FuzzResolveTarget(f *testing.F) {
	for _, s := range []string{"", ".", "../x", "/a/../..", "a//b", "\x00", "a/./../b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		got, err := vfs.ResolveTarget("/c/d/link", target)
		if err != nil {
			if got != "" || vfs.Kind(err) == nil {
				t.Errorf("%q: %q, %v", target, got, err)
			}
			return
		}
		if again, err := vfs.Clean(string(got)); err != nil || again != got {
			t.Errorf("%q became %q, which is no Path", target, got)
		}
	})
}

// Without links a store has nothing that Lstat would tell differently.
func TestNoLinks(t *testing.T) {
	plain := struct{ vfs.FS }{memfs.New()}
	ctx := t.Context()
	if err := plain.Mkdir(ctx, "/dir"); err != nil {
		t.Fatal(err)
	}
	lstat, err := vfs.Lstat(ctx, plain, "/dir")
	if stat, statErr := plain.Stat(ctx, "/dir"); err != nil || statErr != nil || lstat != stat {
		t.Errorf("Lstat is %+v, %v, and Stat %+v, %v", lstat, err, stat, statErr)
	}
	if _, err := vfs.Readlink(ctx, plain, "/dir"); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("Readlink: %v, want ErrUnsupported", err)
	}
	if err := vfs.Symlink(ctx, plain, "/dir", "/link"); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("Symlink: %v, want ErrUnsupported", err)
	}
}

func TestFollowLinks(t *testing.T) {
	fsys := memfs.New()
	ctx := t.Context()
	for name, target := range map[vfs.Path]vfs.Path{"/d/todir": "/d/dir", "/d/loop": "/d/loop", "/d/dangling": "/d/none"} {
		_ = fsys.Mkdir(ctx, "/d")
		_ = fsys.Mkdir(ctx, "/d/dir")
		if err := fsys.Symlink(ctx, target, name); err != nil {
			t.Fatal(err)
		}
	}
	l, err := fsys.List(ctx, "/d")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	page, err := l.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := vfs.FollowLinks(ctx, fsys, "/d", page); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range page {
		switch {
		case info.IsDir():
			info.Name += "/"
		case info.IsLink():
			info.Name += "@"
		}
		got = append(got, info.Name)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"dangling@", "dir/", "loop@", "todir/"}, got); diff != "" {
		t.Errorf("the page is (-want +got):\n%s", diff)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := vfs.FollowLinks(ended, fsys, "/d", page); !errors.Is(err, context.Canceled) {
		t.Errorf("FollowLinks with a context that has ended: %v", err)
	}
}
