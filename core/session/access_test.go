package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// operation is one call of a session, made on a name.
type operation struct {
	name  string
	op    session.Op
	needs []auth.Permission // that are asked for before the store is
	loses bool              // content that is there; then it takes the permissions to write and to delete too
	call  func(ctx context.Context, s *session.Session, name vfs.Path) error
}

// forbidden reports whether the operation takes a permission that is not given: at once, and where
// a file is there already.
func (op operation) forbidden(given []auth.Permission) (atOnce, onFile bool) {
	lacks := func(p auth.Permission) bool {
		return !slices.Contains(given, p) && (p != auth.Create || !slices.Contains(given, auth.Write))
	}
	atOnce = slices.ContainsFunc(op.needs, lacks)
	return atOnce, atOnce || op.loses && (lacks(auth.Write) || lacks(auth.Delete))
}

// operations are all that a session does, on "/file" as on anything else. A rename or a link takes
// the name's neighbour.
var operations = []operation{
	{"stat", session.OpStat, []auth.Permission{auth.List}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		_, err := s.Stat(ctx, name)
		return err
	}},
	{"lstat", session.OpStat, []auth.Permission{auth.List}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		_, err := s.Lstat(ctx, name)
		return err
	}},
	{"readlink", session.OpReadlink, []auth.Permission{auth.List}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		_, err := s.Readlink(ctx, name)
		return err
	}},
	{"symlink", session.OpSymlink, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Symlink(ctx, "/other", name)
	}},
	{"symlink to", session.OpSymlink, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Symlink(ctx, name, name+"-linked")
	}},
	{"list", session.OpList, []auth.Permission{auth.List}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		l, err := s.List(ctx, name)
		if err != nil {
			return err
		}
		defer l.Close()
		for {
			if _, err := l.Next(ctx); err != nil {
				return noEOF(err)
			}
		}
	}},
	{"space", session.OpSpace, []auth.Permission{auth.List}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		_, err := s.StatSpace(ctx, name)
		return err
	}},
	{"digest", session.OpDigest, []auth.Permission{auth.Read}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		_, err := s.Digest(ctx, name)
		return err
	}},
	{"read", session.OpDownload, []auth.Permission{auth.Read}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		f, err := s.Open(ctx, name, vfs.OpenOptions{})
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteTo(io.Discard)
		return err
	}},
	{"write", session.OpUpload, []auth.Permission{auth.Create}, true, upload(replace)},
	{"write in place", session.OpUpload, []auth.Permission{auth.Write}, true, upload(vfs.WriteOptions{})},
	{"write and read", session.OpUpload, []auth.Permission{auth.Write, auth.Read}, true, upload(vfs.WriteOptions{Read: true})},
	{"mkdir", session.OpMkdir, []auth.Permission{auth.Create}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Mkdir(ctx, name)
	}},
	{"remove", session.OpRemove, []auth.Permission{auth.Delete}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Remove(ctx, name)
	}},
	{"rmdir", session.OpRmdir, []auth.Permission{auth.Delete}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Rmdir(ctx, name)
	}},
	{"rename", session.OpRename, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Rename(ctx, name, name+"-renamed", vfs.RenameOptions{})
	}},
	{"rename over", session.OpRename, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Rename(ctx, "/other", name, vfs.RenameOptions{})
	}},
	{"copy", session.OpCopy, []auth.Permission{auth.Create, auth.Read}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Copy(ctx, name, name+"-copied", vfs.CopyOptions{})
	}},
	{"set attributes", session.OpSetAttrs, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		when := time.Unix(1e9, 0)
		return s.SetAttrs(ctx, name, vfs.Attrs{ModTime: &when})
	}},
	{"truncate", session.OpTruncate, []auth.Permission{auth.Write}, false, func(ctx context.Context, s *session.Session, name vfs.Path) error {
		return s.Truncate(ctx, name, 3)
	}},
}

func upload(opts vfs.WriteOptions) func(ctx context.Context, s *session.Session, name vfs.Path) error {
	return func(ctx context.Context, s *session.Session, name vfs.Path) error {
		w, err := s.OpenWriter(ctx, name, opts)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.WriteAt([]byte("new"), 0); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// TestPermissions makes every operation with every set of permissions.
func TestPermissions(t *testing.T) {
	for set := range 1 << len(auth.Permissions()) {
		var given []auth.Permission
		for i, p := range auth.Permissions() {
			if set&(1<<i) != 0 {
				given = append(given, p)
			}
		}
		t.Run(fmt.Sprint(given), func(t *testing.T) {
			for _, op := range operations {
				s := begin(t, func(cfg *session.Config) { cfg.Identity.Permissions = given })
				put(t, s.store, home+"/file", "old")
				before := s.store.count("")
				err := op.call(t.Context(), s.Session, "/file")
				atOnce, onFile := op.forbidden(given)
				if len(given) > 0 && onFile {
					wantKind(t, err, vfs.ErrPermission, op.name)
					if n := s.store.count("") - before; n != 0 && atOnce {
						t.Errorf("%s: the store was called %d times for what is forbidden", op.name, n)
					}
				} else if errors.Is(err, vfs.ErrPermission) {
					t.Errorf("%s: %v", op.name, err)
				}
				if event := s.seen.last(t); event.Op != op.op || event.Err != err {
					t.Errorf("%s: the event is %+v, want %s with the error %v", op.name, event, op.op, err)
				}
			}
		})
	}
}

func TestPermissionUnknown(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Permissions = []auth.Permission{"everything"} })
	for _, op := range operations {
		wantKind(t, op.call(t.Context(), s.Session, "/file"), vfs.ErrPermission, op.name+" by who has only a permission that there is not")
	}
}

func TestPermissionToReplace(t *testing.T) {
	write, all := []auth.Permission{auth.Write}, []auth.Permission{auth.Write, auth.Delete}
	for _, tt := range []struct {
		name  string
		given []auth.Permission
		old   string // what has the new name
		opts  vfs.RenameOptions
		want  error
	}{
		{"onto nothing", write, "", vfs.RenameOptions{Replace: true}, nil},
		{"onto a file", write, "old", vfs.RenameOptions{Replace: true}, vfs.ErrPermission},
		{"onto a file, not asked for", write, "old", vfs.RenameOptions{}, vfs.ErrExist},
		{"onto a file with delete", all, "old", vfs.RenameOptions{Replace: true}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, func(cfg *session.Config) { cfg.Identity.Permissions = tt.given })
			put(t, s.store, home+"/from", "new")
			if tt.old != "" {
				put(t, s.store, home+"/to", tt.old)
			}
			err := s.Rename(t.Context(), "/from", "/to", tt.opts)
			if tt.want == nil {
				if err != nil || content(t, s.store, home+"/to") != "new" {
					t.Errorf("Rename: %v, and the content is %q", err, content(t, s.store, home+"/to"))
				}
				return
			}
			wantKind(t, err, tt.want, "Rename")
			if got := content(t, s.store, home+"/to"); got != tt.old {
				t.Errorf("the content is %q after a refused Rename, want %q", got, tt.old)
			}
		})
	}
}

// TestConfinement makes every operation on whatever a client may send, and looks at the names that
// reach the store.
func TestConfinement(t *testing.T) {
	s := begin(t, nil)
	s.store.before = func(_ context.Context, call string, name vfs.Path) error {
		if !vfs.Path(home).Contains(name) || slices.Contains(name.Elements(), "..") {
			t.Errorf("%s reaches %q", call, name)
		}
		return nil
	}
	part := rapid.SampledFrom([]string{"..", ".", "", "/", "a", "home", "alice", "bob", "..a", "...", "x\n"})
	rapid.Check(t, func(rt *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(part, 0, 8).Draw(rt, "parts"), rapid.SampledFrom([]string{"/", "//", ""}).Draw(rt, "separator"))
		op := rapid.SampledFrom(operations).Draw(rt, "operation")
		if name, err := vfs.Resolve(vfs.Root, raw); err == nil {
			op.call(t.Context(), s.Session, name)
		}
		// A frontend that forgot to resolve names does not let anybody out either.
		op.call(t.Context(), s.Session, vfs.Path(raw))
	})
}

func TestUncleanNames(t *testing.T) {
	for _, name := range []vfs.Path{"", "..", "/..", "/../bob/file", "/a/../../bob/file", "x", "-2/file", "/.", "//", "/a/", "/a//b", "/./file", "/a\x00b", "/\xff"} {
		s := begin(t, nil)
		for _, op := range operations {
			wantKind(t, op.call(t.Context(), s.Session, name), vfs.ErrInvalidName, fmt.Sprintf("%s of %q", op.name, name))
		}
		if n := s.store.count(""); n != 0 {
			t.Errorf("the store was called %d times with %q", n, name)
		}
		if n := len(s.seen.take()); n != len(operations) {
			t.Errorf("%d events for %d operations", n, len(operations))
		}
	}
}

func TestRoot(t *testing.T) {
	want := map[string]error{
		"digest": vfs.ErrIsDir, "read": vfs.ErrIsDir, "write": vfs.ErrIsDir, "write in place": vfs.ErrIsDir, "write and read": vfs.ErrIsDir, "truncate": vfs.ErrIsDir,
		"mkdir": vfs.ErrExist, "remove": vfs.ErrIsDir, "rmdir": vfs.ErrPermission, "rename": vfs.ErrPermission, "rename over": vfs.ErrPermission,
		"copy": vfs.ErrIsDir, "symlink": vfs.ErrExist, "readlink": vfs.ErrInvalid,
	}
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			s := begin(t, nil)
			err := op.call(t.Context(), s.Session, vfs.Root)
			if want[op.name] != nil {
				wantKind(t, err, want[op.name], "the root")
			} else if err != nil {
				t.Error(err)
			}
			if info, err := s.Stat(t.Context(), vfs.Root); err != nil || info.Name != "/" || !info.IsDir() {
				t.Errorf("Stat of the root = %+v, %v", info, err)
			}
		})
	}
}

func TestRenameRoot(t *testing.T) {
	s := begin(t, nil)
	if err := s.Mkdir(t.Context(), "/dir"); err != nil {
		t.Fatal(err)
	}
	for _, names := range [][2]vfs.Path{{"/", "/new"}, {"/", "/"}, {"/dir", "/"}} {
		err := s.Rename(t.Context(), names[0], names[1], vfs.RenameOptions{Replace: true})
		wantKind(t, err, vfs.ErrPermission, fmt.Sprintf("Rename of %q to %q", names[0], names[1]))
	}
}

// TestNoHome is that a login without a home directory has all of the store, as the old servers gave
// it to everybody (their row C17).
func TestNoHome(t *testing.T) {
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Home = "" })
	put(t, s.store, "/file", "content")
	if got := content(t, s, "/file"); got != "content" {
		t.Errorf("the top directory of the store is %q", got)
	}
	if info, err := s.Stat(t.Context(), "/"); err != nil || info.Name != "/" || !info.IsDir() {
		t.Errorf("the root is %+v, %v", info, err)
	}
}

// TestHomeMissing is that a home that is not there looks like a directory that is not there.
func TestHomeMissing(t *testing.T) {
	for _, op := range operations {
		if op.name == "mkdir" || op.name == "space" {
			continue
		}
		s := begin(t, func(cfg *session.Config) { cfg.Identity.Home = "/home/carol" })
		wantKind(t, op.call(t.Context(), s.Session, "/file"), vfs.ErrNotExist, op.name+" in a home that is missing")
	}
	s := begin(t, func(cfg *session.Config) { cfg.Identity.Home = "/home/carol" })
	info, err := s.Stat(t.Context(), "/")
	wantKind(t, err, vfs.ErrNotExist, "Stat of a home that is missing")
	if info != (vfs.Info{}) {
		t.Errorf("Stat of a home that is missing describes %+v", info)
	}
	wantKind(t, s.Mkdir(t.Context(), "/dir"), vfs.ErrNotExist, "Mkdir in a home that is missing")
}

// TestHomeIsAFile is that nobody loses what an operator named by mistake.
func TestHomeIsAFile(t *testing.T) {
	for _, op := range operations {
		if slices.Contains([]session.Op{session.OpStat, session.OpSpace, session.OpDigest, session.OpDownload, session.OpSetAttrs}, op.op) {
			continue
		}
		s := begin(t, func(cfg *session.Config) { cfg.Identity.Home = "/home/file" })
		put(t, s.store, "/home/file", "precious")
		if err := op.call(t.Context(), s.Session, vfs.Root); err == nil {
			t.Errorf("%s of a home that is a file = nil", op.name)
		}
		if got := content(t, s.store, "/home/file"); got != "precious" {
			t.Errorf("after %s the home that is a file holds %q", op.name, got)
		}
	}
}

func TestHomeInvalid(t *testing.T) {
	for _, home := range []string{"/a\x00b", "/\xff", "/" + strings.Repeat("a/", vfs.MaxPath)} {
		_, err := session.New(t.Context(), session.Config{Identity: auth.Identity{Home: home}})
		wantKind(t, err, vfs.ErrInvalidName, "New")
	}
}

// rules are a drop box, an archive, and a place in which nothing may be done but for one directory.
var rules = []auth.Rule{
	{Path: "/in", Permissions: []auth.Permission{auth.Write, auth.List}},
	{Path: "/archive", Permissions: []auth.Permission{auth.Read, auth.List}},
	{Path: "/closed"},
	{Path: "/closed/open", Permissions: auth.Permissions()},
}

// TestRulesOfCopy copies from one place with rules to another.
func TestRulesOfCopy(t *testing.T) {
	for _, tt := range []struct {
		from, to vfs.Path
		want     error
	}{
		{"/archive/file", "/in/copy", nil},
		{"/in/file", "/copy", vfs.ErrPermission},
		{"/file", "/archive/copy", vfs.ErrPermission},
		{"/closed/open/file", "/closed/copy", vfs.ErrPermission},
		{"/closed/open/file", "/copy", nil},
	} {
		s := begin(t, func(cfg *session.Config) { cfg.Identity.Rules = rules })
		for _, dir := range []vfs.Path{"/in", "/archive", "/closed/open"} {
			s.store.mkdirs(t, home, dir)
		}
		put(t, s.store, vfs.Path(home)+tt.from, "old")
		err := s.Copy(t.Context(), tt.from, tt.to, vfs.CopyOptions{})
		if !errors.Is(err, tt.want) {
			t.Errorf("Copy(%q, %q): %v, want %v", tt.from, tt.to, err, tt.want)
		}
		if tt.want == nil && content(t, s.store, vfs.Path(home)+tt.to) != "old" {
			t.Errorf("Copy(%q, %q) made another content", tt.from, tt.to)
		}
	}
}

// TestRules makes every operation in places with rules, and wants what the longest of them allows.
func TestRules(t *testing.T) {
	for _, tt := range []struct {
		dir   vfs.Path
		given []auth.Permission
	}{
		{"/in", rules[0].Permissions},
		{"/in/deep/er", rules[0].Permissions},
		{"/inbox", auth.Permissions()}, // is not "in"
		{"/archive", rules[1].Permissions},
		{"/closed", nil},
		{"/closed/open", auth.Permissions()},
		{"/closed/opened", nil},
	} {
		for _, op := range operations {
			s := begin(t, func(cfg *session.Config) { cfg.Identity.Rules = rules })
			s.store.mkdirs(t, home, tt.dir)
			put(t, s.store, vfs.Path(home)+tt.dir+"/file", "old")
			before := s.store.count("")
			err := op.call(t.Context(), s.Session, tt.dir+"/file")
			if atOnce, onFile := op.forbidden(tt.given); onFile {
				wantKind(t, err, vfs.ErrPermission, op.name+" in "+string(tt.dir))
				if n := s.store.count("") - before; n != 0 && atOnce {
					t.Errorf("%s in %s: the store was called %d times for what is forbidden", op.name, tt.dir, n)
				}
			} else if errors.Is(err, vfs.ErrPermission) {
				t.Errorf("%s in %s: %v", op.name, tt.dir, err)
			}
		}
	}
}

// TestRenameIsNoWayAround moves things between places with different permissions.
func TestRenameIsNoWayAround(t *testing.T) {
	for _, tt := range []struct {
		from, to vfs.Path
		ok       bool
	}{
		{"/a/file", "/b/file", true},
		{"/in/file", "/in/other", true},         // both in the drop box: writing is enough
		{"/in/file", "/a/file", false},          // out of it: reading what may not be read
		{"/a/file", "/in/new", true},            // into it
		{"/archive/file", "/a/file", false},     // no writing there
		{"/a/file", "/archive/file", false},     // nor in that direction
		{"/closed/open/file", "/a/new", true},   // all is allowed at both ends
		{"/a/file", "/closed/file", false},      //
		{"/closed", "/a/closed", false},         //
		{"/mixed", "/a/mixed", false},           // with a part that may not be read
		{"/a", "/mixed/a", true},                // beside it
		{"/a", "/mixed", false},                 // a name of its own below that one would be what may not be written
		{"/in", "/elsewhere", false},            // the drop box itself
		{"/closed/open", "/closed/more", false}, //
	} {
		s := begin(t, func(cfg *session.Config) {
			cfg.Identity.Rules = append(slices.Clone(rules), auth.Rule{Path: "/mixed/secret", Permissions: []auth.Permission{auth.List}})
		})
		for _, name := range []vfs.Path{"/a/file", "/b/dir/file", "/in/file", "/archive/file", "/closed/file", "/closed/open/file"} {
			s.store.mkdirs(t, home, name.Dir())
			put(t, s.store, vfs.Path(home)+name, "content")
		}
		if tt.to != "/mixed" {
			s.store.mkdirs(t, home, "/mixed/secret")
		}
		err := s.Rename(t.Context(), tt.from, tt.to, vfs.RenameOptions{})
		if tt.ok && err != nil || !tt.ok && !errors.Is(err, vfs.ErrPermission) {
			t.Errorf("Rename of %s to %s: %v, want success: %v", tt.from, tt.to, err, tt.ok)
		}
	}
}
