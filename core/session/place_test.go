package session_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// TestEverySpelling makes every operation on one file by all its names, and wants the same answer.
func TestEverySpelling(t *testing.T) {
	for _, given := range [][]auth.Permission{
		nil, {auth.List}, {auth.Read}, {auth.Read, auth.List}, {auth.Create}, {auth.Write, auth.List}, auth.Permissions(),
	} {
		for _, op := range operations {
			answers := map[string][]vfs.Path{}
			for _, name := range []vfs.Path{"/ruled/file", "/dir-link/file", "/deep/up/file", "/chain/file"} {
				s := begin(t, func(cfg *session.Config) {
					cfg.Identity.Rules = []auth.Rule{{Path: "/ruled", Permissions: given}}
				})
				s.store.mkdirs(t, home, "/ruled")
				s.store.mkdirs(t, home, "/deep")
				put(t, s.store, home+"/ruled/file", "old")
				put(t, s.store, home+"/other", "other")
				for link, target := range map[vfs.Path]vfs.Path{"/dir-link": "/ruled", "/deep/up": "/ruled", "/chain": "/dir-link"} {
					if err := s.store.FS.Symlink(t.Context(), vfs.Path(home)+target, vfs.Path(home)+link); err != nil {
						t.Fatal(err)
					}
				}
				answer := "refused"
				if err := op.call(t.Context(), s.Session, name); vfs.Kind(err) != vfs.ErrPermission {
					answer = "not refused"
				}
				answers[answer] = append(answers[answer], name)
			}
			if len(answers) != 1 {
				t.Errorf("%s with %v: %v", op.name, given, answers)
			}
		}
	}
}

// TestRuleOfALink is that a rule about a link to a directory is about the directory.
func TestRuleOfALink(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Rules = []auth.Rule{{Path: "/link"}} })
	s.store.mkdirs(t, home, "/dir")
	put(t, s.store, home+"/dir/file", "secret")
	if err := s.store.FS.Symlink(t.Context(), home+"/dir", home+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []vfs.Path{"/link/file", "/dir/file"} {
		_, err := s.Open(t.Context(), name, vfs.OpenOptions{})
		wantKind(t, err, vfs.ErrPermission, "Open of "+string(name))
	}
}

// archiving is a store that keeps old versions of what is in /home/alice/ruled in /home/alice/old.
type archiving struct{ *store }

// Archives implements [vfs.ArchiveFS].
func (a archiving) Archives(_ context.Context, names []vfs.Path) ([]vfs.Path, error) {
	if slices.Contains(names, home+"/ruled") {
		return []vfs.Path{home + "/old"}, nil
	}
	return nil, nil
}

// TestArchives makes every operation on a directory of old versions and in it, for a login with a
// rule about what they are versions of.
func TestArchives(t *testing.T) {
	for _, meant := range []bool{false, true} {
		for _, name := range []vfs.Path{"/old/dir", "/old/dir/file"} {
			for _, op := range operations {
				s := begin(t, func(cfg *session.Config) {
					cfg.FS = archiving{cfg.FS.(*store)}
					cfg.Identity.Rules = []auth.Rule{{Path: "/ruled"}}
					if meant {
						cfg.Identity.Rules = append(cfg.Identity.Rules, auth.Rule{Path: "/old", Permissions: auth.Permissions()})
					}
				})
				s.store.mkdirs(t, home, "/old/dir")
				put(t, s.store, home+"/old/dir/file", "old")
				put(t, s.store, home+"/other", "other")
				refused := vfs.Kind(op.call(t.Context(), s.Session, name)) == vfs.ErrPermission
				if refused == meant {
					t.Errorf("%s of %s is refused: %t, and a rule about it: %t", op.name, name, refused, meant)
				}
			}
		}
	}
}

// TestLinkOutOfHome makes every operation that follows links by one that leads out of the home.
func TestLinkOutOfHome(t *testing.T) {
	followed := []string{"stat", "digest", "read", "write", "write in place", "write and read", "copy", "set attributes", "truncate"}
	for _, name := range []vfs.Path{"/out/file", "/file-link"} {
		for _, op := range operations {
			if name == "/file-link" && !slices.Contains(followed, op.name) {
				continue
			}
			s := begin(t, nil)
			put(t, s.store, "/home/bob/file", "old")
			for link, target := range map[vfs.Path]vfs.Path{"/out": "/home/bob", "/file-link": "/home/bob/file"} {
				if err := s.store.FS.Symlink(t.Context(), target, home+link); err != nil {
					t.Fatal(err)
				}
			}
			wantKind(t, op.call(t.Context(), s.Session, name), vfs.ErrPermission, op.name+" of "+string(name))
			if got := content(t, s.store, "/home/bob/file"); got != "old" {
				t.Errorf("%s of %s left %q", op.name, name, got)
			}
		}
	}
}

// TestKeepsWhatIsThere is what a login may do to a file that is there.
func TestKeepsWhatIsThere(t *testing.T) {
	write := func(s *session.Session, opts vfs.WriteOptions, off int64) error {
		w, err := s.OpenWriter(context.Background(), "/file", opts)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.WriteAt([]byte("new"), off); err != nil {
			return err
		}
		_, err = w.Commit(context.Background())
		return err
	}
	for _, tt := range []struct {
		name  string
		given string
		do    func(s *session.Session) error
		ok    bool
	}{
		{"overwrite", "write", func(s *session.Session) error { return write(s, replace, 0) }, false},
		{"overwrite", "write delete", func(s *session.Session) error { return write(s, replace, 0) }, true},
		{"overwrite", "create", func(s *session.Session) error { return write(s, replace, 0) }, false},
		{"overwrite", "create delete", func(s *session.Session) error { return write(s, replace, 0) }, false},
		{"append", "write", func(s *session.Session) error { return write(s, vfs.WriteOptions{}, 3) }, true},
		{"append", "create", func(s *session.Session) error { return write(s, vfs.WriteOptions{Create: true}, 3) }, false},
		{"change", "write", func(s *session.Session) error { return write(s, vfs.WriteOptions{}, 1) }, false},
		{"truncate", "write", func(s *session.Session) error { return s.Truncate(context.Background(), "/file", 1) }, false},
		{"extend", "write", func(s *session.Session) error { return s.Truncate(context.Background(), "/file", 9) }, true},
		{"copy over", "write read", func(s *session.Session) error {
			return s.Copy(context.Background(), "/other", "/file", vfs.CopyOptions{Replace: true})
		}, false},
	} {
		t.Run(tt.name+" with "+tt.given, func(t *testing.T) {
			s := begin(t, func(cfg *session.Config) {
				for _, p := range strings.Fields(tt.given) {
					cfg.Identity.Permissions = append(cfg.Identity.Permissions, auth.Permission(p))
				}
			})
			put(t, s.store, home+"/file", "old")
			put(t, s.store, home+"/other", "other")
			err := tt.do(s.Session)
			if tt.ok && err != nil || !tt.ok && vfs.Kind(err) != vfs.ErrPermission {
				t.Errorf("%v, want success: %v", err, tt.ok)
			}
			if got := content(t, s.store, home+"/file"); !tt.ok && got != "old" {
				t.Errorf("what was there is %q", got)
			}
		})
	}
}

// TestDropBox is that who may only create can do so, with directories, and set times by the open
// file.
func TestDropBox(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Permissions = []auth.Permission{auth.Create} })
	if err := s.Mkdir(t.Context(), "/dir"); err != nil {
		t.Fatal(err)
	}
	if err := upload(replace)(t.Context(), s.Session, "/dir/file"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, upload(replace)(t.Context(), s.Session, "/dir/file"), vfs.ErrPermission, "the same once more")
	wantKind(t, s.Rename(t.Context(), "/dir/file", "/dir/other", vfs.RenameOptions{}), vfs.ErrPermission, "Rename")
}

// TestRefusalsAreLogged is that looking where one may not look is in the log at its usual level.
func TestRefusalsAreLogged(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Permissions = []auth.Permission{auth.Write} })
	_, _ = s.Stat(t.Context(), "/x")
	_, _ = s.List(t.Context(), "/")
	for _, line := range s.log.lines(t, "operation") {
		if line["level"] != slog.LevelInfo.String() {
			t.Errorf("%v", line)
		}
	}
	if n := len(s.log.lines(t, "operation")); n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
}
