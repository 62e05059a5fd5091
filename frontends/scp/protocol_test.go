package scp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/scp"
)

// transcript runs a command with all the input of its client. It returns the output and the exit
// status.
func transcript(t *testing.T, fsys vfs.FS, command, in string, permissions ...auth.Permission) (out string, status int) {
	t.Helper()
	sess, err := session.New(t.Context(), session.Config{
		ID: "test", Service: "ssh", FS: fsys, Identity: auth.Identity{User: "alice", Permissions: permissions},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sess.Close()
	var read strings.Builder
	stdio := struct {
		io.Reader
		io.Writer
	}{strings.NewReader(in), &read}
	status = scp.Service{}.Serve(t.Context(), sess, command, stdio, io.Discard)
	return read.String(), status
}

func TestSinkProtocol(t *testing.T) {
	const ok = "\x00"
	for _, tt := range []struct {
		name    string
		command string
		in      string
		out     string
		status  int
		stored  map[string]string
	}{
		{name: "nothing", in: "", out: ok},
		{name: "a file", in: "C0644 5 f\nhello\x00", out: ok + ok + ok, stored: map[string]string{"f": "hello"}},
		{name: "an empty file", in: "C0644 0 f\n\x00", out: ok + ok + ok, stored: map[string]string{"f": ""}},
		{name: "with times", command: "scp -p -t /", in: "T1500000000 0 1500000000 0\nC0600 1 f\nx\x00", out: ok + ok + ok + ok, stored: map[string]string{"f": "x"}},
		{name: "into a directory that is not there", command: "scp -t /inbox/", in: "C0644 1 f\nx\x00", out: "\x02scp: /inbox/: no such file or directory\n", status: 1},
		{name: "the same, with a dot", command: "scp -t /inbox/.", in: "C0644 1 f\nx\x00", out: "\x02scp: /inbox/.: no such file or directory\n", status: 1},
		{
			name: "directories", command: "scp -r -t /", in: "D0755 0 d\nD0755 0 e\nC0644 1 f\nx\x00E\nC0644 1 g\ny\x00E\nC0644 1 h\nz\x00",
			out: strings.Repeat(ok, 11), stored: map[string]string{"d/": "", "d/e/": "", "d/e/f": "x", "d/g": "y", "h": "z"},
		},
		{name: "end within a file", in: "C0644 5 f\nhel", out: ok + ok, status: 1},
		{name: "end in place of the client's word", in: "C0644 5 f\nhello", out: ok + ok + ok, stored: map[string]string{"f": "hello"}},
		{name: "end within a directory", command: "scp -r -t /", in: "D0755 0 d\n", out: ok + ok, status: 1, stored: map[string]string{"d/": ""}},
		{name: "end within a line", in: "C0644 5", out: ok, status: 1},
		{
			name: "the client could not read it all", in: "C0644 5 f\nhe\x00\x00\x00\x01scp: f: I/O error\nC0644 1 g\nx\x00",
			out: ok + ok + ok + ok + ok, status: 1, stored: map[string]string{"g": "x"},
		},
		{name: "the client reports an error", in: "\x01scp: nope: No such file\nC0644 1 g\nx\x00", out: ok + ok + ok, status: 1, stored: map[string]string{"g": "x"}},
		{name: "the client gives up", in: "\x02fatal\nC0644 1 g\nx\x00", out: ok, status: 1},
		{name: "an answer that is none", in: "C0644 1 f\nxyz", out: ok + ok + "\x02scp: protocol error: unexpected answer\n", status: 1},
		{name: "out of the directory", in: "C0644 1 ../f\nx\x00", out: ok + "\x02scp: protocol error: unexpected file name\n", status: 1},
		{name: "above", command: "scp -r -t /", in: "D0755 0 ..\n", out: ok + "\x02scp: protocol error: unexpected file name\n", status: 1},
		{name: "a directory without -r", in: "D0755 0 d\n", out: ok + "\x02scp: protocol error: a directory without -r\n", status: 1},
		{name: "end of nothing", command: "scp -r -t /", in: "E\n", out: ok + "\x02scp: protocol error: end of no directory\n", status: 1},
		{name: "rubbish", in: "GET / HTTP/1.1\r\n", out: ok + "\x02scp: protocol error\n", status: 1},
		{name: "a line without end", in: strings.Repeat("C", 10_000), out: ok + "\x02scp: protocol error: line too long\n", status: 1},
		{name: "a bad command", command: "scp -x", in: "", out: "\x02scp: unknown option -x\n", status: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			command := tt.command
			if command == "" {
				command = "scp -t /"
			}
			out, status := transcript(t, store, command, tt.in)
			if out != tt.out || status != tt.status {
				t.Errorf("the client reads %q with status %d; want %q and %d", out, status, tt.out, tt.status)
			}
			want := tt.stored
			if want == nil {
				want = map[string]string{}
			}
			if diff := cmp.Diff(want, stored(t, store, vfs.Root)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSinkTimes(t *testing.T) {
	store := memfs.New()
	transcript(t, store, "scp -p -t /f", "T1500000000 5 1400000000 0\nC0640 1 x\nx\x00")
	info, err := store.Stat(t.Context(), "/f")
	if want := time.Unix(1_500_000_000, 5000); err != nil || !info.ModTime.Equal(want) || info.Mode.Perm() != 0o640 {
		t.Errorf("%+v, %v; want the time %v and the mode 0640", info, err, want)
	}
}

// TestSinkWriteOnly checks that a login that may only write can use scp, although it may not stat.
func TestSinkWriteOnly(t *testing.T) {
	store := memfs.New()
	out, status := transcript(t, store, "scp -t /f", "C0644 1 f\nx\x00", auth.Write)
	if status != 0 {
		t.Errorf("status %d, %q", status, out)
	}
}

// TestSinkGoesOn checks that after a failed write the rest of the file is read, and the next file
// is stored.
func TestSinkGoesOn(t *testing.T) {
	for name, faults := range map[string]frontendtest.Faults{
		"open":   {OnOpenWriter: onlyFor("/bad")},
		"write":  {OnWrite: onlyFor("/bad")},
		"commit": {OnCommit: onlyFor("/bad")},
	} {
		t.Run(name, func(t *testing.T) {
			store := memfs.New()
			faults.FS = store
			in := "C0644 300000 bad\n" + strings.Repeat("b", 300_000) + "\x00"
			if name == "open" {
				in = "C0644 300000 bad\n" // the client sends nothing after a refusal
			}
			out, status := transcript(t, &faults, "scp -t /", in+"C0644 1 good\nx\x00")
			if status != 1 || !strings.Contains(out, "\x01scp: /bad: quota exceeded\n") {
				t.Errorf("the client reads %q with status %d", out, status)
			}
			if diff := cmp.Diff(map[string]string{"good": "x"}, stored(t, store, vfs.Root)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

func onlyFor(name vfs.Path) frontendtest.Fault {
	return func(_ context.Context, p vfs.Path) error {
		if p == name {
			return vfs.ErrQuota
		}
		return nil
	}
}

func TestSourceProtocol(t *testing.T) {
	const ok = "\x00"
	for _, tt := range []struct {
		name    string
		command string
		in      string
		out     string
		status  int
	}{
		{name: "a file", command: "scp -f /f", in: ok + ok + ok, out: "C0644 5 f\nhello" + ok},
		{name: "with times", command: "scp -p -f /f", in: ok + ok + ok + ok, out: "T1500000000 0 1500000000 0\nC0644 5 f\nhello" + ok},
		{name: "an odd name", command: `scp -f /odd*`, in: ok + ok + ok, out: "C0644 1 odd\\x0aname\nx" + ok},
		{name: "the client does not want it", command: "scp -f /f /g", in: ok + "\x01no\n" + ok + ok, out: "C0644 5 f\nC0644 1 g\ng" + ok, status: 1},
		{name: "the client gives up", command: "scp -f /f /g", in: ok + "\x02no\n", out: "C0644 5 f\n", status: 1},
		{name: "the client leaves", command: "scp -f /f", in: ok, out: "C0644 5 f\n", status: 1},
		{name: "the client does not begin", command: "scp -f /f", in: "", status: 1},
		{name: "the client reports an error at the end", command: "scp -f /f /g", in: ok + ok + "\x01disk full\n" + ok + ok, out: "C0644 5 f\nhello" + ok + "C0644 1 g\ng" + ok, status: 1},
		{name: "a directory that the client does not want", command: "scp -r -f /d /g", in: ok + "\x01no\n" + ok + ok, out: "D0755 0 d\nC0644 1 g\ng" + ok, status: 1},
		{name: "a directory", command: "scp -r -f /d", in: ok + ok + ok + ok + ok, out: "D0755 0 d\nC0644 1 x\nx" + ok + "E\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			when := time.Unix(1_500_000_000, 0)
			for name, content := range map[vfs.Path]string{"/f": "hello", "/g": "g", "/odd\nname": "x"} {
				frontendtest.Write(t, store, name, []byte(content))
				if err := vfs.SetAttrs(t.Context(), store, name, vfs.Attrs{ModTime: &when}); err != nil {
					t.Fatal(err)
				}
			}
			frontendtest.Write(t, store, "/d/", nil)
			frontendtest.Write(t, store, "/d/x", []byte("x"))
			out, status := transcript(t, store, tt.command, tt.in)
			if out != tt.out || status != tt.status {
				t.Errorf("the client reads %q with status %d; want %q and %d", out, status, tt.out, tt.status)
			}
		})
	}
}

// TestSourceFailsInTheMiddle checks that the announced number of bytes is sent, with zeros for
// those that cannot be read, and that then the error is reported. So the client stays in sync.
func TestSourceFailsInTheMiddle(t *testing.T) {
	const size = 200_000
	for name, faults := range map[string]vfs.FS{
		"at once":   &frontendtest.Faults{OnRead: onlyFor("/bad")},
		"longer":    resized{by: 1},
		"shorter":   resized{by: -1},
		"elsewhere": &frontendtest.Faults{OnRead: func(context.Context, vfs.Path) error { return errors.New("secret") }},
	} {
		t.Run(name, func(t *testing.T) {
			store := memfs.New()
			frontendtest.Write(t, store, "/bad", bytes.Repeat([]byte("b"), size))
			announced := size
			switch f := faults.(type) {
			case *frontendtest.Faults:
				f.FS = store
			case resized:
				f.FS = store
				faults = f
				announced -= int(f.by)
			}
			out, status := transcript(t, faults, "scp -f /bad", "\x00\x00\x00")
			body, found := strings.CutPrefix(out, fmt.Sprintf("C0644 %d bad\n", announced))
			if !found || len(body) < announced || !strings.HasPrefix(body[announced:], "\x01scp: /bad: ") || status != 1 {
				t.Fatalf("the client reads %d bytes, %.40q…, with status %d", len(out), out, status)
			}
			if strings.Contains(body, "secret") {
				t.Errorf("the client reads the store's own words")
			}
		})
	}
}

// resized is a store that reports the size of each open file as smaller than it is, by this many
// bytes.
type resized struct {
	vfs.FS
	by int64
}

func (r resized) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	f, err := r.FS.Open(ctx, name, opts)
	return resizedFile{f, r.by}, err
}

type resizedFile struct {
	vfs.File
	by int64
}

func (f resizedFile) Info() vfs.Info {
	info := f.File.Info()
	info.Size -= f.by
	return info
}

// TestNamesInBytes checks that names that are not UTF-8 can be uploaded and downloaded.
func TestNamesInBytes(t *testing.T) {
	const ok = "\x00"
	store := memfs.New()
	if out, status := transcript(t, store, "scp -r -t /", "D0755 0 d\xe9\nC0644 1 caf\xe9\nx"+ok+"E\n"); status != 0 {
		t.Fatalf("%q, %d", out, status)
	}
	if _, err := store.Stat(t.Context(), "/d‛E9/caf‛E9"); err != nil {
		t.Error(err)
	}
	for _, command := range []string{"scp -r -f d\xe9", "scp -r -f 'd\xe9'", "scp -r -f d*", "scp -r -f ?\xe9"} {
		out, status := transcript(t, store, command, strings.Repeat(ok, 6))
		if want := "D0755 0 d\xe9\nC0644 1 caf\xe9\nx" + ok + "E\n"; out != want || status != 0 {
			t.Errorf("%q: %q, %d; want %q", command, out, status, want)
		}
	}
	if out, _ := transcript(t, store, "scp -f m\xe9", ok); !strings.Contains(out, "m\xe9") {
		t.Errorf("%q", out)
	}
}
