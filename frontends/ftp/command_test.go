package ftp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/testneed"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// TestReplies sends commands and looks at the replies, in one session.
func TestReplies(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("hello"))
	frontendtest.Write(t, store, "/dir/", nil)
	frontendtest.Write(t, store, "/dir/inner", []byte("inner"))
	r := dialRaw(t, start(t, store).Addr)
	for _, tt := range []struct{ send, want string }{
		{"NOOP", "200 "},
		{"LIST", "530 "},
		{"SYST", "215 UNIX Type: L8"},
		{"OPTS UTF8 ON", "200 "},
		{"CLNT a client 1.0", "200 "},
		{"AUTH TLS", "502 "},
		{"PBSZ 0", "503 "},
		{"PROT P", "503 "},
		{"USER " + frontendtest.User, "331 "},
		{"PASS " + frontendtest.Password, "230 "},
		{"PWD", `257 "/"`},
		{"TYPE I", "200 "},
		{"STRU F", "200 "},
		{"STRU R", "504 "},
		{"MODE S", "200 "},
		{"MODE Z", "200 "},
		{"MODE S", "200 "},
		{"HELP", "214 "},
		{"SITE HELP", "214 "},
		{"SITE", "214 "},
		{"SITE NONSENSE", "504 "},
		{"SITE RMDIR dir", "504 "},
		{"SITE CHOWN root file", "504 "},
		{"SITE CHMOD 600", "501 "},
		{"SITE CHMOD 9 file", "501 "},
		{"SITE CHMOD -1 file", "501 "},
		{"SITE CHMOD 600 file", "200 "},
		{"SITE CHMOD 600 missing", "550 no such file or directory"},
		{"SITE CPTO copy", "503 "},
		{"SITE CPFR", "501 "},
		{"SITE CPFR missing", "550 no such file or directory"},
		{"SITE CPFR dir", "550 only files can be copied"},
		{"SITE CPTO copy", "503 "},
		{"SITE CPFR file", "350 "},
		{"SITE CPTO", "501 "},
		{"SITE CPFR file", "350 "},
		{"SITE CPTO dir", "550 is a directory"},
		{"SITE CPFR file", "350 "},
		{"SITE CPTO a copy", "250 "},
		{"SITE CPTO another", "503 "},
		{"SIZE a copy", "213 5"},
		{"DELE a copy", "250 "},
		{"SIZE file", "213 5"},
		{"SIZE dir", "550 "},
		{"SIZE missing", "550 no such file or directory"},
		{"TYPE A", "200 "},
		{"SIZE file", "550 "},
		{"TYPE I", "200 "},
		{"MDTM missing", "550 no such file or directory"},
		{"MFMT 20200102030405 file", "213 "},
		{"MDTM file", "213 20200102030405"},
		{"MFMT yesterday file", "501 "},
		{"MFMT 20200102030405 missing", "550 no such file or directory"},
		{"MLST missing", "550 no such file or directory"},
		{"MLST file", "250 "},
		{"STAT file", "213 "},
		{"STAT missing", "550 no such file or directory"},
		// Row C16 of the old servers: what is no directory, and what is missing.
		{"CWD missing", "550 no such file or directory"},
		{"CWD file", "550 "},
		{"CWD dir", "250 "},
		{"SIZE inner", "213 5"},
		{"CDUP", "250 "},
		{"MKD dir", "550 file exists"},
		{"MKD a\"b", `257 `},
		{"RMD a\"b", `250 `},
		{"RMD dir", "550 directory not empty"},
		{"RMD file", "550 not a directory"},
		{"RMD /", "550 the top directory cannot be removed"},
		{"DELE dir", "550 is a directory"},
		{"DELE missing", "550 no such file or directory"},
		{"DELE nul\x00", "553 a name cannot contain a NUL byte"},
		{"DELE latin\xe9", "550 no such file or directory"},
		{"DELE \x1e250 done", "550 no such file or directory"},
		{"RNTO new", "503 "},
		{"RNFR missing", "550 no such file or directory"},
		{"RNFR file", "350 "},
		{"RNTO new", "250 "},
		{"RNFR dir", "350 "},
		{"RNTO dir/below", "553 "},
		{"REST -5", "501 "},
		{"REST x", "501 "},
		{"REST 5", "350 "},
		{"ALLO 100", "200 "},
		{"ALLO -1", "501 "},
		{"AVBL", "504 "},
		{"RETR missing", "550 no such file or directory"},
		{"RETR dir", "550 is a directory"},
		{"STOR dir", "550 is a directory"},
		{"STOR missing/file", "550 no such file or directory"},
		{"LIST missing", "550 no such file or directory"},
		{"MLSD new", "550 "},
		{"EPSV", "229 "},
		{"PASV", "227 "},
		{"NONSENSE", "500 "},
		{"QUIT", "221 "},
	} {
		r.cmd(tt.send, tt.want)
	}
	r.ended()
}

func TestFeatures(t *testing.T) {
	features := func(t *testing.T, r *raw) []string {
		r.send("FEAT\r\n")
		lines := r.reply()
		if !strings.HasPrefix(lines[0], "211-") || !strings.HasPrefix(lines[len(lines)-1], "211 ") {
			t.Errorf("FEAT = %q", lines)
		}
		for _, line := range lines[1 : len(lines)-1] {
			if !strings.HasPrefix(line, " ") {
				t.Errorf("the feature %q does not begin with a space", line)
			}
		}
		return lines
	}
	r := loginRaw(t, start(t, memory()).Addr)
	plain := features(t, r)
	if slices.Contains(plain, " AVBL") { // this store has no limit
		t.Error("AVBL is announced, and would be refused")
	}
	for _, f := range []string{" UTF8", " SIZE", " MDTM", " MFMT", " REST STREAM", " EPSV", " MLST Type*;Size*;Modify*;UNIX.mode;", " TVFS"} {
		if !slices.Contains(plain, f) {
			t.Errorf("the feature %q is missing", f)
		}
	}
	srv, _ := startTLS(t, memory(), "explicit")
	if slices.Contains(plain, " CCC") {
		t.Error("CCC is announced, and would be refused")
	}
	secure := features(t, dialRaw(t, srv.Addr))
	for _, f := range []string{" AUTH TLS", " PBSZ", " PROT"} {
		if slices.Contains(plain, f) || !slices.Contains(secure, f) {
			t.Errorf("the feature %q is there only with TLS", f)
		}
	}
}

func TestListings(t *testing.T) {
	store := memory()
	old, recent := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), time.Now().Add(-time.Hour).UTC()
	for name, mtime := range map[vfs.Path]time.Time{"/dir/b file": old, "/dir/a\nfile": old, "/dir/new": recent} {
		frontendtest.Write(t, store, "/dir/", nil)
		frontendtest.Write(t, store, name, []byte("hello"))
		if err := vfs.SetAttrs(t.Context(), store, name, vfs.Attrs{ModTime: &mtime}); err != nil {
			t.Fatal(err)
		}
	}
	frontendtest.Write(t, store, "/dir/sub/", nil)
	r := loginRaw(t, start(t, store).Addr)

	const owners = "   1 alice    alice    "
	want := "-rw-r--r--" + owners + "           5 Feb  3  2001 a\\x0afile\r\n" +
		"-rw-r--r--" + owners + "           5 Feb  3  2001 b file\r\n" +
		"-rw-r--r--" + owners + "           5 " + recent.Format("Jan _2 15:04") + " new\r\n" +
		"drwxr-xr-x" + owners + "           0 "
	for _, cmd := range []string{"LIST dir", "LIST -a dir", "LIST -la dir", "LIST -al /dir"} {
		if got := r.fetch(cmd); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " sub\r\n") {
			t.Errorf("%s = %q, want %q…", cmd, got, want)
		}
	}
	if got, want := r.fetch("NLST dir"), "dir/a\\x0afile\r\ndir/b file\r\ndir/new\r\ndir/sub\r\n"; got != want {
		t.Errorf("NLST = %q, want %q", got, want)
	}
	if got, want := r.fetch("MLSD dir"), "Type=file;Size=5;Modify=20010203040506; a\\x0afile\r\n"; !strings.HasPrefix(got, want) {
		t.Errorf("MLSD = %q, want %q…", got, want)
	}
	r.cmd("CWD dir", "250")
	for _, cmd := range []string{"LIST", "LIST -a", "LIST -la"} {
		if got := r.fetch(cmd); !strings.HasPrefix(got, want) {
			t.Errorf("%s = %q, want %q…", cmd, got, want)
		}
	}
	if got, want := r.fetch("LIST b file"), "-rw-r--r--"+owners+"           5 Feb  3  2001 b file\r\n"; got != want {
		t.Errorf("LIST of a file = %q, want %q", got, want)
	}
	r.send("STAT .\r\n")
	if lines := r.reply(); len(lines) != 6 || lines[2] != "-rw-r--r--"+owners+"           5 Feb  3  2001 b file" {
		t.Errorf("STAT of a directory = %q", lines)
	}
	r.cmd("CWD sub", "250")
	if got := r.fetch("LIST"); got != "" {
		t.Errorf("LIST of an empty directory = %q", got)
	}
}

func TestTransfers(t *testing.T) {
	store := memory()
	r := loginRaw(t, start(t, store).Addr)
	step := func(got, answer, want string) {
		t.Helper()
		if !strings.HasPrefix(got, answer) {
			t.Errorf("answer %q, want %s", got, answer)
		}
		if got := string(frontendtest.Read(t, store, "/file")); got != want {
			t.Errorf("the file is %q, want %q", got, want)
		}
	}
	step(r.store("STOR file", "0123456789"), "226", "0123456789")
	r.cmd("REST 4", "350")
	step(r.store("STOR file", "abc"), "226", "0123abc789")
	step(r.store("APPE file", "xyz"), "226", "0123abc789xyz")
	step(r.store("STOR file", ""), "226", "")
	step(r.store("STOR file", "line\r\n"), "226", "line\r\n")
	r.cmd("REST 2", "350")
	if got := r.fetch("RETR file"); got != "ne\r\n" {
		t.Errorf("RETR behind REST 2 = %q", got)
	}
	r.cmd("TYPE A", "200")
	long := strings.Repeat("long ", 100_000)
	step(r.store("STOR file", "one\r\n\r\n"+long+"\r\nend"), "226", "one\n\n"+long+"\nend")
	if got := r.fetch("RETR file"); got != "one\r\n\r\n"+long+"\r\nend" {
		t.Errorf("RETR with TYPE A = %q… (%d bytes)", got[:min(len(got), 20)], len(got))
	}
}

// TestActive has the server connect to the client.
func TestActive(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("hello"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	srv := start(t, store)
	r := loginRaw(t, srv.Addr)
	own := srv.Addrs()[0].(*net.TCPAddr).Port
	r.cmd(fmt.Sprintf("PORT 127,0,0,1,%d,%d", own/256, own%256), "501")
	r.cmd(fmt.Sprintf("PORT 127,0,0,2,%d,%d", port/256, port%256), "501")
	r.cmd(fmt.Sprintf("EPRT |1|192.0.2.1|%d|", port), "501")
	r.cmd(fmt.Sprintf("PORT 127,0,0,1,%d,%d", port/256, port%256), "200")
	r.cmd("RETR file", "150")
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(nc); string(data) != "hello" || err != nil {
		t.Errorf("read %q, %v", data, err)
	}
	nc.Close()
	r.want("226")

	cfg := config()
	cfg.Active = false
	r = loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: store}).Addr)
	r.cmd(fmt.Sprintf("PORT 127,0,0,1,%d,%d", port/256, port%256), "502")
}

// TestAbort gives an upload up.
func TestAbort(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("old"))
	r := loginRaw(t, start(t, store).Addr)
	for range 20 {
		nc := r.data()
		r.cmd("STOR file", "150")
		io.WriteString(nc, strings.Repeat("new", 1000))
		r.cmd("ABOR", "426")
		r.want("226")
		r.cmd("SIZE file", "213 3")
	}
}

// TestKilled is a client that is killed with nothing on its way: both its connections end in the
// same moment, and neither says which kind of end it is.
func TestKilled(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("old"))
	srv := start(t, store)
	for i := range 50 {
		r := loginRaw(t, srv.Addr)
		nc := r.data()
		r.cmd("STOR file", "150")
		io.WriteString(nc, "new")
		r.net.Close()
		nc.Close()
		waitFor(t, "the upload has ended", func() bool { return len(srv.Events()) > i })
	}
	if got := string(frontendtest.Read(t, store, "/file")); got != "old" {
		t.Errorf("the file is %q: a client that was killed publishes nothing", got)
	}
}

// TestGoodbyeInAdvance is a client that does not wait for the answer to its upload, but says so.
func TestGoodbyeInAdvance(t *testing.T) {
	store := memory()
	srv := start(t, store)
	r := loginRaw(t, srv.Addr)
	nc := r.data()
	r.cmd("STOR file", "150")
	io.WriteString(nc, "new")
	nc.Close()
	r.cmd("QUIT", "226")
	r.want("221")
	r.ended()
	if got := string(frontendtest.Read(t, store, "/file")); got != "new" {
		t.Errorf("the file is %q", got)
	}
}

// TestHalfCommand is a connection that ends in the middle of a command.
func TestHalfCommand(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", nil)
	srv := start(t, store)
	r := loginRaw(t, srv.Addr)
	r.send("DELE file") // of file.old, say
	r.net.(*net.TCPConn).CloseWrite()
	r.ended()
	if frontendtest.Missing(t, store, "/file") {
		t.Error("half a command was executed")
	}
}

func TestLongLine(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.cmd("STAT /"+strings.Repeat("x", 4000), "550 ")
	r.send("STAT /" + strings.Repeat("x", 5000) + "\r\n")
	r.want("500 ")
}

// TestLoginTwice is a second login on the same connection: it replaces the first.
func TestLoginTwice(t *testing.T) {
	stores := map[string]*memfs.FS{"one": memfs.New(), "two": memfs.New()}
	frontendtest.Write(t, stores["one"], "/dir/", nil)
	srv := frontendtest.Start(t, config(), frontendtest.Options{
		FS: stores["one"],
		Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
			if req.Password != "right" {
				return auth.Response{}, auth.ErrDenied
			}
			return auth.Response{Identity: &auth.Identity{User: req.User}}, nil
		},
	})
	r := dialRaw(t, srv.Addr)
	r.cmd("USER one", "331")
	r.cmd("PASS right", "230")
	r.cmd("CWD dir", "250")
	r.cmd("USER two", "331")
	r.cmd("PASS right", "230")
	r.cmd("PWD", `257 "/"`)
	sessions := srv.Sessions()
	if len(sessions) != 2 || sessions[0].Context().Err() == nil || sessions[1].Context().Err() != nil {
		t.Error("the second login does not end the first session, and it alone")
	}
	r.cmd("USER one", "331")
	r.cmd("PASS wrong", "530 Login incorrect.")
	r.ended()
}

// TestSecondStep is a login that FTP cannot go through with.
func TestSecondStep(t *testing.T) {
	srv := frontendtest.Start(t, config(), frontendtest.Options{FS: memory(), Login: func(context.Context, auth.Request) (auth.Response, error) {
		return auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}}}, nil
	}})
	r := dialRaw(t, srv.Addr)
	for range 3 {
		r.cmd("USER one", "331")
		r.cmd("PASS right", "530 Login incorrect.")
	}
	r.want("421")
	r.ended()
}

func TestTooManyConnections(t *testing.T) {
	cfg := config()
	cfg.MaxConnections = 1
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	first := loginRaw(t, srv.Addr)
	nc, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if answer, err := io.ReadAll(nc); string(answer) != "421 Too many connections, try again later.\r\n" || err != nil {
		t.Errorf("read %q, %v", answer, err)
	}
	first.cmd("QUIT", "221")
	first.ended()
	waitFor(t, "there is room again", func() bool {
		nc, err := net.Dial("tcp", srv.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		b := make([]byte, 3)
		_, err = io.ReadFull(nc, b)
		return err == nil && string(b) == "220"
	})
}

// TestIdle is that idle clients are hung up on, and clients that wait for us are not idle.
func TestIdle(t *testing.T) {
	cfg := config()
	cfg.IdleTimeout, cfg.LoginTimeout = time.Second, time.Second
	slow := make(chan struct{})
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: &frontendtest.Faults{FS: memory(), OnOpenWriter: func(context.Context, vfs.Path) error {
		<-slow
		return errors.New("slow")
	}}})
	dialRaw(t, srv.Addr).want("421 ") // not logged in
	idle, busy := loginRaw(t, srv.Addr), loginRaw(t, srv.Addr)
	busy.data()
	busy.send("STOR file\r\n")
	idle.want("421 Idle timeout: no command was sent for too long.")
	idle.ended()
	loginRaw(t, srv.Addr).want("421 ") // another second
	close(slow)
	busy.want("451 internal error")
	busy.want("421 ")
}

// TestSessionEnds is what a client reads whose session was ended by somebody else.
func TestSessionEnds(t *testing.T) {
	srv := start(t, memory())
	r := loginRaw(t, srv.Addr)
	srv.Sessions()[0].End(errors.New("the operator wants it so"))
	r.want("421 The session was ended.")
	r.ended()
}

// TestPassiveIPv6 is that PASV, which has no words for an IPv6 address, leaves no open port behind,
// and EPSV works.
func TestPassiveIPv6(t *testing.T) {
	cfg := config()
	cfg.Listen = []string{"[::1]:0"}
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		testneed.Missing(t, "there is no IPv6 here")
	} else {
		l.Close()
	}
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	for range 3 {
		r.cmd("PASV", "501")
	}
	if got := r.store("STOR file", "x"); !strings.HasPrefix(got, "226") {
		t.Error(got)
	}
}

func TestPassiveAddress(t *testing.T) {
	cfg := config()
	cfg.Passive.PublicHost = "localhost"
	cfg.Passive.Ports = "49000-49050"
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	last := r.cmd("PASV", "227")
	var high, low int
	if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], "(127,0,0,1,%d,%d)", &high, &low); err != nil {
		t.Fatalf("%q: %v", last, err)
	}
	if port := high*256 + low; port < 49000 || port > 49050 {
		t.Errorf("the port %d is out of range", port)
	}
}

// TestLogIsSilent is that no password gets into the log, whatever comes of the login.
func TestLogIsSilent(t *testing.T) {
	const password = "correct horse"
	var log bytes.Buffer
	srv := frontendtest.Start(t, config(), frontendtest.Options{
		FS:  memory(),
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
			switch req.User {
			case "good":
				return auth.Response{Identity: &auth.Identity{User: req.User}}, nil
			case "panic":
				panic("oops")
			}
			return auth.Response{}, auth.ErrDenied
		},
	})
	for user, want := range map[string]string{"good": "230", "panic": "451 internal error", "bad": "530"} {
		r := dialRaw(t, srv.Addr)
		r.cmd("USER "+user, "331")
		r.cmd("PASS "+password, want)
		r.net.Close()
	}
	for _, sess := range srv.Sessions() {
		sess.End(nil)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), password) || log.Len() == 0 {
		t.Errorf("the log is\n%s", log.String())
	}
}
