package session_test

import (
	"fmt"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// TestRulesOfSymlink makes links from one place with rules to another: none is a way to more than
// may be done at its target.
func TestRulesOfSymlink(t *testing.T) {
	list, all := []auth.Permission{auth.Write, auth.List}, auth.Permissions()
	for _, tt := range []struct {
		target, name vfs.Path
		want         error
	}{
		{"/file", "/link", nil},
		{"/closed/open/file", "/link", nil},
		{"/file", "/in/link", nil},                    // it opens less than there is
		{"/in/file", "/link", vfs.ErrPermission},      // it would be a way to read
		{"/archive/file", "/link", vfs.ErrPermission}, // and one to write
		{"/closed/file", "/closed/open/link", vfs.ErrPermission},
		{"/in", "/link", vfs.ErrPermission},
		{"/", "/link", vfs.ErrPermission}, // below it is what is closed
		{"/in/dir", "/in/link", nil},
		{"/in/dir", "/in/mixed", vfs.ErrPermission}, // below it would be what may be read
		{"/file", "/archive/link", vfs.ErrPermission},
		{"/file", "/closed/link", vfs.ErrPermission},
	} {
		t.Run(fmt.Sprintf("%s to %s", tt.name, tt.target), func(t *testing.T) {
			s := begin(t, func(cfg *session.Config) {
				cfg.Identity.Rules = append([]auth.Rule{{Path: "/in/mixed", Permissions: list}, {Path: "/in/mixed/open", Permissions: all}}, rules...)
			})
			for _, dir := range []vfs.Path{"/in/dir", "/archive", "/closed/open"} {
				s.store.mkdirs(t, home, dir)
			}
			err := s.Symlink(t.Context(), tt.target, tt.name)
			event := s.seen.last(t)
			if event.Op != session.OpSymlink || event.Path != tt.name || event.Target != tt.target || event.Err != err {
				t.Errorf("the event is %+v", event)
			}
			if tt.want != nil {
				wantKind(t, err, tt.want, "Symlink")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if target, err := s.store.FS.Readlink(t.Context(), vfs.Path(home)+tt.name); err != nil || target != vfs.Path(home)+tt.target {
				t.Errorf("the store has a link to %q, %v", target, err)
			}
		})
	}
}

// TestReadlinkConfined reads links that somebody else has made: where they lead is told in the
// client's names, and not where that is out of the home directory.
func TestReadlinkConfined(t *testing.T) {
	for _, tt := range []struct {
		home   string
		target vfs.Path
		want   vfs.Path
		kind   error
	}{
		{home, home + "/dir/file", "/dir/file", nil},
		{home, home, "/", nil},
		{home, "/home/alice2/file", "", vfs.ErrPermission},
		{home, "/home/bob/file", "", vfs.ErrPermission},
		{home, "/", "", vfs.ErrPermission},
		{"/", "/home/bob/file", "/home/bob/file", nil},
	} {
		s := begin(t, func(cfg *session.Config) { cfg.Identity.Home = tt.home })
		name := vfs.Path(tt.home).Join("link")
		if err := s.store.FS.Symlink(t.Context(), tt.target, name); err != nil {
			t.Fatal(err)
		}
		got, err := s.Readlink(t.Context(), "/link")
		if got != tt.want || vfs.Kind(err) != tt.kind {
			t.Errorf("in %s, a link to %s reads %q, %v; want %q, %v", tt.home, tt.target, got, err, tt.want, tt.kind)
		}
		if info, err := s.Lstat(t.Context(), "/link"); err != nil || !info.IsLink() {
			t.Errorf("Lstat of it is %+v, %v", info, err)
		}
	}
}

// TestNoLinks is that a session's store need have no links.
func TestNoLinks(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.FS = struct{ vfs.FS }{cfg.FS} })
	put(t, s.store, home+"/file", "content")
	wantKind(t, s.Symlink(t.Context(), "/file", "/link"), vfs.ErrUnsupported, "Symlink")
	_, err := s.Readlink(t.Context(), "/file")
	wantKind(t, err, vfs.ErrUnsupported, "Readlink")
	if info, err := s.Lstat(t.Context(), "/file"); err != nil || info.Size != 7 {
		t.Errorf("Lstat: %+v, %v", info, err)
	}
}
