package sshexec_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"

	"filegate/core/session"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/sftp"
	"filegate/frontends/ssh"
	"filegate/frontends/sshexec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, fsys *memfs.FS) *frontendtest.Server {
	t.Helper()
	cfg := ssh.NewConfig(sshexec.Service{})
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.HostKeys = []string{frontendtest.HostKey(t)}
	return frontendtest.Start(t, cfg, frontendtest.Options{FS: fsys})
}

func TestCommands(t *testing.T) {
	store := memfs.New()
	frontendtest.Write(t, store, "/d/", nil)
	frontendtest.Write(t, store, "/d/a b", []byte("hello\n"))
	frontendtest.Write(t, store, "/d/c.txt", []byte("x"))
	frontendtest.Write(t, store, "/back\\slash", nil)
	frontendtest.Write(t, store, "/by‛E9", nil)
	c, err := frontendtest.DialSSH(start(t, store).Addr, frontendtest.User, frontendtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Close()
	const hello = "b1946ac92492d2347c6235b4d2611184"
	for _, tt := range []struct {
		command, stdin string
		out            string
		status         int
		stderr         string // part of it
	}{
		{command: "md5sum /d/a\\ b", out: hello + "  /d/a b\n"},
		{command: "md5sum -b 'd/a b' d/c.txt", out: hello + " *d/a b\n9dd4e461268c8034f5c8564e155c67a6 *d/c.txt\n"},
		{command: "md5sum d/*", out: hello + "  d/a b\n9dd4e461268c8034f5c8564e155c67a6  d/c.txt\n"},
		{command: "ls /by*", out: "/by\xe9\n"},
		{command: "md5sum by\xe9", out: "d41d8cd98f00b204e9800998ecf8427e  by\xe9\n"},
		{command: "md5sum", out: "d41d8cd98f00b204e9800998ecf8427e  -\n"},
		{command: "md5sum -", stdin: "hello\n", out: hello + "  -\n"},
		{command: `md5sum /back\\slash`, out: `\d41d8cd98f00b204e9800998ecf8427e  /back\\slash` + "\n"},
		{command: "/usr/bin/sha1sum d/c.txt", out: "11f6ad8ec52a2984abaafd7c3b516503785c2072  d/c.txt\n"},
		{command: "sha256sum d/c.txt", out: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  d/c.txt\n"},
		{command: "crc32", out: "00000000\n"},
		{command: "crc32 d/c.txt", out: "8cdc1683\n"},
		{command: "md5sum d/none d/c.txt", out: "9dd4e461268c8034f5c8564e155c67a6  d/c.txt\n", status: 1, stderr: "d/none"},
		{command: "md5sum d", status: 1, stderr: "md5sum: d: "},
		{command: "md5sum -x d", status: 2, stderr: "unknown option -x"},
		{command: "echo ${ShellId}%ComSpec%", out: "%ComSpec%\n"},
		{command: "echo  a 'b  c'", out: "a b  c\n"},
		{command: "echo -n x", out: "x"},
		{command: "true"},
		{command: "false", status: 1},
		{command: "pwd", out: "/\n"},
		{command: "whoami", out: "alice\n"},
		{command: "ls d", out: "a b\nc.txt\n"},
		{command: "ls -dF d", out: "d/\n"},
		{command: "ls none", status: 1, stderr: "ls: none: "},
		{command: "du d", out: "7 bytes in 2 files\td\n"},
		{command: "uploads", out: ""},
		{command: "uploads drop d/c.txt", status: 1, stderr: "not an interrupted upload"},
		{command: "uploads --json", out: ""},
		{command: "du --json 'd/a b'", out: `{"path":"/d/a b","bytes":6,"files":1}` + "\n"},
		{command: "du d/* none", out: "6 bytes in 1 files\td/a b\n1 bytes in 1 files\td/c.txt\n", status: 1, stderr: "du: none: "},
		{command: "whoami --json", out: `{"user":"alice","group":"alice"}` + "\n"},
		{command: "quota", out: "no limit is set, 7 used\n"},
		{command: "versions d/c.txt", status: 1, stderr: "versions: d/c.txt: this store keeps no versions"},
		{command: "restore d/c.txt", status: 2, stderr: "FILE@VERSION"},
		{command: "tempurl", status: 2, stderr: "usage: tempurl PATH [-t 7d] [-m GET|PUT]"},
		{command: "acl / read '.r:*'", status: 1, stderr: "no access lists"},
		{command: "rm -rf /", status: 127, stderr: "The commands are scp, help, pwd,"},
		{command: "md5sum d/c.txt; ls", status: 2, stderr: "there is no shell"},
		{command: "md5sum 'd", status: 2, stderr: "not closed"},
	} {
		t.Run(tt.command, func(t *testing.T) {
			s, err := c.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			s.Stdin, s.Stdout, s.Stderr = strings.NewReader(tt.stdin), &out, &stderr
			status := 0
			if err := s.Run(tt.command); err != nil {
				exit, ok := errors.AsType[*gossh.ExitError](err)
				if !ok {
					t.Fatal(err)
				}
				status = exit.ExitStatus()
			}
			if out.String() != tt.out || status != tt.status || !strings.Contains(stderr.String(), tt.stderr) || tt.stderr == "" && stderr.Len() > 0 {
				t.Errorf("status %d, stdout %q, stderr %q; want %d, %q, %q", status, out.String(), stderr.String(), tt.status, tt.out, tt.stderr)
			}
		})
	}
}

// The commands leave scp to its own service.
func TestAccepts(t *testing.T) {
	for line, want := range map[string]bool{"md5sum x": true, "anything": true, "scp -t x": false, "/usr/bin/scp -f x": false, "": true} {
		if got := (sshexec.Service{}).Accepts("exec", line); got != want {
			t.Errorf("Accepts(%q) = %t", line, got)
		}
	}
	if (sshexec.Service{}).Accepts("subsystem", "sftp") {
		t.Error("a subsystem is no command")
	}
}

// Nothing that a client can say as a command ends in a panic.
func FuzzCommandLine(f *testing.F) {
	for _, line := range []string{"md5sum -b a 'b c' *", "echo ${ShellId}%ComSpec%", "ls -la ~/x", "uploads drop {a,b}", "df -k \\", "du [a-", "tempurl a -t 7d -m PUT", "meta a b=c --json", "expire a never", "acl a read x y", "restore a@b@c"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cfg := session.Config{FS: memfs.New(), Log: discard()}
		sess, err := session.New(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer sess.Close()
		status := (sshexec.Service{}).Serve(t.Context(), sess, line, struct {
			io.Reader
			io.Writer
		}{strings.NewReader(""), io.Discard}, io.Discard)
		if status < 0 || status > 127 {
			t.Errorf("status %d", status)
		}
	})
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// execWithSFTP serves the commands beside files.
func execWithSFTP(t *testing.T, fsys *memfs.FS) *frontendtest.Server {
	t.Helper()
	cfg := ssh.NewConfig(sftp.NewService(), sshexec.Service{})
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.HostKeys = []string{frontendtest.HostKey(t)}
	return frontendtest.Start(t, cfg, frontendtest.Options{FS: fsys})
}

// rclone finds the commands, and compares checksums.
func TestRcloneCheck(t *testing.T) {
	rclone := frontendtest.Program(t, "rclone")
	store := memfs.New()
	frontendtest.Write(t, store, "/d/", nil)
	frontendtest.Write(t, store, "/d/it's [a] file", []byte("hello\n"))
	dir := t.TempDir()
	file := filepath.Join(dir, "it's [a] file")
	if err := os.WriteFile(file, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(execWithSFTP(t, store).Addr)
	hidden := frontendtest.Run(t, t.TempDir(), "", rclone, "obscure", frontendtest.Password)
	check := func() frontendtest.Result {
		return frontendtest.Run(t, t.TempDir(), "", rclone, "--config", "", "check", "-v", dir,
			":sftp,host="+host+",port="+port+",user="+frontendtest.User+",pass="+strings.TrimSpace(hidden.Stdout)+":/d")
	}
	if r := check(); r.Status != 0 || strings.Contains(r.Stderr, "hashes could not be checked") {
		t.Errorf("rclone check: status %d, %s", r.Status, r.Stderr)
	}
	if err := os.WriteFile(file, []byte("hellO\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := check(); r.Status == 0 {
		t.Error("rclone check finds no difference between files of the same size")
	}
}
