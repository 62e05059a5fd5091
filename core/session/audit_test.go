package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// TestAudit is that each operation, well or ill, is one line and one event with what it did.
func TestAudit(t *testing.T) {
	broken := &vfs.Error{Kind: vfs.ErrUnavailable, TransID: "tx42", Err: errors.New("status 503")}
	gone := errors.New("connection reset by peer")
	for _, tt := range []struct {
		name  string
		fault map[string]error // of calls of the store
		do    func(ctx context.Context, s *session.Session)
		want  session.Event
		err   error
		line  map[string]any // beside op, path and dur
	}{
		{
			name: "stat", do: func(ctx context.Context, s *session.Session) { s.Stat(ctx, "/file") },
			want: session.Event{Op: session.OpStat, Path: "/file"}, line: map[string]any{"level": "DEBUG"},
		},
		{
			name: "stat of nothing", do: func(ctx context.Context, s *session.Session) { s.Stat(ctx, "/nothing") },
			want: session.Event{Op: session.OpStat, Path: "/nothing"}, err: vfs.ErrNotExist,
			line: map[string]any{"level": "DEBUG", "err": "file does not exist"},
		},
		{
			name: "stat with a fault", fault: map[string]error{"Lstat": broken}, do: func(ctx context.Context, s *session.Session) { s.Stat(ctx, "/file") },
			want: session.Event{Op: session.OpStat, Path: "/file"}, err: broken,
			line: map[string]any{"level": "WARN", "err": "storage unavailable, try again later (transaction tx42): status 503"},
		},
		{
			name: "space", do: func(ctx context.Context, s *session.Session) { s.StatSpace(ctx, "/") },
			want: session.Event{Op: session.OpSpace, Path: "/"}, line: map[string]any{"level": "DEBUG"},
		},
		{
			name: "digest", do: func(ctx context.Context, s *session.Session) { s.Digest(ctx, "/file") },
			want: session.Event{Op: session.OpDigest, Path: "/file"}, line: map[string]any{"level": "DEBUG"},
		},
		{
			name: "list", do: func(ctx context.Context, s *session.Session) { list(ctx, s, "/") },
			want: session.Event{Op: session.OpList, Path: "/", Entries: 2}, line: map[string]any{"level": "DEBUG", "entries": 2.0},
		},
		{
			name: "list with a fault", fault: map[string]error{"Next": broken}, do: func(ctx context.Context, s *session.Session) { list(ctx, s, "/") },
			want: session.Event{Op: session.OpList, Path: "/"}, err: broken, line: map[string]any{"level": "WARN", "entries": 0.0, "err": broken.Error()},
		},
		{
			name: "list of nothing", do: func(ctx context.Context, s *session.Session) { list(ctx, s, "/nothing") },
			want: session.Event{Op: session.OpList, Path: "/nothing"}, err: vfs.ErrNotExist,
			line: map[string]any{"level": "DEBUG", "entries": 0.0, "err": "file does not exist"},
		},
		{
			name: "mkdir", do: func(ctx context.Context, s *session.Session) { s.Mkdir(ctx, "/new") },
			want: session.Event{Op: session.OpMkdir, Path: "/new"}, line: map[string]any{"level": "INFO"},
		},
		{
			name: "remove", do: func(ctx context.Context, s *session.Session) { s.Remove(ctx, "/file") },
			want: session.Event{Op: session.OpRemove, Path: "/file"}, line: map[string]any{"level": "INFO"},
		},
		{
			name: "rmdir", do: func(ctx context.Context, s *session.Session) { s.Rmdir(ctx, "/dir") },
			want: session.Event{Op: session.OpRmdir, Path: "/dir"}, line: map[string]any{"level": "INFO"},
		},
		{
			name: "rename", do: func(ctx context.Context, s *session.Session) { s.Rename(ctx, "/file", "/new", vfs.RenameOptions{}) },
			want: session.Event{Op: session.OpRename, Path: "/file", Target: "/new"}, line: map[string]any{"level": "INFO", "target": "/new"},
		},
		{
			name: "copy", do: func(ctx context.Context, s *session.Session) { s.Copy(ctx, "/file", "/new", vfs.CopyOptions{}) },
			want: session.Event{Op: session.OpCopy, Path: "/file", Target: "/new"}, line: map[string]any{"level": "INFO", "target": "/new"},
		},
		{
			name: "set attributes", do: func(ctx context.Context, s *session.Session) {
				s.SetAttrs(ctx, "/file", vfs.Attrs{Mode: new(fs.FileMode(0o640))})
			},
			want: session.Event{Op: session.OpSetAttrs, Path: "/file", Changes: map[string]string{"mode": "0640"}}, line: map[string]any{"level": "INFO"},
		},
		{
			name: "truncate", do: func(ctx context.Context, s *session.Session) { s.Truncate(ctx, "/file", 3) },
			want: session.Event{Op: session.OpTruncate, Path: "/file", Changes: map[string]string{"size": "3"}}, line: map[string]any{"level": "INFO"},
		},

		{
			name: "download", do: func(ctx context.Context, s *session.Session) { download(ctx, s, "/file", io.Discard) },
			want: session.Event{Op: session.OpDownload, Path: "/file", Bytes: 7}, line: map[string]any{"level": "INFO", "bytes": 7.0},
		},
		{name: "download at random", do: func(ctx context.Context, s *session.Session) {
			if f, err := s.Open(ctx, "/file", vfs.OpenOptions{}); err == nil {
				f.ReadAt(make([]byte, 100), 5) // meets the end
				f.ReadAt(make([]byte, 3), 0)
				f.Close()
			}
		}, want: session.Event{Op: session.OpDownload, Path: "/file", Bytes: 5}, line: map[string]any{"level": "INFO", "bytes": 5.0}},
		{
			name: "download of nothing", do: func(ctx context.Context, s *session.Session) { download(ctx, s, "/nothing", io.Discard) },
			want: session.Event{Op: session.OpDownload, Path: "/nothing"}, err: vfs.ErrNotExist,
			line: map[string]any{"level": "INFO", "bytes": 0.0, "err": "file does not exist"},
		},
		{
			name: "download with a fault", fault: map[string]error{"ReadAt": broken}, do: func(ctx context.Context, s *session.Session) {
				if f, err := s.Open(ctx, "/file", vfs.OpenOptions{}); err == nil {
					f.ReadAt(make([]byte, 3), 0)
					f.Close()
				}
			}, want: session.Event{Op: session.OpDownload, Path: "/file"}, err: broken,
			line: map[string]any{"level": "WARN", "bytes": 0.0, "err": broken.Error()},
		},
		{
			name: "download that the client breaks off", do: func(ctx context.Context, s *session.Session) { download(ctx, s, "/file", badWriter{gone}) },
			want: session.Event{Op: session.OpDownload, Path: "/file"}, err: session.ErrAbandoned,
			line: map[string]any{"level": "INFO", "bytes": 0.0, "err": "abandoned before it was complete: connection reset by peer"},
		},

		{
			name: "upload", do: func(ctx context.Context, s *session.Session) { send(ctx, s, "/new", strings.NewReader("some content")) },
			want: session.Event{Op: session.OpUpload, Path: "/new", Bytes: 12}, line: map[string]any{"level": "INFO", "bytes": 12.0},
		},
		{
			name: "upload to nowhere", do: func(ctx context.Context, s *session.Session) { send(ctx, s, "/nothing/new", strings.NewReader("x")) },
			want: session.Event{Op: session.OpUpload, Path: "/nothing/new"}, err: vfs.ErrNotExist,
			line: map[string]any{"level": "INFO", "bytes": 0.0, "err": "file does not exist"},
		},
		{
			name: "upload beyond the quota", fault: map[string]error{"Commit": vfs.ErrQuota}, do: func(ctx context.Context, s *session.Session) {
				send(ctx, s, "/new", strings.NewReader("some content"))
			}, want: session.Event{Op: session.OpUpload, Path: "/new", Bytes: 12}, err: vfs.ErrQuota,
			line: map[string]any{"level": "INFO", "bytes": 12.0, "err": "quota exceeded"},
		},
		{
			name: "upload with a fault", fault: map[string]error{"Commit": errors.New("out of cheese")}, do: func(ctx context.Context, s *session.Session) {
				send(ctx, s, "/new", strings.NewReader("some content"))
			}, want: session.Event{Op: session.OpUpload, Path: "/new", Bytes: 12}, err: cmpopts.AnyError,
			line: map[string]any{"level": "WARN", "bytes": 12.0, "err": "out of cheese"},
		},
		{
			name: "upload that the client breaks off", do: func(ctx context.Context, s *session.Session) {
				send(ctx, s, "/new", io.MultiReader(strings.NewReader("some"), iotest.ErrReader(gone)))
			}, want: session.Event{Op: session.OpUpload, Path: "/new", Bytes: 4}, err: session.ErrAbandoned,
			line: map[string]any{"level": "INFO", "bytes": 4.0, "err": "abandoned before it was complete: connection reset by peer"},
		},
		{
			name: "upload given up", do: func(ctx context.Context, s *session.Session) {
				if w, err := s.OpenWriter(ctx, "/new", replace); err == nil {
					w.Close()
				}
			}, want: session.Event{Op: session.OpUpload, Path: "/new"}, err: session.ErrAbandoned,
			line: map[string]any{"level": "INFO", "bytes": 0.0, "err": "abandoned before it was complete"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, nil)
				put(t, s.store, home+"/file", "content")
				if err := s.store.FS.Mkdir(t.Context(), home+"/dir"); err != nil {
					t.Fatal(err)
				}
				slow := true
				s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
					if slow {
						slow = false
						time.Sleep(time.Second)
					}
					return tt.fault[call]
				}
				tt.do(t.Context(), s.Session)

				tt.want.Duration, tt.want.Err = time.Second, tt.err
				if diff := cmp.Diff(tt.want, s.seen.last(t), cmpopts.EquateErrors()); diff != "" {
					t.Errorf("the event (-want +got)\n%s", diff)
				}
				tt.line["session"], tt.line["user"], tt.line["remote"] = "s1", "alice", "192.0.2.7:4711"
				tt.line["op"], tt.line["path"], tt.line["dur"] = string(tt.want.Op), string(tt.want.Path), float64(time.Second)
				if diff := cmp.Diff([]map[string]any{tt.line}, s.log.lines(t, "operation")); diff != "" {
					t.Errorf("the log (-want +got)\n%s", diff)
				}
			})
		})
	}
}

func list(ctx context.Context, s *session.Session, name vfs.Path) {
	l, err := s.List(ctx, name)
	if err != nil {
		return
	}
	defer l.Close()
	for err == nil {
		_, err = l.Next(ctx)
	}
}

func download(ctx context.Context, s *session.Session, name vfs.Path, to io.Writer) {
	f, err := s.Open(ctx, name, vfs.OpenOptions{})
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteTo(to)
}

func send(ctx context.Context, s *session.Session, name vfs.Path, from io.Reader) {
	w, err := s.OpenWriter(ctx, name, replace)
	if err != nil {
		return
	}
	defer w.Close()
	w.ReadFrom(from)
	w.Commit(ctx)
}

type badWriter struct{ err error }

func (w badWriter) Write([]byte) (int, error) { return 0, w.err }

// TestAuditKinds is which failures are the storage's, for somebody to look into.
func TestAuditKinds(t *testing.T) {
	faults := map[error]bool{vfs.ErrUnavailable: true, vfs.ErrCorrupt: true}
	for _, kind := range append(vfs.Kinds(), errors.New("of no kind"), context.Canceled, context.DeadlineExceeded) {
		want := "INFO"
		if faults[kind] || kind.Error() == "of no kind" {
			want = "WARN"
		}
		s := begin(t, nil)
		s.store.before = func(context.Context, string, vfs.Path) error { return fmt.Errorf("in the store: %w", kind) }
		s.Mkdir(t.Context(), "/dir")
		if lines := s.log.lines(t, "operation"); len(lines) != 1 || lines[0]["level"] != want {
			t.Errorf("for %v the log says %v, want one line of level %s", kind, lines, want)
		}
	}
}

// TestAuditLines is that no name and no error of a client or a store breaks a line of the log, or
// forges one.
func TestAuditLines(t *testing.T) {
	for _, evil := range []string{"a\nlevel=INFO msg=forged", "a\r\nb", "\x1b[2J", "a\x7f", "\u0085", "\u2028", "\u2029", "\u009b2J", `a" path="/b`, `\`, "a=b", " "} {
		for format, handler := range map[string]func(io.Writer) slog.Handler{
			"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			"json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var out bytes.Buffer
			s := begin(t, func(cfg *session.Config) {
				cfg.Log = slog.New(handler(&out))
				cfg.Identity.User = evil
			})
			s.store.before = func(context.Context, string, vfs.Path) error { return errors.New(evil) }
			s.Rename(t.Context(), vfs.Path("/"+evil), vfs.Path("/new"+evil), vfs.RenameOptions{})
			s.Mkdir(t.Context(), vfs.Path("/"+evil))
			s.End(errors.New(evil))
			s.Close()
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(lines) != 4 {
				t.Errorf("%s: %d lines with %q, want 4: begin, rename, mkdir, end\n%s", format, len(lines), evil, out.String())
			}
			breaking := "\r\x1b\u2028\u2029"
			if format == "text" {
				breaking += "\u0085\u009b" // not U+007F, which slog lets through and terminals ignore
			}
			if strings.ContainsAny(out.String(), breaking) {
				t.Errorf("%s: a control character is in the log as it came: %q", format, out.String())
			}
			for _, line := range lines {
				if strings.HasPrefix(line, "level=") || strings.Contains(line, `path=/b `) {
					t.Errorf("%s: a forged line: %s", format, line)
				}
			}
		}
	}
}

// TestNoSecrets is that what a login brought is in no line and no event.
func TestNoSecrets(t *testing.T) {
	const secret = "hunter2"
	s := begin(t, func(cfg *session.Config) {
		cfg.Identity.Grant = auth.Grant{Token: secret, Renewal: []byte(secret), Extra: map[string]string{"key": secret}}
	})
	put(t, s.store, home+"/file", "content")
	for _, op := range operations {
		op.call(t.Context(), s.Session, "/file")
	}
	s.End(errOperator)
	s.Close()
	if strings.Contains(s.log.String(), secret) || strings.Contains(fmt.Sprintf("%+v", s.seen.take()), secret) {
		t.Errorf("the secret is told:\n%s", s.log)
	}
}

func TestWho(t *testing.T) {
	s := begin(t, nil)
	if got := []string{s.ID(), s.User(), s.Group(), s.Remote().String()}; !cmp.Equal(got, []string{"s1", "alice", "staff", "192.0.2.7:4711"}) {
		t.Errorf("the session is of %q", got)
	}
	s = begin(t, func(cfg *session.Config) { cfg.Identity.Groups = nil })
	if got := s.Group(); got != "alice" {
		t.Errorf("without groups the group is %q, want the user's name", got)
	}
	want := []map[string]any{{"level": "INFO", "session": "s1", "user": "alice", "remote": "192.0.2.7:4711", "service": "ssh"}}
	if diff := cmp.Diff(want, s.log.lines(t, "session begins")); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
}
