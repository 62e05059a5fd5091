package ftp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// foreignTexts are what errors of Go's, of the library's and of the storage's look like, in small
// letters.
var foreignTexts = []string{
	"strconv", "invalid syntax", "value out of range", "parsing", "tcp", "i/o", "%!", "<nil>", "runtime", "goroutine", "use of closed", "broken pipe", "reset by peer", "eof",
	"tls:", "x509", "context", "deadline", "panic", "secret", "/var/lib", "10.0.0.1", // of Go's and the storage's
	"couldn't", "could not", "issue during", "driver", "network error", "calling", "unhandled", "handle", "transfer connection", "aborting", "file access", "bad command",
	"hasn't been", "not enough params", "authentication error", "user rejected", "don't know", "cd issue", // of the library's
}

// clear fails the test when a line is not a reply in clear words.
func clearText(t *testing.T, what string, lines []string) {
	t.Helper()
	for i, line := range lines {
		if line == "" || line[0] != '4' && line[0] != '5' {
			continue
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
			t.Errorf("%s: control characters in %q", what, line)
		}
		if i == 0 && (len(line) < 5 || line[3] != ' ' && line[3] != '-') {
			t.Errorf("%s: %q says nothing", what, line)
		}
		for _, text := range foreignTexts {
			if strings.Contains(strings.ToLower(line), text) {
				t.Errorf("%s: %q has %q in it", what, line, text)
			}
		}
	}
	if strings.HasPrefix(lines[0], "421") {
		t.Errorf("%s: %q, and the connection goes on", what, lines)
	}
}

// TestClearErrors sends each command with arguments of all kinds.
func TestClearErrors(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.put("STOR file", "x")
	r.cmd("MKD dir", "257")
	for _, verb := range append(commandsWithoutData(), "RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD") {
		for _, arg := range []string{
			"", " ", "file", "dir", "missing/x", "file/x", "99999999999999999999", "-1", "x y", "|1|x|y|", "|1|127.0.0.1|99999|", "1,2,3,4,5,600", "20209999999999 file", "-la", "[", "*/*/[",
			strings.Repeat("*a", 100), `"`, "latin\xe9", "nul\x00", "tab\tx", strings.Repeat("x", 2000), "A B C", "Z", "HASH x", "UTF8 maybe", "MODE Z LEVEL x", "0 99999999999999999999",
		} {
			r.send(verb + " " + arg + "\r\n")
			clearText(t, verb+" "+arg, r.reply())
			if strings.HasPrefix(verb, "EP") || strings.HasPrefix(verb, "P") {
				r.send("ABOR\r\n") // transfers find no data connection
				r.reply()
			}
		}
	}
	r.cmd("NOOP", "200")
}

// commandsWithoutData are all commands that are known to anybody, but those that end a login or a
// connection, and those that open data connections.
func commandsWithoutData() []string {
	return []string{
		"MLST", "SIZE", "MDTM", "MFMT", "MFF", "MFCT", "DELE", "RMD", "XRMD", "RMDA", "MKD", "XMKD", "CWD", "XCWD", "CDUP", "XCUP", "PWD", "XPWD", "RNFR", "RNTO", "REST", "RANG", "ALLO", "AVBL", "PORT", "EPRT", "LPRT",
		"LPSV", "SPSV", "TYPE", "MODE", "STRU", "OPTS", "STAT", "PROT", "PBSZ", "AUTH", "CCC", "CONF", "ENC", "MIC", "ADAT", "COMB", "HASH", "XCRC", "MD5", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512", "XSHA384",
		"HOST", "LANG", "CSID", "CLNT", "ACCT", "SMNT", "SYST", "FEAT", "HELP", "NOOP", "ABOR", "THMB", "XRCP", "DSIZ", "EPSV", "PASV", "NONSENSE", "",
		"SITE", "SITE CHMOD", "SITE CHOWN", "SITE CHGRP", "SITE CPFR", "SITE CPTO", "SITE UTIME", "SITE SYMLINK", "SITE UMASK", "SITE IDLE", "SITE NAMEFMT", "SITE LISTFMT", "SITE MKDIR", "SITE RMDIR", "SITE NONSENSE",
	}
}

// broken is a store in which everything fails once it is broken.
type broken struct {
	vfs.FS
	with   error // nil: it panics
	broken atomic.Bool
}

func (b *broken) err() error {
	if !b.broken.Load() {
		return nil
	}
	if b.with == nil {
		panic("secret")
	}
	return b.with
}

func (b *broken) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if err := b.err(); err != nil {
		return vfs.Info{}, err
	}
	return b.FS.Stat(ctx, name)
}

func (b *broken) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.FS.List(ctx, name)
}

func (b *broken) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.FS.Open(ctx, name, opts)
}

func (b *broken) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.FS.OpenWriter(ctx, name, opts)
}

func (b *broken) Mkdir(ctx context.Context, name vfs.Path) error {
	return errors.Join(b.err(), b.FS.Mkdir(ctx, name))
}

func (b *broken) MkdirMode(ctx context.Context, name vfs.Path, _ fs.FileMode) error {
	return b.Mkdir(ctx, name)
}

func (b *broken) Remove(context.Context, vfs.Path) error { return b.err() }

func (b *broken) Rmdir(context.Context, vfs.Path) error { return b.err() }

func (b *broken) Rename(_ context.Context, _, _ vfs.Path, _ vfs.RenameOptions) error { return b.err() }

func (b *broken) SetAttrs(context.Context, vfs.Path, vfs.Attrs) error { return b.err() }

func (b *broken) Symlink(context.Context, vfs.Path, vfs.Path) error { return b.err() }

func (b *broken) Copy(_ context.Context, _, _ vfs.Path, _ vfs.CopyOptions) error { return b.err() }

func (b *broken) Lstat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	return b.Stat(ctx, name)
}

func (b *broken) Readlink(context.Context, vfs.Path) (vfs.Path, error) { return "", b.err() }

func (b *broken) StatSpace(context.Context, vfs.Path) (vfs.Space, error) {
	return vfs.Space{Free: 1}, b.err()
}

func (b *broken) Digest(context.Context, vfs.Path) (vfs.Sums, error) { return nil, b.err() }

// storageErrors are all that a storage may fail with.
func storageErrors() []error {
	all := []error{
		nil, // a panic
		errors.New("secret: dial tcp 10.0.0.1:8080: i/o timeout"),
		&fs.PathError{Op: "open", Path: "/var/lib/secret", Err: os.ErrPermission},
		context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF,
	}
	for _, kind := range vfs.Kinds() {
		all = append(all, kind, fmt.Errorf("secret: %w", kind), &vfs.Error{Kind: kind, Err: errors.New("secret")})
	}
	return all
}

// TestClearStorageErrors has the storage fail in each way under each command.
func TestClearStorageErrors(t *testing.T) {
	for _, err := range storageErrors() {
		t.Run(fmt.Sprint(err), func(t *testing.T) {
			store := &broken{FS: memory(), with: err}
			frontendtest.Write(t, store, "/file", []byte("x"))
			frontendtest.Write(t, store, "/dir/", nil)
			r := loginRaw(t, start(t, store).Addr)
			r.cmd("RNFR file", "350")
			store.broken.Store(true)
			for _, command := range []string{
				"RNTO new", "MLST file", "SIZE file", "MDTM file", "MDTM 20200102030405 file", "MFMT 20200102030405 file", "MFF Modify=20200102030405; file", "DELE file", "RMD dir", "MKD new",
				"CWD dir", "CDUP", "RNFR file", "STAT", "STAT file", "STAT .", "AVBL", "FEAT", "HASH file", "XCRC file", "XCRC file 0 1", "SITE CHMOD 600 file", "SITE CPFR file", "SITE CPTO new",
				"SITE UTIME 20200102030405 file", "SITE SYMLINK file link", "SITE UMASK 022", "MKD masked", "RETR file", "STOR file", "STOR new", "APPE file", "STOU", "LIST", "LIST file", "LIST *", "LIST -R", "NLST", "MLSD",
			} {
				r.send(command + "\r\n")
				clearText(t, command, r.reply())
			}
			// The same, with a data connection that is there.
			for _, command := range []string{"RETR file", "STOR file", "APPE file", "LIST", "NLST *", "MLSD"} {
				nc := r.data()
				r.send(command + "\r\n")
				nc.Close()
				lines := r.reply()
				if lines[0][0] == '1' {
					lines = r.reply()
				}
				clearText(t, command, lines)
			}
		})
	}
}

// TestClearTransferErrors has the storage fail in the middle of transfers.
func TestClearTransferErrors(t *testing.T) {
	for _, err := range storageErrors() {
		t.Run(fmt.Sprint(err), func(t *testing.T) {
			fail := func(context.Context, vfs.Path) error {
				if err == nil {
					panic("secret")
				}
				return err
			}
			for what, store := range map[string]*frontendtest.Faults{
				"reading": {OnRead: fail}, "writing": {OnWrite: fail}, "committing": {OnCommit: fail},
			} {
				store.FS = memory()
				frontendtest.Write(t, store.FS, "/file", []byte("content"))
				r := loginRaw(t, start(t, store).Addr)
				command := "STOR file"
				if what == "reading" {
					command = "RETR file"
				}
				nc := r.data()
				r.send(command + "\r\n")
				lines := r.reply()
				if lines[0][0] == '1' {
					io.WriteString(nc, "data")
					nc.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, nc)
					lines = r.reply()
				}
				clearText(t, what, lines)
				if strings.HasPrefix(lines[0], "226") {
					t.Errorf("%s failed, and the reply is %q", what, lines)
				}
			}
		})
	}
}

// TestClearDataErrors has data connections fail in all ways.
func TestClearDataErrors(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", make([]byte, 32<<20))
	srv, clientConfig := startTLS(t, store, "explicit")
	r := dialRaw(t, srv.Addr)
	r.secure(clientConfig)
	r.login()
	r.cmd("PROT P", "200")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := l.Addr().(*net.TCPAddr).Port
	l.Close()
	want := func(what, code string, lines []string) {
		t.Helper()
		clearText(t, what, lines)
		if !strings.HasPrefix(lines[0], code) {
			t.Errorf("%s: %q, want %s", what, lines, code)
		}
	}
	for _, command := range []string{"RETR file", "STOR new", "LIST"} {
		r.cmd(fmt.Sprintf("EPRT |1|127.0.0.1|%d|", nowhere), "200")
		r.send(command + "\r\n")
		want("nobody listens: "+command, "425", r.reply())

		nc := r.data()
		r.cmd(command, "150")
		io.WriteString(nc, "this is no TLS\r\n")
		nc.Close()
		want("no TLS: "+command, "425", r.reply())
	}
	for _, command := range []string{"RETR file", "STOR new"} {
		tcp := r.data()
		nc := tls.Client(tcp, clientConfig)
		r.cmd(command, "150")
		if err := nc.Handshake(); err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, "data")
		tcp.(*net.TCPConn).SetLinger(0)
		tcp.Close()
		want("a reset: "+command, "426", r.reply())
	}
	r.data()
	r.cmd("STOR new", "150")
	r.send("ABOR\r\n")
	want("an abort", "426", r.reply())
	r.want("226")
}
