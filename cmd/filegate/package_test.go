//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// essentials are the Debian packages whose programs the packages' scripts may use.
var essentials = []string{
	"base-passwd", "coreutils", "dash", "libacl1", "libattr1", "libaudit1", "libbz2-1.0", "libc-bin", "libc6", "libcap-ng0",
	"libcrypt1", "libgmp10", "libpam0g", "libpcre2-8-0", "libselinux1", "libsemanage2", "libsepol2", "libssl3", "passwd", "sed",
}

// TestPackages builds the packages and uses them like an operator, in a small root directory: it
// installs, serves, upgrades while serving, removes and purges.
func TestPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the programs")
	}
	for _, program := range []string{"dpkg", "rpm", "sftp", "unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			testneed.Missing(t, "packages are tested by root on Debian with %s", program)
		}
	}
	t.Parallel()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=auto", "-buildmode=pie", "-ldflags=-s -w", "-o", bin+"/", "./cmd/filegate", "./cmd/filegate-auth-swiftv1")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	mustRun(t, build)

	packages := func(version string) string {
		out := filepath.Join(dir, "packages-"+version)
		// The second build must not differ from the first.
		for range 2 {
			pack := exec.Command("../../.ci/package", out)
			pack.Env = append(os.Environ(), "VERSION="+version, "SOURCE_DATE_EPOCH=1700000000", "BIN="+bin)
			before := contents(t, out)
			mustRun(t, pack)
			if after := contents(t, out); len(before) > 0 {
				for file, text := range after {
					if before[file] != text {
						t.Errorf("%s differs when it is built again", file)
					}
				}
				break
			}
			if version != "1.0.0" {
				break
			}
		}
		return out
	}
	first, second := packages("1.0.0"), packages("1.1.0")

	t.Run("deb", func(t *testing.T) {
		m := newSmallRoot(t)
		before := m.files(t)
		swift := newTester(t)
		m.run(t, "dpkg", "--root="+m.root, "-i", one(t, first, "*.deb"))

		addr := freeAddr(t)
		config := filepath.Join(m.root, "etc/filegate/gateway.hcl")
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.NewReplacer("http://127.0.0.1:8080/auth/v1.0", swift.AuthURL(), `":8022"`, fmt.Sprintf("%q", addr)).Replace(string(text))
		write(t, config, changed, 0o644)
		m.inside(t, "filegate", "check")
		modes := m.inside(t, "stat", "-c", "%U:%G %a", "/etc/filegate", "/etc/filegate/gateway.hcl", "/etc/filegate/hostkeys")
		if want := "root:filegate 750\nroot:filegate 640\nfilegate:filegate 700\n"; modes != want {
			t.Errorf("owners and modes of the configuration:\n%swant\n%s", modes, want)
		}

		g := m.serve(t, "root", "/usr/bin/filegate", "serve", "-c", "/etc/filegate/gateway.hcl")
		m.sftp(t, addr)
		old := m.pid(t)
		if out := m.inside(t, "stat", "-c", "%U", fmt.Sprintf("/proc/%d", old)); out != "filegate\n" {
			t.Errorf("the gateway runs as %s", out)
		}

		m.run(t, "dpkg", "--root="+m.root, "-i", one(t, second, "*.deb"))
		if !eventually(g.hasExited) || g.err != nil {
			t.Fatalf("the old version has not made place: %v\n%s", g.err, g.logged())
		}
		if now := m.pid(t); now == old {
			t.Errorf("the process %d still serves after the upgrade", old)
		}
		m.sftp(t, addr)
		if got, err := os.ReadFile(config); err != nil || string(got) != changed {
			t.Errorf("the upgrade has changed the configuration (%v):\n%s", err, got)
		}
		if out := m.run(t, "dpkg-query", "--root="+m.root, "-W", "-f=${Version}", "filegate"); out != "1.1.0" {
			t.Errorf("the version %q is installed, want 1.1.0", out)
		}
		if out := m.inside(t, "cat", "/var/log/filegate/audit.log"); !strings.Contains(out, `"test:tester"`) {
			t.Errorf("the audit log has no login:\n%s", out)
		}

		last := m.pid(t)
		m.run(t, "dpkg", "--root="+m.root, "-r", "filegate")
		if !hasEnded(last) {
			t.Errorf("the gateway runs after the removal of the package")
		}
		if _, err := os.Stat(config); err != nil {
			t.Errorf("the removal has not kept the configuration: %v", err)
		}
		m.run(t, "dpkg", "--root="+m.root, "-P", "filegate")
		if diff := cmp.Diff(before, m.files(t)); diff != "" {
			t.Errorf("the purge does not leave what was there before (-before +after):\n%s", diff)
		}
		if text, err := os.ReadFile(filepath.Join(m.root, "etc/passwd")); err != nil || !strings.Contains(string(text), "\nfilegate:") {
			t.Errorf("the purge has removed the user, whose ID others may get (%v):\n%s", err, text)
		}
	})

	t.Run("rpm", func(t *testing.T) {
		m := newSmallRoot(t)
		rpm := []string{"rpm", "--force-debian", "--root=" + m.root, "--nodeps"}
		m.run(t, append(rpm, "-i", one(t, first, "*.rpm"))...)
		if out := m.inside(t, "filegate", "version"); !strings.HasPrefix(out, "filegate ") {
			t.Errorf("filegate version: %s", out)
		}
		m.inside(t, "filegate", "check")
		m.run(t, append(rpm, "-U", one(t, second, "*.rpm"))...)
		m.run(t, append(rpm, "-V", "filegate")...)
		m.run(t, append(rpm, "-e", "filegate")...)
		for _, name := range []string{"usr/bin/filegate", "usr/libexec/filegate", "etc/filegate/gateway.hcl", "run/filegate"} {
			if _, err := os.Lstat(filepath.Join(m.root, name)); err == nil {
				t.Errorf("/%s is there after the removal", name)
			}
		}
		if _, err := os.Stat(filepath.Join(m.root, "etc/filegate/hostkeys")); err != nil {
			t.Errorf("the removal has not kept the host keys: %v", err)
		}
	})

	t.Run("bill of materials", func(t *testing.T) {
		text, err := os.ReadFile(one(t, first, "*.cdx.json"))
		if err != nil {
			t.Fatal(err)
		}
		var got bom
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"filegate", "filegate-auth-swiftv1", "std", "golang.org/x/crypto", "github.com/hashicorp/go-plugin"} {
			if !slices.ContainsFunc(got.Components, func(c bomComponent) bool { return c.Name == name }) {
				t.Errorf("%s is not listed", name)
			}
		}
	})

	t.Run("container", func(t *testing.T) {
		static := filepath.Join(dir, "static")
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", static+"/", "./cmd/filegate", "./cmd/filegate-auth-swiftv1")
		build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		mustRun(t, build)
		testDockerfile(t, static)
	})
}

// testDockerfile runs the last stage of the Dockerfile like a container engine.
func testDockerfile(t *testing.T, bin string) {
	text, err := os.ReadFile("dist/package/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	m := newNamespace(t)
	work := t.TempDir()
	// The paths of the first stage on this machine.
	places := strings.NewReplacer("/src/bin", bin, "/out", filepath.Join(work, "out"))
	said := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "RUN":
			if rest != "rm -rf bin && make build BUILDMODE=exe" { // built by the caller
				m.run(t, "sh", "-c", places.Replace(rest))
			}
		case "COPY":
			from, ok := strings.CutPrefix(rest, "--from=build ")
			if !ok {
				continue
			}
			fields := strings.Fields(from)
			source, target := places.Replace(fields[0]), filepath.Join(m.root, fields[1])
			if strings.HasSuffix(source, "/") {
				source += "."
			} else {
				m.run(t, "mkdir", "-p", filepath.Dir(target))
			}
			m.run(t, "cp", "-a", "--dereference", source, target)
		case "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD":
			said[word] = rest
		}
	}
	list := func(word string) (args []string) {
		text := said[word]
		if err := json.Unmarshal([]byte(text[strings.Index(text, "["):]), &args); err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		return args
	}
	swift := newTester(t)
	addr := freeAddr(t)
	m.run(t, "mkdir", "-p", filepath.Join(m.root, "etc/filegate"))
	write(t, filepath.Join(m.root, "etc/filegate/gateway.hcl"), fmt.Sprintf(`
admin { socket = "/run/filegate/admin.sock" }
auth "swiftv1" "swift" {
  config { auth_url = %q }
}
backend "swift" "main" {}
frontend "ssh" "public" {
  listen    = [%q]
  host_keys = ["/etc/filegate/hostkeys"]
}
`, swift.AuthURL(), addr), 0o644)
	m.inside(t, "/filegate", "hostkeys", "/etc/filegate/hostkeys")
	m.run(t, "chown", "-R", said["USER"], filepath.Join(m.root, "etc/filegate/hostkeys"))
	m.serve(t, said["USER"], append(list("ENTRYPOINT"), list("CMD")...)...)
	m.sftp(t, addr)
	m.inside(t, append([]string{"--userspec=" + said["USER"]}, list("HEALTHCHECK")...)...)
}

// smallRoot is a root directory and a namespace for its mounts, which ends with the test.
type smallRoot struct {
	root   string
	holder int // a process in the namespace
}

// newNamespace returns an empty root directory with /proc and a few devices.
func newNamespace(t *testing.T) *smallRoot {
	t.Helper()
	m := &smallRoot{root: filepath.Join(t.TempDir(), "root")}
	for _, dir := range []string{"", "proc", "dev"} {
		if err := os.Mkdir(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := `cd "$0" && mount -t proc proc proc && mount -t tmpfs -o mode=755 dev dev &&
mknod -m 666 dev/null c 1 3 && mknod -m 666 dev/urandom c 1 9 && echo mounted && exec cat`
	holder := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", script, m.root)
	holder.Stderr = t.Output()
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); holder.Wait() })
	word := make([]byte, len("mounted\n"))
	if _, err := io.ReadFull(out, word); err != nil {
		t.Fatalf("no namespace for mounts: %v", err)
	}
	m.holder = holder.Process.Pid
	return m
}

// newSmallRoot returns a root directory with the essential packages of Debian, in which nothing
// runs.
func newSmallRoot(t *testing.T) *smallRoot {
	t.Helper()
	m := newNamespace(t)
	const script = `
cd "$0"
mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc tmp run var/log var/lib/dpkg/info var/lib/dpkg/updates
for dir in bin sbin lib lib64; do ln -s usr/$dir $dir; done
chmod 1777 tmp
dpkg -L "$@" | sort -u | grep -v -e '^/usr/share' -e '^/\.$' | while read -r f; do [ -d "$f" ] || echo "${f#/}"; done >files
tar -C / -cf - -T files | tar -C . -xf -
rm files
printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd
printf 'root:x:0:\n' >etc/group
printf 'passwd: files\ngroup: files\n' >etc/nsswitch.conf
touch etc/shadow etc/gshadow etc/login.defs
printf 'Package: passwd\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: for the test\n' >var/lib/dpkg/status
`
	m.run(t, append([]string{"sh", "-ec", script, m.root}, essentials...)...)
	return m
}

// command returns a command in the namespace.
func (m *smallRoot) command(args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"--mount", "--target", fmt.Sprint(m.holder), "--"}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	cmd.Dir = "/"
	return cmd
}

// run runs a command of this machine. The method inside runs one of the root directory.
func (m *smallRoot) run(t *testing.T, args ...string) string {
	t.Helper()
	return mustRun(t, m.command(args...))
}

func (m *smallRoot) inside(t *testing.T, args ...string) string {
	t.Helper()
	if option := args[0]; strings.HasPrefix(option, "--") {
		return m.run(t, append([]string{"chroot", option, m.root}, args[1:]...)...)
	}
	return m.run(t, append([]string{"chroot", m.root}, args...)...)
}

// serve starts a gateway in the root directory, and waits until it serves.
func (m *smallRoot) serve(t *testing.T, user string, args ...string) *process {
	t.Helper()
	if !strings.Contains(user, ":") {
		user += ":" + user
	}
	log := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := &process{cmd: m.command(append([]string{"chroot", "--userspec=" + user, m.root}, args...)...), exited: make(chan struct{})}
	// Not a pipe, which the next version would keep open.
	p.cmd.Stderr = file
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	logged := func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
	t.Cleanup(func() {
		if !p.hasExited() {
			p.kill()
		}
		if text, err := os.ReadFile(filepath.Join(m.root, "run/filegate/filegate.pid")); err == nil {
			var pid int
			if _, err := fmt.Sscan(string(text), &pid); err == nil && !hasEnded(pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if t.Failed() {
			t.Log(logged())
		}
	})
	if !eventually(func() bool { return readyLine.MatchString(logged()) || p.hasExited() }) || p.hasExited() {
		t.Fatalf("the gateway does not serve:\n%s", logged())
	}
	return p
}

// pid returns the ID of the serving process.
func (m *smallRoot) pid(t *testing.T) (pid int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.root, "run/filegate/filegate.pid"))
	if err == nil {
		_, err = fmt.Sscan(string(text), &pid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// sftp logs in with OpenSSH's client, uploads a file and lists it.
func (m *smallRoot) sftp(t *testing.T, addr string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "askpass"), "#!/bin/sh\necho testing\n", 0o700)
	write(t, filepath.Join(dir, "config"), sshConfig, 0o600)
	write(t, filepath.Join(dir, "batch"), "-mkdir /files\nput "+filepath.Join(dir, "batch")+" /files/packaged\nls /files\n", 0o600)
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("sftp", "-o", "BatchMode=no", "-F", filepath.Join(dir, "config"), "-b", filepath.Join(dir, "batch"), "-o", "User=test:tester", "-P", port, host)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+filepath.Join(dir, "askpass"), "SSH_ASKPASS_REQUIRE=force")
	if out := mustRun(t, cmd); !strings.Contains(out, "/files/packaged") {
		t.Fatalf("sftp does not list its upload:\n%s", out)
	}
}

// ownUser matches the package's user and group, which stay after a purge.
var ownUser = regexp.MustCompile(`(?m)^filegate:.*\n`)

// files returns all files of the root directory with modes and owners, except those of dpkg and the
// backups that the user management programs keep.
func (m *smallRoot) files(t *testing.T) (all []string) {
	t.Helper()
	passing := regexp.MustCompile(`^(var/lib/dpkg|proc|dev)(/|$)|^etc/(passwd-|group-|shadow-|gshadow-|subuid-?|subgid-?|\.pwd\.lock)$`)
	err := filepath.WalkDir(m.root, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(m.root, name)
		if err != nil || passing.MatchString(rel) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s %d", rel, info.Mode(), info.Sys().(*syscall.Stat_t).Uid)
		if rel == "etc/passwd" || rel == "etc/group" {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %q", ownUser.ReplaceAllString(string(text), ""))
		}
		all = append(all, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// mustRun runs a command, which must succeed, and returns its standard output.
func mustRun(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, &stdout, &stderr)
	}
	return stdout.String()
}

// contents returns the files of a directory, which need not exist.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}

// one returns the only file of a directory that matches the pattern.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s in %s: %q, %v, want one", pattern, dir, found, err)
	}
	return found[0]
}

// newTester starts a Swift with the user test:tester, key testing.
func newTester(t *testing.T) *swifttest.Server {
	t.Helper()
	swift, err := swifttest.New(swifttest.Config{Users: []swifttest.User{{Account: "test", Name: "tester", Key: "testing"}}})
	if err == nil {
		err = swift.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { swift.Close() })
	return swift
}

// freeAddr returns a free local address.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
