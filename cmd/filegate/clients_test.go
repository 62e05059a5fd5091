package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"filegate/core/testneed"
	"filegate/frontends/frontendtest"
)

// cluster is a real Swift, with the logins of a gateway and a client.
type cluster struct {
	auth           string // the auth block of the configuration
	options        string // more options of the backend
	v1             string // the URL of auth 1.0, for clients of the storage
	user, password string
}

// lab returns a variable from .ci/lab/up. If there is no lab, it skips the test, or with CI=true it
// fails the test.
func lab(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real Swift")
	}
	v := os.Getenv("FILEGATE_TEST_" + name)
	if v != "" {
		return v
	}
	testneed.Missing(t, "FILEGATE_TEST_%s is not set: start the lab with eval \"$(.ci/lab/up)\"", name)
	return ""
}

func tempauth(t *testing.T) cluster {
	return cluster{
		auth: fmt.Sprintf("auth \"swiftv1\" \"real\" {\n  config { auth_url = %q }\n}\n", lab(t, "SWIFT_AUTH")),
		v1:   lab(t, "SWIFT_AUTH"),
		user: lab(t, "SWIFT_USER"), password: lab(t, "SWIFT_KEY"),
	}
}

func keystoneV3(t *testing.T) cluster {
	return cluster{
		auth: fmt.Sprintf("auth \"keystone\" \"real\" {\n  config { auth_url = %q }\n}\n", lab(t, "KEYSTONE")),
		user: lab(t, "KEYSTONE_PROJECT") + "." + lab(t, "KEYSTONE_USER"), password: lab(t, "KEYSTONE_PASSWORD"),
	}
}

// site is a gateway to a real Swift, with a container for the test.
type site struct {
	cluster
	*process
	work      string // a directory for the test
	config    string
	container string // without the slash
	// For very many files: listings have no modification times of files, and nothing is removed at
	// the end.
	large    bool
	ssh, ftp string // ports
}

// openSite starts a gateway. The container and its segments are removed at the end.
func openSite(t *testing.T, c cluster) *site { return openSiteWith(t, c, false) }

func openSiteWith(t *testing.T, c cluster, large bool) *site {
	s := &site{cluster: c, large: large, work: t.TempDir()}
	writeHostKey(t, filepath.Join(s.work, "hostkey"))
	writeCertificate(t, filepath.Join(s.work, "tls.pem"))
	s.config = filepath.Join(s.work, "gateway.hcl")
	write(t, s.config, c.auth+`
backend "swift" "real" {
  list_times = `+strconv.FormatBool(!s.large)+`
`+c.options+`}
frontend "ssh" "test" {
  listen    = ["127.0.0.1:0"]
  host_keys = ["`+filepath.Join(s.work, "hostkey")+`"]
}
frontend "ftp" "test" {
  listen = ["127.0.0.1:0"]
  tls {
    mode     = "explicit"
    cert     = "`+filepath.Join(s.work, "tls.pem")+`"
    key      = "`+filepath.Join(s.work, "tls.pem")+`"
    required = false
  }
}
`, 0o600)
	write(t, filepath.Join(s.work, "askpass"), "#!/bin/sh\nprintf '%s\\n' '"+c.password+"'\n", 0o700)
	write(t, filepath.Join(s.work, "ssh_config"), sshConfig, 0o600)
	var name [5]byte
	rand.Read(name[:])
	s.container = "clients-" + hex.EncodeToString(name[:])
	s.start(t)
	s.sftp(t, "mkdir /"+s.container)
	if !s.large {
		t.Cleanup(func() { s.clean(t) })
	}
	return s
}

// start starts the gateway, or another one to replace it.
func (s *site) start(t *testing.T) {
	t.Helper()
	p, err := start(s.work, filepath.Join(s.work, "stdout"), nil, "serve", "-c", s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.process = p
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("[log of the gateway]\n%s", p.logged())
		}
	})
	if !p.ready() {
		t.Fatalf("the gateway is not ready:\n%s", p.logged())
	}
	s.ssh, s.ftp = p.ports()["ssh"], p.ports()["ftp"]
}

// run runs a client, which must succeed.
func (s *site) run(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	r := s.try(t, stdin, program, args...)
	if r.Status != 0 {
		t.Fatalf("%s %q: exit status %d\n%s%s", program, args, r.Status, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

func (s *site) try(t *testing.T, stdin, program string, args ...string) frontendtest.Result {
	t.Helper()
	// Without t.Setenv, which parallel tests must not use.
	return frontendtest.Run(t, s.work, stdin, "env", append([]string{
		"SSH_ASKPASS=" + filepath.Join(s.work, "askpass"), "SSH_ASKPASS_REQUIRE=force", frontendtest.Program(t, program),
	}, args...)...)
}

func (s *site) sshArgs(args ...string) []string {
	return append([]string{"-F", filepath.Join(s.work, "ssh_config"), "-P", s.ssh, "-o", "User=" + s.user}, args...)
}

// sftp runs OpenSSH's sftp with the commands, one on each line.
func (s *site) sftp(t *testing.T, commands string) string {
	t.Helper()
	// -b follows -o, because -b alone would set BatchMode, which disables passwords.
	return s.run(t, commands, "sftp", s.sshArgs("-o", "BatchMode=no", "-b", "-", "127.0.0.1")...)
}

func (s *site) scp(t *testing.T, args ...string) {
	t.Helper()
	s.run(t, "", "scp", s.sshArgs(args...)...)
}

// lftp runs commands of lftp over FTP.
func (s *site) lftp(t *testing.T, commands string) string {
	t.Helper()
	return s.run(t, "", "lftp", "-c", fmt.Sprintf(
		"set cmd:fail-exit true; set net:max-retries 2; set ftp:ssl-allow false; open -u %s,%s ftp://127.0.0.1:%s; %s", s.user, s.password, s.ftp, commands))
}

// ftpURL returns the URL of a file for curl.
func (s *site) ftpURL(path string) string {
	// The URL includes the login, because the user may contain a colon, which curl's option -u
	// would take for the separator.
	u := url.URL{Scheme: "ftp", User: url.UserPassword(s.user, s.password), Host: "127.0.0.1:" + s.ftp, Path: "/" + s.container + "/" + path}
	return strings.NewReplacer(";", "%3B", "[", "%5B", "]", "%5D", "{", "%7B", "}", "%7D").Replace(u.String())
}

func (s *site) curl(t *testing.T, args ...string) {
	t.Helper()
	s.run(t, "", "curl", append([]string{"-sS", "--globoff"}, args...)...)
}

// clean removes the container with Swift's own client, without the gateway.
func (s *site) clean(t *testing.T) {
	args := []string{"-A", s.v1, "-U", s.user, "-K", s.password}
	if strings.HasPrefix(s.auth, `auth "keystone"`) {
		project, user, _ := strings.Cut(s.user, ".")
		args = []string{
			"--os-auth-url", os.Getenv("FILEGATE_TEST_KEYSTONE"), "-V", "3", "--os-username", user, "--os-password", s.password,
			"--os-project-name", project, "--os-user-domain-name", "Default", "--os-project-domain-name", "Default",
		}
	}
	for _, c := range []string{s.container, s.container + "_segments"} {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		out, err := exec.CommandContext(ctx, "/usr/bin/swift", append(args, "delete", c)...).CombinedOutput() //nolint:gosec // the test's own arguments
		cancel()
		if err != nil && !bytes.Contains(out, []byte("not found")) && !bytes.Contains(out, []byte("Not Found")) {
			t.Logf("cleaning up %s: %v\n%s", c, err, out)
		}
	}
}

// oddNames are names that have caused problems in clients and servers.
var oddNames = []string{
	"plain.txt", "with space", " leading and trailing ", `double"quote`, "single'quote", "per%cent", "per%41cent", "ha#sh", "quest?ion",
	"am&per+sand=", "ünïcödé", "日本語.txt", "e\u0301 decomposed", "-dash", "--", ".hidden", "[brackets]", "{braces}", "semi;colon",
	"back\\slash", "st*r", "tilde~", "dollar$HOME", "ex!clam", "a,b:c", "pi|pe", "<angle>", "`tick`",
}

// makeTree creates files with all odd names and of several sizes, some in directories with odd
// names.
func makeTree(t *testing.T, root string) {
	t.Helper()
	sizes := []int{0, 1, 1000, 70_000, 300_000}
	for i, name := range oddNames {
		dir := root
		if i%3 == 1 {
			dir = filepath.Join(root, "dir "+oddNames[(i+5)%len(oddNames)])
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, sizes[i%len(sizes)])
		rand.Read(b)
		file := filepath.Join(dir, name)
		write(t, file, string(b), 0o600)
		when := time.Date(2001+i%20, 2, 3, 4, 5, 6, 0, time.UTC)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
}

// sums returns the SHA-256 of every file below a directory, by its relative name; with times, also
// their modification times.
func sums(t *testing.T, root string, times bool) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() {
			if rel != "." {
				all[rel+"/"] = "directory"
			}
			return err
		}
		all[rel] = fileSum(t, path)
		if times {
			info, err := d.Info()
			if err != nil {
				return err
			}
			all[rel] += " " + info.ModTime().UTC().Format(time.DateTime)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func fileSum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sameTree(t *testing.T, how, want, got string, times bool) {
	t.Helper()
	if diff := cmp.Diff(sums(t, want, times), sums(t, got, times)); diff != "" {
		t.Errorf("%s: what came back differs from what was sent (-sent +came back):\n%s", how, diff)
	}
}

// TestClientsTempauth and TestClientsKeystone transfer files with common clients, through a gateway
// to a real Swift.
func TestClientsTempauth(t *testing.T) { testClients(t, openSite(t, tempauth(t))) }

func TestClientsKeystone(t *testing.T) { testClients(t, openSite(t, keystoneV3(t))) }

func testClients(t *testing.T, s *site) {
	tree := filepath.Join(s.work, "tree")
	makeTree(t, tree)
	at := "/" + s.container
	t.Run("sftp", func(t *testing.T) {
		s.sftp(t, "mkdir "+at+"/sftp\nput -pr tree "+at+"/sftp\nmkdir "+at+"/sftp/empty\nget -pr "+at+"/sftp/tree sftp.back\nrmdir "+at+"/sftp/empty")
		sameTree(t, "sftp put -r, get -r", tree, filepath.Join(s.work, "sftp.back"), true)
	})
	t.Run("scp", func(t *testing.T) {
		s.scp(t, "-r", "-p", tree, "127.0.0.1:"+at+"/scp")
		s.scp(t, "-r", "-p", "127.0.0.1:"+at+"/scp", filepath.Join(s.work, "scp.back"))
		sameTree(t, "scp -r", tree, filepath.Join(s.work, "scp.back"), true)
	})
	t.Run("scp -O", func(t *testing.T) {
		s.scp(t, "-O", "-r", "-p", tree, "127.0.0.1:"+at+"/scpO")
		s.scp(t, "-O", "-r", "-p", "127.0.0.1:"+at+"/scpO", filepath.Join(s.work, "scpO.back"))
		sameTree(t, "scp -O -r -p", tree, filepath.Join(s.work, "scpO.back"), true)
	})
	t.Run("lftp", func(t *testing.T) {
		s.lftp(t, fmt.Sprintf("mirror -R --no-perms %q %s/lftp; mirror --no-perms %s/lftp %q", tree, at, at, filepath.Join(s.work, "lftp.back")))
		sameTree(t, "lftp mirror -R, mirror", tree, filepath.Join(s.work, "lftp.back"), true)
	})
	for _, c := range []struct{ name, option string }{{"curl", "--disable-epsv"}, {"curl FTPS", "--ssl-reqd"}} {
		t.Run(c.name, func(t *testing.T) {
			back := filepath.Join(s.work, c.name+".back")
			// One curl for all files, so that one connection transfers many files.
			var up, down []string
			for name := range sums(t, tree, false) {
				if strings.HasSuffix(name, "/") {
					continue
				}
				url := s.ftpURL(c.name + "/" + name)
				up = append(up, "-T", filepath.Join(tree, name), url)
				down = append(down, "-o", filepath.Join(back, name), url)
			}
			s.curl(t, append([]string{c.option, "-k", "--fail-early", "--ftp-create-dirs"}, up...)...)
			s.curl(t, append([]string{c.option, "-k", "--fail-early", "--create-dirs"}, down...)...)
			sameTree(t, c.name, tree, back, false)
		})
	}
	t.Run("large", func(t *testing.T) { s.testLarge(t, 200<<20) })
}

// testLarge transfers one large file in each direction with each protocol.
func (s *site) testLarge(t *testing.T, size int64) {
	large, back := filepath.Join(s.work, "large"), filepath.Join(s.work, "large.back")
	f, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, rand.Reader, size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want := fileSum(t, large)
	at := "/" + s.container + "/large"
	for _, way := range []struct {
		name     string
		up, down func()
	}{
		{"sftp", func() { s.sftp(t, "put large "+at) }, func() { s.sftp(t, "get "+at+" large.back") }},
		{"scp -O", func() { s.scp(t, "-O", large, "127.0.0.1:"+at) }, func() { s.scp(t, "-O", "127.0.0.1:"+at, back) }},
		{"curl", func() { s.curl(t, "-T", large, s.ftpURL("large")) }, func() { s.curl(t, "-o", back, s.ftpURL("large")) }},
		{"sftp cp", func() { s.sftp(t, "cp "+at+" "+at+"-copy") }, func() { s.sftp(t, "get "+at+"-copy large.back") }},
		{"curl FTPS", func() { s.curl(t, "--ssl-reqd", "-k", "-T", large, s.ftpURL("large")) }, func() { s.curl(t, "--ssl-reqd", "-k", "-o", back, s.ftpURL("large")) }},
	} {
		way.up()
		way.down()
		if got := fileSum(t, back); got != want {
			t.Errorf("%s: a file of %d bytes came back as another", way.name, size)
		}
		if err := os.Remove(back); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyEntriesReal lists a directory with 100,000 entries.
func TestManyEntriesReal(t *testing.T) {
	const count = 100_000
	s := openSiteWith(t, tempauth(t), true)
	s.listMany(t, count)
	for _, c := range []struct {
		name   string
		output string
	}{
		{"sftp ls -1", s.sftp(t, "@ls -1 /"+s.container+"/many/")},
		{"lftp cls", s.lftp(t, "cls -1 /"+s.container+"/many/")},
	} {
		got := map[string]bool{}
		for line := range strings.Lines(c.output) {
			got[filepath.Base(strings.TrimSpace(line))] = true
		}
		for i := range count {
			if name := fmt.Sprintf("file-%06d", i); !got[name] {
				t.Errorf("%s: %s is missing among %d names", c.name, name, len(got))
				break
			}
		}
		if len(got) != count {
			t.Errorf("%s: %d names, want %d", c.name, len(got), count)
		}
	}
}

// listMany makes the container list this many files below many/, with a program of the lab. It
// removes them and the container at the end.
func (s *site) listMany(t *testing.T, count int) {
	t.Helper()
	lab := os.Getenv("FILEGATE_TEST_LAB")
	if lab == "" {
		t.Fatal("FILEGATE_TEST_LAB does not say where the lab's programs are")
	}
	storage, token := s.login(t)
	fill := func(count int) {
		t.Helper()
		if out, err := exec.Command(filepath.Join(lab, "fill"), path.Base(storage), s.container, strconv.Itoa(count)).CombinedOutput(); err != nil {
			t.Fatalf("fill: %v: %s", err, out)
		}
	}
	t.Cleanup(func() {
		fill(0)
		request(t, http.MethodDelete, storage+"/"+s.container, token, nil)
	})
	fill(count)
}

// TestResumeReal kills a gateway during an upload, and resumes the upload through another one. Only
// the rest may be sent.
func TestResumeReal(t *testing.T) {
	const size = 96 << 20
	s := openSite(t, tempauth(t))
	b := make([]byte, size)
	rand.Read(b)
	write(t, filepath.Join(s.work, "large"), string(b), 0o600)
	storage, token := s.login(t)

	ctx, cut := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Setenv("SSH_ASKPASS", filepath.Join(s.work, "askpass"))
	t.Setenv("SSH_ASKPASS_REQUIRE", "force")
	go func() {
		defer close(done)
		// 160 Mbit/s: slow enough to be interrupted in the middle.
		slow(ctx, s.work, "put large /"+s.container+"/large", s.sshArgs("-l", "160000", "-o", "BatchMode=no", "-b", "-", "127.0.0.1")...)
	}()
	segments := func() int {
		body, _ := get(t, storage+"/"+s.container+"_segments?prefix=large/", token)
		return strings.Count(body, "\n")
	}
	if !eventually(func() bool { return segments() >= 2 }) {
		t.Fatal("no segments come in")
	}
	s.kill()
	cut()
	<-done
	if _, status := get(t, storage+"/"+s.container+"/large", token); status != http.StatusNotFound {
		t.Errorf("Swift answers %d to the GET of a cut-off upload; nothing is published before the end", status)
	}

	s.start(t)
	if out := s.sftp(t, "ls -l /"+s.container); !strings.Contains(out, "large") {
		t.Errorf("the cut-off upload is not listed:\n%s", out)
	}
	s.sftp(t, "reput large /"+s.container+"/large\nget /"+s.container+"/large large.back")
	if fileSum(t, filepath.Join(s.work, "large.back")) != fileSum(t, filepath.Join(s.work, "large")) {
		t.Error("the file that was gone on with came back as another")
	}
	var sent int64
	for line := range strings.Lines(s.logged()) {
		if strings.Contains(line, "op=upload") {
			if _, rest, ok := strings.Cut(line, "bytes="); ok {
				fmt.Sscanf(rest, "%d", &sent)
			}
		}
	}
	if most := int64(size - 2*(16<<20)); sent == 0 || sent > most {
		t.Errorf("%d bytes were sent to go on, want at most %d: two segments were there", sent, most)
	}
}

// slow runs OpenSSH's sftp until ctx ends, and ignores its result.
func slow(ctx context.Context, dir, commands string, args ...string) {
	cmd := exec.CommandContext(ctx, "sftp", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(commands)
	_ = cmd.Run()
}

// login logs in to the storage with auth 1.0.
func (s *site) login(t *testing.T) (storage, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.v1, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-User", s.user)
	req.Header.Set("X-Auth-Key", s.password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("X-Storage-Url"), resp.Header.Get("X-Auth-Token")
}

func get(t *testing.T, u, token string) (body string, status int) {
	t.Helper()
	return request(t, http.MethodGet, u, token, nil)
}

func request(t *testing.T, method, u, token string, content io.Reader) (body string, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, u, content)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.StatusCode
}

func writeHostKey(t *testing.T, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(pem.EncodeToMemory(block)), 0o600)
}

// writeCertificate writes a certificate and its key to one file.
func writeCertificate(t *testing.T, path string) {
	t.Helper()
	cert, key := certificate(t)
	write(t, path, cert+key, 0o600)
}
