package commands

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// store can do all that the commands are about.
type store struct {
	*memfs.FS
	details vfs.Details
	acl     vfs.ACL
	calls   []string
}

func (s *store) note(call string, name vfs.Path) { s.calls = append(s.calls, call+" "+string(name)) }

func (s *store) Versions(_ context.Context, name vfs.Path) ([]vfs.Info, error) {
	s.note("versions", name)
	return []vfs.Info{{Name: "v2", Size: 20, ModTime: time.Unix(2e9, 0)}, {Name: "v1", Size: 10, ModTime: time.Unix(1e9, 0)}}, nil
}

func (s *store) Restore(_ context.Context, name vfs.Path, version string) error {
	s.note("restore "+version, name)
	return nil
}

func (s *store) TempURL(_ context.Context, name vfs.Path, method string, _ time.Time) (string, error) {
	s.note("tempurl "+method, name)
	return "https://swift.example/v1" + string(name) + "?sig", nil
}

func (s *store) Details(context.Context, vfs.Path) (vfs.Details, error) { return s.details, nil }

func (s *store) ChangeDetails(_ context.Context, _ vfs.Path, change vfs.DetailChange) error {
	if change.Expires != nil {
		s.details.Expires = *change.Expires
	}
	maps.Copy(s.details.Meta, change.Meta)
	maps.DeleteFunc(s.details.Meta, func(_, v string) bool { return v == "" })
	return nil
}

func (s *store) ACL(context.Context, vfs.Path) (vfs.ACL, error) { return s.acl, nil }

func (s *store) SetACL(_ context.Context, _ vfs.Path, acl vfs.ACL) error {
	if acl.Read != nil {
		s.acl.Read = acl.Read
	}
	if acl.Write != nil {
		s.acl.Write = acl.Write
	}
	return nil
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := &store{FS: memfs.New(), details: vfs.Details{Type: "text/plain", Meta: map[string]string{"colour": "blue"}}}
	w, err := s.OpenWriter(t.Context(), "/file", vfs.WriteOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteAt([]byte("hello"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func sessionOf(t *testing.T, fsys vfs.FS, identity auth.Identity) *session.Session {
	t.Helper()
	identity.User = "alice"
	sess, err := session.New(t.Context(), session.Config{ID: "test", FS: fsys, Identity: identity, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sess.Close)
	return sess
}

func run(t *testing.T, sess *session.Session, line ...string) (string, error) {
	t.Helper()
	cmd, ok := Find(line[0])
	if !ok {
		t.Fatalf("there is no command %s", line[0])
	}
	var out bytes.Buffer
	err := cmd.Run(t.Context(), Call{Session: sess, Args: line[1:], Out: &out})
	return out.String(), err
}

func TestCommands(t *testing.T) {
	s := newStore(t)
	sess := sessionOf(t, s, auth.Identity{})
	for _, tt := range []struct{ line, out string }{
		{"whoami", "alice\n"},
		{"whoami --json", `{"user":"alice","group":"alice"}` + "\n"},
		{"du", "5 bytes in 1 files\t.\n"},
		{"du --json /", `{"path":"/","bytes":5,"files":1}` + "\n"},
		{"du -sb file", "5 bytes in 1 files\tfile\n"},
		{"uploads", ""},
		{"versions file", "          20 2033-05-18T03:33:20Z /file@v2\n          10 2001-09-09T01:46:40Z /file@v1\n"},
		{"versions --json file", `{"path":"/file","version":"v2","size":20,"modified":"2033-05-18T03:33:20Z"}` + "\n" + `{"path":"/file","version":"v1","size":10,"modified":"2001-09-09T01:46:40Z"}` + "\n"},
		{"restore file@v1", ""},
		{"restore --json a@b@v1", `{"path":"/a@b"}` + "\n"},
		{"tempurl file", "https://swift.example/v1/file?sig\n"},
		{"tempurl file -t 2w -m put", "https://swift.example/v1/file?sig\n"},
		{"expire file", "never\n"},
		{"expire file 2999-01-31", ""},
		{"expire file", "2999-01-31T00:00:00Z\n"},
		{"expire --json file", `{"path":"/file","expires":"2999-01-31T00:00:00Z"}` + "\n"},
		{"expire file never", ""},
		{"expire file --json", `{"path":"/file","expires":null}` + "\n"},
		{"meta file", "colour=blue\n"},
		{"meta file Size=L colour=", ""},
		{"meta --json file", `{"path":"/file","type":"text/plain","meta":{"size":"L"}}` + "\n"},
		{"acl /", "read: nobody else\nwrite: nobody else\n"},
		{"acl / read a:b .r:*", ""},
		{"acl / write none", ""},
		{"acl /", "read: a:b .r:*\nwrite: nobody else\n"},
		{"acl --json /", `{"path":"/","read":["a:b",".r:*"],"write":[]}` + "\n"},
	} {
		if got, err := run(t, sess, strings.Fields(tt.line)...); got != tt.out || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.line, got, err, tt.out)
		}
	}
	want := []string{"versions /file", "versions /file", "restore v1 /file", "restore v1 /a@b", "tempurl GET /file", "tempurl PUT /file"}
	if !slices.Equal(s.calls, want) {
		t.Errorf("the store is asked for %q, want %q", s.calls, want)
	}
}

func TestUsage(t *testing.T) {
	sess := sessionOf(t, newStore(t), auth.Identity{})
	for _, line := range []string{
		"whoami x", "quota a b", "quota -x", "du -x", "uploads drop", "uploads drop a b", "versions", "versions a b", "restore file", "restore @v", "restore file@", "restore -x@v",
		"tempurl", "tempurl a b", "tempurl file -t", "tempurl file -t 0d", "tempurl file -t 2y", "tempurl file -t 1000d", "tempurl file -t 99999999999999d", "tempurl file -m DELETE", "tempurl -x",
		"expire", "expire file yesterday", "expire file 2001-01-01", "expire file never never", "meta", "meta file colour", "acl", "acl / read", "acl / owner x", "acl -x",
	} {
		out, err := run(t, sess, strings.Fields(line)...)
		if usage, ok := errors.AsType[*UsageError](err); !ok || usage.Text == "" || out != "" {
			t.Errorf("%s: %q, %v; want what is wrong with it", line, out, err)
		}
	}
}

// TestPermissions has the session's permissions hold for each command.
func TestPermissions(t *testing.T) {
	s := newStore(t)
	for _, tt := range []struct {
		identity auth.Identity
		refused  []string
		taken    []string
	}{
		{
			auth.Identity{Permissions: []auth.Permission{auth.Read, auth.List}},
			[]string{"restore file@v1", "tempurl file -m PUT", "expire file 1d", "meta file a=b", "acl / read x"},
			[]string{"versions file", "tempurl file", "expire file", "meta file", "acl /"},
		},
		{
			auth.Identity{Permissions: []auth.Permission{auth.Create}},
			[]string{"versions file", "tempurl file", "tempurl file -m PUT", "meta file", "expire file", "du", "quota"},
			nil,
		},
		{
			auth.Identity{Permissions: []auth.Permission{auth.Create, auth.Write, auth.List}},
			[]string{"restore file@v1", "tempurl file -m PUT", "tempurl file", "expire file 1d"},
			[]string{"meta file a=b"},
		},
		{auth.Identity{Home: "/home"}, []string{"acl /", "acl / read x"}, []string{"versions x"}},
		{
			auth.Identity{Rules: []auth.Rule{{Path: "/file", Permissions: []auth.Permission{auth.List}}}},
			[]string{"tempurl file", "restore file@v1", "meta file a=b", "expire file never", "acl /"},
			[]string{"tempurl other"},
		},
	} {
		sess := sessionOf(t, s, tt.identity)
		for _, line := range tt.refused {
			if out, err := run(t, sess, strings.Fields(line)...); !errors.Is(err, vfs.ErrPermission) || out != "" {
				t.Errorf("%+v: %s: %q, %v; want a refusal", tt.identity, line, out, err)
			}
		}
		for _, line := range tt.taken {
			if _, err := run(t, sess, strings.Fields(line)...); err != nil {
				t.Errorf("%+v: %s: %v", tt.identity, line, err)
			}
		}
	}
}

// TestNothingOfTheKind has a store that can do none of it.
func TestNothingOfTheKind(t *testing.T) {
	sess := sessionOf(t, struct{ vfs.FS }{memfs.New()}, auth.Identity{})
	for _, line := range []string{"quota", "versions x", "restore x@v", "tempurl x", "expire x", "expire x 1d", "meta x", "meta x a=b", "acl /", "acl / read x"} {
		_, err := run(t, sess, strings.Fields(line)...)
		if failed, ok := errors.AsType[*PathError](err); !ok || vfs.Kind(err) != vfs.ErrUnsupported || !strings.Contains(failed.Error(), "this store") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestEachName goes on after a name that fails.
func TestEachName(t *testing.T) {
	sess := sessionOf(t, newStore(t), auth.Identity{})
	out, err := run(t, sess, "du", "missing", "file")
	if out != "5 bytes in 1 files\tfile\n" || !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("%q, %v", out, err)
	}
}

// FuzzRun runs commands with whatever words: none does harm, and what is wrong is said in one line.
func FuzzRun(f *testing.F) {
	for _, line := range []string{"tempurl\x00file\x00-t\x007d", "restore\x00a@b@c", "expire\x00file\x002027-01-31", "meta\x00file\x00a=b", "acl\x00/\x00read\x00x", "du\x00--json\x00\xff", "uploads\x00drop\x00x"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, "\x00")
		cmd, ok := Find(words[0])
		if !ok {
			return
		}
		s := &store{FS: memfs.New(), details: vfs.Details{Meta: map[string]string{}}}
		sess, err := session.New(t.Context(), session.Config{ID: "test", FS: s, Identity: auth.Identity{User: "alice"}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer sess.Close()
		var out bytes.Buffer
		err = cmd.Run(t.Context(), Call{Session: sess, Args: words[1:], Out: &out})
		if usage, ok := errors.AsType[*UsageError](err); ok && (usage.Text == "" || out.Len() > 0) {
			t.Errorf("%q: usage %q, output %q", words, usage.Text, out.String())
		}
		if err == nil && strings.ContainsAny(out.String(), "\r\x1b\x00") {
			t.Errorf("%q prints %q", words, out.String())
		}
	})
}
