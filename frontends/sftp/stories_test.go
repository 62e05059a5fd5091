package sftp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"filegate/core/testneed"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// hostKeys writes host keys of the kinds that older clients know beside the usual one.
func hostKeys(t *testing.T) []string {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{frontendtest.HostKey(t)}
	for name, key := range map[string]any{"ecdsa": ec, "rsa": rs} {
		block, err := gossh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// TestClients has many clients do the same, each in its way: the story is in
// testdata/clients/README.
func TestClients(t *testing.T) {
	const jsch = "/usr/share/java/jsch.jar"
	keys := hostKeys(t)
	for _, tt := range []struct {
		name    string
		needs   []string // a program, and files
		command []string // behind it come the address, the login, and the size of what is there already
	}{
		{"lftp", []string{"lftp"}, []string{"bash", "lftp.sh"}},
		{"paramiko", []string{"/usr/bin/python3", "/usr/lib/python3/dist-packages/paramiko"}, []string{"/usr/bin/python3", "python-paramiko.py"}},
		{"asyncssh", []string{"/usr/bin/python3", "/usr/lib/python3/dist-packages/asyncssh"}, []string{"/usr/bin/python3", "python-asyncssh.py"}},
		{"ruby", []string{"ruby", "/usr/share/doc/ruby-net-sftp"}, []string{"ruby", "netsftp.rb"}},
		{"perl", []string{"perl", "/usr/share/perl5/Net/SFTP/Foreign.pm"}, []string{"perl", "foreign.pl"}},
		{"phpseclib", []string{"php", "/usr/share/php/phpseclib/autoload.php"}, []string{"php", "phpseclib.php"}},
		{"ssh2", []string{"node", filepath.Join(frontendtest.NodeModules(), "ssh2")}, []string{"node", "ssh2.js"}},
		{"JSch", []string{"javac", jsch}, []string{"java", "-XX:TieredStopAtLevel=1", "-cp", jsch, "Jsch.java"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			frontendtest.Program(t, tt.needs[0])
			for _, file := range tt.needs[1:] {
				if _, err := os.Stat(file); err != nil {
					testneed.Missing(t, "%v", err)
				}
			}
			store := memfs.New()
			cfg := config(t)
			cfg.HostKeys = keys
			srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: store})
			dir := t.TempDir()
			want := random(300_001)
			half := 100_000
			writeLocal(t, dir, "a file", want)
			writeLocal(t, dir, "rest file", want[:half])
			frontendtest.Write(t, store, "/half file", want[:half])
			host, port, _ := net.SplitHostPort(srv.Addr)
			args := append([]string{}, tt.command[1:]...)
			script, err := filepath.Abs(filepath.Join("testdata", "clients", args[len(args)-1]))
			if err != nil {
				t.Fatal(err)
			}
			args[len(args)-1] = script
			args = append(args, host, port, frontendtest.User, frontendtest.Password, strconv.Itoa(half))
			r := frontendtest.Run(t, dir, "", tt.command[0], args...)
			if r.Status != 0 {
				t.Fatalf("status %d", r.Status)
			}
			if !strings.Contains(r.Stdout, "put file") || !strings.Contains(r.Stdout, "gone file") {
				t.Errorf("what was listed is\n%s", r.Stdout)
			}
			if !bytes.Equal(frontendtest.Read(t, store, "/new dir/renamed file"), want) {
				t.Error("what was put and renamed differs")
			}
			wantLocal(t, dir, "back file", want)
			wantLocal(t, dir, "rest file", want)
			if !frontendtest.Missing(t, store, "/new dir/gone file") || !frontendtest.Missing(t, store, "/new dir/put file") {
				t.Error("what was deleted or renamed is still there")
			}
			if !bytes.Equal(frontendtest.Read(t, store, "/half file"), want) {
				t.Error("the upload that went on differs")
			}
		})
	}
}

// TestRestic makes two backups, checks the repository with all its data, brings one back, and
// forgets the other.
func TestRestic(t *testing.T) {
	frontendtest.Program(t, "sshpass")
	srv := start(t, memfs.New())
	dir := t.TempDir()
	host, port, _ := net.SplitHostPort(srv.Addr)
	command := "sshpass -p '" + frontendtest.Password + "' ssh -F none -p " + port + " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null " +
		frontendtest.User + "@" + host + " -s sftp"
	restic := func(args ...string) {
		t.Helper()
		r := frontendtest.Run(t, dir, "", "env", append([]string{
			"RESTIC_PASSWORD=x", frontendtest.Program(t, "restic"), "--no-cache", "-o", "sftp.command=" + command, "-r", "sftp:" + frontendtest.User + "@" + host + ":/repository",
		}, args...)...)
		if r.Status != 0 {
			t.Fatalf("restic %q: status %d", args, r.Status)
		}
	}
	want := random(700_000)
	writeLocal(t, dir, "home/file", want)
	restic("init")
	restic("backup", "home")
	want = append(want, random(100)...)
	writeLocal(t, dir, "home/file", want)
	restic("backup", "home")
	restic("check", "--read-data")
	restic("restore", "latest", "--target", "back")
	wantLocal(t, dir, "back/home/file", want)
	restic("forget", "--keep-last", "1", "--prune")
	restic("check")
}
