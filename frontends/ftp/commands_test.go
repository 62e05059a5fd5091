package ftp_test

import (
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// TestMoreCommands is what clients may send beside RFC 959.
func TestMoreCommands(t *testing.T) {
	store := memory()
	r := dialRaw(t, start(t, store).Addr)
	for _, tt := range []struct{ send, want string }{
		{"HOST", "501"},
		{"HOST ftp.example.net", "220 filegate is ready."},
		{"LANG", "200"},
		{"LANG EN-US", "200"},
		{"LANG fr", "504"},
		{"CSID", "501"},
		{"CSID Name=a client; Version=1;", "200 Name=filegate; "},
		{"REIN", "220"},
		{"PASS x", "503"},
		{"USER " + frontendtest.User, "331"},
		{"HOST ftp.example.net", "503"},
		{"PASS " + frontendtest.Password, "230"},
		{"PASS " + frontendtest.Password, "503"},
		{"HOST ftp.example.net", "503"},
		{"MKD a b", "257"},
		{"CWD a b", "250"},
		{"TYPE A", "200"},
		{"REIN", "220"},
		{"PWD", "530"},
		{"SITE HELP", "530"},
		{"LIST", "530"},
		{"USER " + frontendtest.User, "331"},
		{"PASS wrong", "530"},
		{"USER " + frontendtest.User, "331"},
		{"PASS " + frontendtest.Password, "230"},
		{"PWD", `257 "/"`},
		{"STAT", "211"},
		{"SITE IDLE", "200"},
		{"SITE IDLE 60", "200"},
		{"SITE IDLE 0", "501"},
		{"SITE IDLE 1000000", "501"},
		{"SITE IDLE 99999999999999999999", "501"},
		{"SITE UMASK", "200 No umask"},
		{"SITE UMASK 027", "200 The umask is 027."},
		{"SITE UMASK 9", "501"},
		{"SITE UMASK", "200 The umask is 027."},
		{"MKD masked", `257 "/masked"`},
		{"MKD masked", "550"},
		{"MKD", "501"},
		{"SITE NAMEFMT 1", "250"},
		{"SITE NAMEFMT 0", "504"},
		{"MFCT 20200102030405 masked", "504"},
		{"MFF Modify=20200102030405;UNIX.mode=0600; masked", "213 Modify=20200102030405;UNIX.mode=0600; masked"},
		{"MFF Modify=20200102030405;Perm=r; masked", "504"},
		{"MFF UNIX.mode=8; masked", "501"},
		{"OPTS MLST Modify;Unknown;UNIX.mode;", "200 MLST OPTS Modify;UNIX.mode;"},
		{"OPTS MLST", "200 MLST OPTS"},
		{"OPTS HASH", "200 SHA-256"},
		{"OPTS HASH sha-1", "200 SHA-1"},
		{"OPTS HASH MD6", "501"},
		{"OPTS MODE Z LEVEL 10", "501"},
		{"OPTS MODE Z LEVEL 9", "200"},
		{"OPTS", "501"},
		{"CCC", "533"},
		{"EPSV ALL", "200"},
		{"PASV", "501"},
		{"EPRT |1|127.0.0.1|51201|", "501"},
		{"EPSV", "229"},
	} {
		r.cmd(tt.send, tt.want)
	}
}

func TestReinOverTLS(t *testing.T) {
	srv, clientConfig := startTLS(t, memory(), "explicit")
	r := dialRaw(t, srv.Addr)
	plain := r.net
	for range 2 {
		r.secure(clientConfig)
		r.login()
		r.cmd("REIN", "220")
		r.closeTLS(plain)
		r.cmd("USER x", "530 Login requires TLS")
	}
	if sessions := srv.Sessions(); len(sessions) != 2 || sessions[1].Context().Err() == nil {
		t.Error("REIN does not end the session")
	}
}

// closeTLS waits for the server's good-bye in TLS, and goes on in clear.
func (r *raw) closeTLS(plain net.Conn) {
	r.t.Helper()
	if rest, err := io.ReadAll(r.in); err != nil || len(rest) > 0 {
		r.t.Errorf("read %q, %v; want the end of TLS", rest, err)
	}
	type closer interface{ CloseWrite() error }
	if err := r.net.(closer).CloseWrite(); err != nil {
		r.t.Error(err)
	}
	r.net = plain
	r.net.SetDeadline(time.Now().Add(30 * time.Second)) // the end of TLS has set another
	r.in.Reset(r.net)
}

func TestSiteUtime(t *testing.T) {
	store := memory()
	r := loginRaw(t, start(t, store).Addr)
	r.put("STOR with space", "x")
	for _, tt := range []struct{ send, want, time string }{
		{"SITE UTIME 20200102030405 with space", "200", "20200102030405"},
		{"SITE UTIME 202101020304 with space", "200", "20210102030400"},
		{"SITE UTIME with space 20200102030405 20220102030405 20200102030405 UTC", "200", "20220102030405"},
		{"SITE UTIME 20209902030405 with space", "501", "20220102030405"},
		{"SITE UTIME 20230102030405", "501", "20220102030405"},
		{"SITE UTIME", "501", "20220102030405"},
		{"SITE UTIME 20230102030405 missing", "550", "20220102030405"},
		{"SITE UTIME 20230102030405 with space ", "550", "20220102030405"}, // another name
		{"SITE CHMOD 600 with space ", "550", "20220102030405"},
		{"MDTM 20240102030405 with space", "213", "20240102030405"},
	} {
		r.cmd(tt.send, tt.want)
		r.cmd("MDTM with space", "213 "+tt.time)
	}
}

func TestSiteSymlink(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.put("STOR a file", "content")
	r.cmd("MKD dir", "257")
	for _, tt := range []struct{ send, want string }{
		{`SITE SYMLINK "a file" link`, "200"},
		{`SITE SYMLINK "/a file" "dir/a link"`, "200"},
		{`SITE SYMLINK "a file" link`, "550"},
		{`SITE SYMLINK a file link`, "501"},
		{`SITE SYMLINK "a file`, "501"},
		{`SITE SYMLINK one`, "501"},
	} {
		r.cmd(tt.send, tt.want)
	}
	for _, name := range []string{"link", "dir/a link"} {
		if got := r.fetch("RETR " + name); got != "content" {
			t.Errorf("%s leads to %q", name, got)
		}
	}
}

// modes is a store that remembers the modes that it was asked for.
type modes struct {
	vfs.FS
	last fs.FileMode
}

func (m *modes) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if opts.Mode != nil {
		m.last = *opts.Mode
	}
	return m.FS.OpenWriter(ctx, name, opts)
}

func (m *modes) MkdirMode(ctx context.Context, name vfs.Path, mode fs.FileMode) error {
	m.last = mode
	return m.Mkdir(ctx, name)
}

func TestUmask(t *testing.T) {
	store := &modes{FS: memory()}
	r := loginRaw(t, start(t, store).Addr)
	r.cmd("SITE UMASK 027", "200")
	r.put("STOR file", "x")
	if store.last != 0o640 {
		t.Errorf("a file gets the mode %o", store.last)
	}
	r.cmd("MKD dir", "257")
	if store.last != 0o750 {
		t.Errorf("a directory gets the mode %o", store.last)
	}
}

func TestChecksums(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	for _, name := range []string{"file", "file 2", "a b"} {
		r.put("STOR "+name, "0123456789")
	}
	r.cmd("MKD dir", "257")
	const md5of, md5of2to5 = "781E5E245D69B566979B86E28D23F2C7", "D81F9C1BE2E08964BF9F24B15F0E4900"
	for _, tt := range []struct{ send, want string }{
		{"HASH file", "213 SHA-256 0-9 84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882 file"},
		{"OPTS HASH MD5", "200 MD5"},
		{"RANG 2 4", "350"},
		{"HASH file", "213 MD5 2-4 " + strings.ToLower(md5of2to5)[:0]},
		{"HASH a b", "213 MD5 0-9 " + strings.ToLower(md5of) + " a b"},
		{"XMD5 file", "250 " + md5of},
		{"XMD5 file 2", "250 " + md5of}, // a file of that name comes first
		{"XMD5 file 2 0 10", "250 " + md5of},
		{`XMD5 "file 2"`, "250 " + md5of},
		{`XMD5 "a b" 0 10`, "250 " + md5of},
		{"XMD5 a b 0", "250 " + "D41D8CD98F00B204E9800998ECF8427E"[:0]},
		{"MD5 file", "251 file " + md5of},
		{"XCRC file", "250 A684C7C6"},
		{"XCRC file 0 10", "250 A684C7C6"},
		{"XCRC file 0 11", "501"},
		{"XCRC file 5 4", "501"},
		{"XCRC file 11 11", "501"},
		{`XCRC "file" x`, "501"},
		{`XCRC "file" 1 2 3`, "501"},
		{`XCRC "file`, "501"},
		{"XCRC file -1", "550"},
		{"XCRC file 0 99999999999999999999", "550"},
		{"XCRC dir", "550 is a directory"},
		{"XCRC missing", "550 no such file or directory"},
		{"XCRC", "501"},
		{"HASH", "501"},
		{"XSHA file", "250 87ACEC17CD9DCD20A716CC2CF67417B71C8A7016"},
		{"XSHA1 file", "250 87ACEC17CD9DCD20A716CC2CF67417B71C8A7016"},
		{"XSHA256 file", "250 84D89877F0D4041EFB6BF91A16F0248F2FD573E6AF05C19F96BEDB9F882F7882"},
		{"XSHA512 file", "250 BB96C2FC40D2D54617D6F276FEBE571F623A8DADF0B734855299B0E107FDA32CF6B69F2DA32B36445D73690B93CBD0F7BFC20E0F7F28553D2A4428F23B716E90"},
		{"RANG 5 4", "501"},
		{"RANG x 4", "501"},
		{"RANG 0 9223372036854775807", "501"},
		{"RANG 5", "501"},
		{"RANG 1 0", "350"},
	} {
		r.cmd(tt.send, tt.want)
	}
	for _, tt := range []struct{ first, last, want string }{{"2", "4", "234"}, {"0", "0", "0"}, {"8", "20", "89"}, {"10", "11", ""}} {
		r.cmd("RANG "+tt.first+" "+tt.last, "350")
		if got := r.fetch("RETR file"); got != tt.want {
			t.Errorf("bytes %s to %s are %q, want %q", tt.first, tt.last, got, tt.want)
		}
	}
	r.cmd("RANG 11 12", "350")
	r.cmd("RETR file", "554")
	if got := r.fetch("RETR file"); got != "0123456789" {
		t.Errorf("behind RANG the file is %q", got)
	}
}

// keeper is a store that knows checksums, and whose files cannot be read.
type keeper struct {
	*frontendtest.Faults
	sums vfs.Sums
}

func (k *keeper) Digest(context.Context, vfs.Path) (vfs.Sums, error) { return k.sums, nil }

func TestKeptChecksum(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("0123456789"))
	kept := sha256.Sum256([]byte("kept"))
	r := loginRaw(t, start(t, &keeper{
		Faults: &frontendtest.Faults{FS: store, OnRead: func(context.Context, vfs.Path) error { return vfs.ErrUnavailable }},
		sums:   vfs.Sums{vfs.SHA256: kept[:]},
	}).Addr)
	r.cmd("HASH file", "213 SHA-256 0-9 "+hex.EncodeToString(kept[:]))
	r.cmd("XSHA256 file 0 10", "250 "+strings.ToUpper(hex.EncodeToString(kept[:])))
	r.cmd("XSHA256 file 0 9", "451")
	r.cmd("XMD5 file", "451")
}

func TestModeZ(t *testing.T) {
	store := memory()
	r := loginRaw(t, start(t, store).Addr)
	r.send("FEAT\r\n")
	if features := r.reply(); strings.Contains(strings.Join(features, ""), "MODE Z") {
		t.Error("MODE Z is announced, which lftp takes up by itself and is not good at")
	}
	r.cmd("OPTS MODE Z LEVEL 9", "200")
	r.cmd("MODE Z", "200")
	text := strings.Repeat("a line\r\n", 100_000)
	for _, kind := range []string{"I", "A"} {
		r.cmd("TYPE "+kind, "200")
		nc := r.data()
		r.cmd("STOR file", "150")
		z := zlib.NewWriter(nc)
		io.WriteString(z, text)
		z.Close()
		nc.Close()
		r.want("226")
		want := text
		if kind == "A" {
			want = strings.ReplaceAll(text, "\r", "")
		}
		if got := string(frontendtest.Read(t, store, "/file")); got != want {
			t.Errorf("TYPE %s: %d bytes are stored, want %d", kind, len(got), len(want))
		}
		for _, command := range []string{"RETR file", "LIST", "MLSD"} {
			nc = r.data()
			r.cmd(command, "150")
			zr, err := zlib.NewReader(nc)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(zr)
			if err != nil || command == "RETR file" && string(got) != text || !strings.HasSuffix(string(got), "\r\n") {
				t.Errorf("TYPE %s, %s: %d bytes, %v", kind, command, len(got), err)
			}
			if rest, err := io.ReadAll(nc); err != nil || len(rest) > 0 {
				t.Errorf("behind the end there is %q, %v", rest, err)
			}
			r.want("226")
		}
	}
	r.cmd("TYPE I", "200")
	r.cmd("REST 8", "350")
	nc := r.data()
	r.cmd("RETR file", "150")
	zr, err := zlib.NewReader(nc)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(zr); len(got) != 100_000*7-8 || err != nil {
		t.Errorf("behind REST 8 there are %d bytes, %v", len(got), err)
	}
	r.want("226")
	for _, damaged := range []string{"", "rubbish", "x\x9c\x03"} {
		nc := r.data()
		r.cmd("STOR damaged", "150")
		io.WriteString(nc, damaged)
		nc.Close()
		r.want("426")
	}
	if !frontendtest.Missing(t, store, "/damaged") {
		t.Error("what was damaged is stored")
	}
}

// TestBusy is what a client may ask during a transfer.
func TestBusy(t *testing.T) {
	opened, go1 := make(chan struct{}), make(chan struct{})
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("hello"))
	r := loginRaw(t, start(t, &frontendtest.Faults{FS: store, OnCommit: func(context.Context, vfs.Path) error {
		close(opened)
		<-go1
		return nil
	}}).Addr)
	nc := r.data()
	r.cmd("STOR new", "150")
	io.WriteString(nc, "content")
	r.cmd("NOOP", "200")
	r.send("STAT\r\n")
	if lines := r.reply(); !strings.Contains(strings.Join(lines, "\n"), "STOR new") {
		t.Errorf("STAT does not tell of the transfer: %q", lines)
	}
	nc.Close()
	<-opened
	r.cmd("NOOP", "200")                              // while the storage publishes
	r.send("OPTS MLST Type;\r\nSIZE new\r\nNOOP\r\n") // replies come in this order
	close(go1)
	r.want("226")
	r.want("200 MLST")
	r.want("213 7")
	r.want("200")
}

// TestAbortWhileOpening is ABOR before there is a data connection, or a file.
func TestAbortWhileOpening(t *testing.T) {
	asked := make(chan struct{}, 1)
	store := &frontendtest.Faults{FS: memory(), OnOpenWriter: func(ctx context.Context, _ vfs.Path) error {
		asked <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	frontendtest.Write(t, store.FS, "/file", []byte("hello"))
	r := loginRaw(t, start(t, store).Addr)
	r.data()
	r.send("STOR new\r\n")
	<-asked
	r.cmd("ABOR", "426")
	r.want("226")
	r.cmd("EPSV", "229")
	r.send("RETR file\r\n") // and does not connect
	r.cmd("ABOR", "426")
	r.want("226")
	r.cmd("ABOR", "226")
	if got := r.fetch("RETR file"); got != "hello" {
		t.Errorf("the file is %q", got)
	}
}

// TestLongTransferIsNotIdle is that the time of a transfer does not count as idle.
func TestLongTransferIsNotIdle(t *testing.T) {
	cfg := config()
	cfg.IdleTimeout = time.Second
	end := make(chan struct{})
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: &frontendtest.Faults{FS: memory(), OnCommit: func(context.Context, vfs.Path) error {
		<-end
		return errors.New("not stored")
	}}})
	r := loginRaw(t, srv.Addr)
	nc := r.data()
	r.cmd("STOR file", "150")
	nc.Close()
	loginRaw(t, srv.Addr).want("421") // for as long as this takes
	close(end)
	r.want("451")
	r.cmd("NOOP", "200")
}

// TestWelcome greets by name, on several lines.
func TestWelcome(t *testing.T) {
	cfg := config()
	cfg.Welcome = "Welcome %u.\nThis is 100% ours."
	r := dialRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.cmd("USER "+frontendtest.User, "331")
	r.send("PASS " + frontendtest.Password + "\r\n")
	if got, want := r.reply(), []string{"230-Welcome alice.", "230 This is 100% ours."}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSiteStorage is what SITE has in common with the commands of SSH.
func TestSiteStorage(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/a dir/", nil)
	frontendtest.Write(t, store, "/a dir/new\nline", []byte("hello"))
	r := loginRaw(t, start(t, store).Addr)
	for _, tt := range []struct {
		send string
		want []string
	}{
		{"SITE WHOAMI", []string{"200-The answer:", " alice", "200 End."}},
		{"SITE DU 'a dir'", []string{"200-The answer:", " 5 bytes in 1 files\ta dir", "200 End."}},
		{`SITE du --json "a dir/new\x0aline"`, []string{"200-The answer:", ` {"path":"/a dir/new\\x0aline","bytes":5,"files":1}`, "200 End."}},
		{"CWD a dir", []string{"250 The directory is /a dir"}},
		{"SITE DU .", []string{"200-The answer:", " 5 bytes in 1 files\t.", "200 End."}},
		{"SITE UPLOADS", []string{"200 Done."}},
		{"SITE DU missing gone", []string{"550 missing: no such file or directory; gone: no such file or directory"}},
		{"SITE TEMPURL", []string{"501 usage: tempurl PATH [-t 7d] [-m GET|PUT]"}},
		{"SITE VERSIONS x", []string{"504 x: this store keeps no versions"}},
		{"SITE DU 'x", []string{"501 a quote '\\'' that is not closed"}},
		{"SITE NONSENSE", []string{"504 Unknown SITE command; see SITE HELP."}},
	} {
		r.send(tt.send + "\r\n")
		if got := r.reply(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.send, got, tt.want)
		}
	}
	r.send("SITE HELP\r\n")
	if help := strings.Join(r.reply(), "\n"); !strings.Contains(help, " SITE TEMPURL PATH [-t 7d] [-m GET|PUT]: ") {
		t.Errorf("%s", help)
	}
}
