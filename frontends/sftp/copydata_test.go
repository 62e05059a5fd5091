package sftp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/pkg/sftp"

	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// TestOpenSSHCopy is cp of OpenSSH's sftp, which needs copy-data.
func TestOpenSSHCopy(t *testing.T) {
	store := memfs.New()
	content := random(300_000)
	frontendtest.Write(t, store, "/a", content)
	frontendtest.Write(t, store, "/empty", nil)
	frontendtest.Write(t, store, "/old", []byte("is replaced"))
	frontendtest.Write(t, store, "/d/", nil)
	srv := start(t, store)
	for _, command := range []string{"cp a b", "cp a old", "cp a d/c", "cp d/c top", "cp empty void"} {
		if r := batch(t, srv, t.TempDir(), command+"\n"); r.Status != 0 || r.Stderr != "" {
			t.Errorf("%s: status %d, %q", command, r.Status, r.Stderr)
		}
	}
	for _, name := range []string{"b", "old", "d/c", "top"} {
		if !bytes.Equal(frontendtest.Read(t, store, vfs.Path("/"+name)), content) {
			t.Errorf("%s is no copy", name)
		}
	}
	if len(frontendtest.Read(t, store, "/void")) != 0 {
		t.Error("the copy of an empty file has a content")
	}
	for command, says := range map[string]string{
		"cp a a": "Failure", "cp nope x": "No such file", "cp a no/such": "No such file", "cp a d": "Failure", "cp d x": "regular file",
	} {
		if r := batch(t, srv, t.TempDir(), command+"\n"); r.Status == 0 || !strings.Contains(r.Stderr, says) {
			t.Errorf("%s: status %d, %q; want a failure with %q", command, r.Status, r.Stderr, says)
		}
	}
	if !bytes.Equal(frontendtest.Read(t, store, "/a"), content) {
		t.Error("a file that was to be copied onto itself is another now")
	}
	copies := 0
	for _, e := range srv.Events() {
		switch e.Op {
		case session.OpCopy:
			copies++
		case session.OpUpload, session.OpDownload:
			if e.Bytes > 0 {
				t.Errorf("%s of %s moved %d bytes through the session", e.Op, e.Path, e.Bytes)
			}
		}
	}
	if copies != 6 { // that onto itself too
		t.Errorf("%d copies by the store, want one for each", copies)
	}
}

// TestCopyData asks for copies in all forms.
func TestCopyData(t *testing.T) {
	store := memfs.New()
	frontendtest.Write(t, store, "/file", []byte("the content"))
	w := dialWire(t, start(t, store))
	const read, write, create, truncate = 1, 2, 8, 16
	for _, tt := range []struct {
		name            string
		flags           uint32 // of the target
		before          string // written to it first
		off, length, at uint64
		status          uint32
		want            string
	}{
		{name: "whole", flags: write | create | truncate, want: "the content"},
		{name: "whole by its size", flags: write | create | truncate, length: 11, want: "the content"},
		{name: "more than there is", flags: write | create | truncate, length: 12, status: statusEOF, want: "the content"},
		{name: "a part", flags: write | create | truncate, off: 4, length: 4, want: "cont"},
		{name: "a part to a place", flags: read | write | create, before: "0123456789", off: 4, length: 3, at: 2, want: "01con56789"},
		{name: "whole behind what is there", flags: write | create | truncate, before: "01", at: 2, want: "01the content"},
		{name: "a place that is none", flags: write | create | truncate, at: 1 << 63, status: statusFailure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := w.open(t, "/file", read), w.open(t, "/copy", tt.flags)
			if tt.before != "" {
				w.wants(t, statusOK, 6, str(to), number(0), str(tt.before))
			}
			w.wants(t, tt.status, 200, str("copy-data"), str(from), number(tt.off), number(tt.length), str(to), number(tt.at))
			w.wants(t, statusOK, 4, str(from))
			if tt.status == statusFailure {
				w.wants(t, statusFailure, 4, str(to))
				return
			}
			w.wants(t, statusOK, 4, str(to))
			if got := string(frontendtest.Read(t, store, "/copy")); got != tt.want {
				t.Errorf("the copy is %q, want %q", got, tt.want)
			}
		})
	}

	t.Run("not open", func(t *testing.T) {
		from, to := w.open(t, "/file", read), w.open(t, "/new", write|create)
		w.wants(t, statusFailure, 200, str("copy-data"), str(from), number(0), number(0), str("none"), number(0))
		w.wants(t, statusFailure, 200, str("copy-data"), str(to), number(0), number(0), str(from), number(0))
		w.wants(t, statusFailure, 200, str("copy-data"), str("none"), number(0), number(0), str(to), number(0))
		w.wants(t, statusOK, 4, str(from))
		w.wants(t, statusFailure, 4, str(to)) // it is not what the client meant it to be
		if !frontendtest.Missing(t, store, "/new") {
			t.Error("a file of which the copy failed is published")
		}
		// What is closed cannot be copied either.
		to = w.open(t, "/new", write|create)
		w.wants(t, statusFailure, 200, str("copy-data"), str(from), number(0), number(0), str(to), number(0))
	})

	// Two handles of one name: each is what it was opened on.
	t.Run("replaced meanwhile", func(t *testing.T) {
		old := w.open(t, "/file", read)
		frontendtest.Write(t, store, "/file", []byte("another"))
		w.open(t, "/file", read)
		to := w.open(t, "/third", write|create)
		w.wants(t, statusFailure, 200, str("copy-data"), str(old), number(0), number(0), str(to), number(0))
		w.wants(t, statusFailure, 4, str(to))
	})
}

// Statuses of the protocol.
const (
	statusOK      = 0
	statusEOF     = 1
	statusFailure = 4
)

func str(s string) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// wire speaks the protocol packet by packet.
type wire struct {
	in  io.Writer
	out io.Reader
	id  uint32
}

func dialWire(t *testing.T, srv *frontendtest.Server) *wire {
	t.Helper()
	conn, err := frontendtest.DialSSH(srv.Addr, frontendtest.User, frontendtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		conn.Wait()
	})
	channel, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	if w.in, err = channel.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if w.out, err = channel.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := channel.RequestSubsystem("sftp"); err != nil {
		t.Fatal(err)
	}
	w.send(t, []byte{1, 0, 0, 0, 3})
	if p := w.receive(t); !bytes.Contains(p, append(str("copy-data"), str("1")...)) {
		t.Errorf("copy-data is not announced: %q", p)
	}
	return w
}

func (w *wire) send(t *testing.T, p []byte) {
	t.Helper()
	if _, err := w.in.Write(str(string(p))); err != nil {
		t.Fatal(err)
	}
}

func (w *wire) receive(t *testing.T) []byte {
	t.Helper()
	var length uint32
	if err := binary.Read(w.out, binary.BigEndian, &length); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, length)
	if _, err := io.ReadFull(w.out, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends a request and returns the type and what follows the id of its answer.
func (w *wire) ask(t *testing.T, kind byte, fields ...[]byte) (answer byte, rest []byte) {
	t.Helper()
	w.id++
	w.send(t, append(binary.BigEndian.AppendUint32([]byte{kind}, w.id), bytes.Join(fields, nil)...))
	p := w.receive(t)
	if id := binary.BigEndian.Uint32(p[1:]); id != w.id {
		t.Fatalf("an answer to request %d, want one to %d", id, w.id)
	}
	return p[0], p[5:]
}

// open opens a file and returns the handle.
func (w *wire) open(t *testing.T, name string, flags uint32) string {
	t.Helper()
	answer, rest := w.ask(t, 3, str(name), binary.BigEndian.AppendUint32(nil, flags), []byte{0, 0, 0, 0})
	if answer != 102 {
		t.Fatalf("open of %s: %q", name, rest)
	}
	return string(rest[4:])
}

// wants sends a request that is answered by a status.
func (w *wire) wants(t *testing.T, status uint32, kind byte, fields ...[]byte) {
	t.Helper()
	answer, rest := w.ask(t, kind, fields...)
	if got := binary.BigEndian.Uint32(rest); answer != 101 || got != status {
		t.Errorf("request of type %d: answer %d with %s (%q), want status %s", kind, answer, fx(got), rest, fx(status))
	}
}

func fx(status uint32) string { return fmt.Sprint((&sftp.StatusError{Code: status}).FxCode()) }
