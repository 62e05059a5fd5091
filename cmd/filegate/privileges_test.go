//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// confined is a directory with programs from make build, which another user may run.
type confined struct {
	dir     string
	authURL string
}

func newConfined(t *testing.T) *confined {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	c := &confined{dir: t.TempDir()}
	for _, dir := range []string{c.dir, filepath.Dir(c.dir)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", c.dir+"/", ".", "../filegate-auth-swiftv1", "../filegate-auth-hook")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	swift, err := swifttest.New(swifttest.Config{Users: []swifttest.User{{Account: "test", Name: "tester", Key: "testing"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := swift.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { swift.Close() })
	c.authURL = swift.AuthURL()
	return c
}

// serve starts a gateway with FTP until the test ends, and reports whether it is ready.
func (c *confined) serve(t *testing.T, options, listen string, mode os.FileMode) (p *process, ready bool) {
	t.Helper()
	if !strings.Contains(options, "auth ") {
		options += fmt.Sprintf("auth \"swiftv1\" \"only\" {\n  config { auth_url = %q }\n}\n", c.authURL)
	}
	config := filepath.Join(c.dir, strings.ReplaceAll(t.Name(), "/", "-")+".hcl")
	text := options + fmt.Sprintf("backend \"swift\" \"main\" {}\nfrontend \"ftp\" \"public\" { listen = [%q] }\n", listen)
	if err := os.WriteFile(config, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	p = &process{exited: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	p.cmd = exec.CommandContext(ctx, filepath.Join(c.dir, "filegate"), "serve", "-c", config)
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() { <-p.exited })
	t.Cleanup(cancel)
	return p, p.ready()
}

// login tries a password over FTP, and returns the reply.
func (p *process) login(t *testing.T, user, password string) string {
	t.Helper()
	_, addr, _ := strings.Cut(listenLine.FindString(p.logged()), "addr=")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	lines.Scan()
	for _, command := range []string{"USER " + user, "PASS " + password} {
		fmt.Fprintf(conn, "%s\r\n", command)
		lines.Scan()
	}
	return lines.Text()
}

// TestPrivileges checks the privileges of filegate and its authenticators, thread by thread, while
// it serves clients. An authenticator that is started again later has the same privileges, and
// works.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	c := newConfined(t)
	for name, tt := range map[string]struct {
		options, listen string
		dropped         bool
		seccomp         string
		user            string
	}{
		"by default":            {"", "127.0.0.1:0", true, "2", ""},
		"kept":                  {"privileges = \"keep\"\nsandbox = \"off\"\n", "127.0.0.1:0", false, "0", ""},
		"another user, port 21": {"user = \"nobody\"\n", "127.77.1.1:21", true, "2", "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.user != "" && os.Geteuid() != 0 {
				testneed.Missing(t, "only root can become another user")
			}
			p, ready := c.serve(t, tt.options, tt.listen, 0o644)
			if !ready {
				t.Fatalf("it is not ready:\n%s", p.logged())
			}
			if strings.Contains(p.logged(), "given up") {
				t.Errorf("the log says\n%s", p.logged())
			}
			look := func() (children []int) {
				t.Helper()
				if children = childrenOf(p.cmd.Process.Pid); len(children) == 0 {
					t.Fatal("there is no authenticator")
				}
				for _, pid := range append(children, p.cmd.Process.Pid) {
					threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
					if err != nil || len(threads) == 0 {
						t.Fatal(threads, err)
					}
					for _, file := range threads {
						checkStatus(t, file, tt.dropped, tt.seccomp, tt.user)
					}
				}
				return children
			}
			first := look()
			if reply := p.login(t, "test:tester", "testing"); !strings.HasPrefix(reply, "230 ") {
				t.Errorf("a login is answered %q", reply)
			}
			if err := syscall.Kill(first[0], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if !eventually(func() bool { now := childrenOf(p.cmd.Process.Pid); return len(now) > 0 && now[0] != first[0] }) {
				t.Fatalf("the authenticator was not started again:\n%s", p.logged())
			}
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			if !eventually(func() bool { return strings.Contains(p.logged(), "configuration reloaded") }) {
				t.Fatalf("it was not reloaded:\n%s", p.logged())
			}
			look()
			if reply := p.login(t, "test:tester", "testing"); !strings.HasPrefix(reply, "230 ") {
				t.Errorf("a login by the second authenticator is answered %q", reply)
			}
		})
	}
}

// checkStatus checks the privileges of a thread (proc(5)).
func checkStatus(t *testing.T, file string, dropped bool, seccomp, name string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return // the thread has ended
	}
	got := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		got[name] = strings.TrimSpace(value)
	}
	if (got["NoNewPrivs"] == "1") != dropped {
		t.Errorf("%s: NoNewPrivs %s", file, got["NoNewPrivs"])
	}
	for _, name := range []string{"CapPrm", "CapEff", "CapInh", "CapAmb"} {
		if strings.Trim(got[name], "0") != "" && dropped {
			t.Errorf("%s: %s %s, want none", file, name, got[name])
		}
	}
	// Only root can change the bounding set.
	if os.Geteuid() == 0 && (strings.Trim(got["CapBnd"], "0") == "") != dropped {
		t.Errorf("%s: CapBnd %s", file, got["CapBnd"])
	}
	if got["Seccomp"] != seccomp {
		t.Errorf("%s: Seccomp %s, want %s", file, got["Seccomp"], seccomp)
	}
	if name == "" {
		return
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	for field, id := range map[string]string{"Uid": u.Uid, "Gid": u.Gid, "Groups": u.Gid} {
		if slices.ContainsFunc(strings.Fields(got[field]), func(s string) bool { return s != id }) {
			t.Errorf("%s: %s %s, want nothing but %s", file, field, got[field], id)
		}
	}
}

// TestSandbox runs an authenticator that tries actions which the sandbox forbids. It inherits the
// sandbox of filegate.
func TestSandbox(t *testing.T) {
	t.Parallel()
	c := newConfined(t)
	writable, elsewhere := filepath.Join(c.dir, "writable"), filepath.Join("/var/tmp", filepath.Base(filepath.Dir(c.dir)))
	for _, dir := range []string{writable, elsewhere} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.RemoveAll(elsewhere) })
	// $1 is writable, and $2 is not.
	const script = `
try() {
	what=$1
	shift
	if sh -c "$*" 2>/dev/null; then echo "$what done"; else echo "$what refused"; fi
}
{
	try write "echo x > $2/file"
	try unshare "unshare -U true"
	try read "cat /etc/passwd > /dev/null"
} > "$1/outcome"
`
	hook := filepath.Join(c.dir, "hook.sh")
	if err := os.WriteFile(hook, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]string{"on": "write refused\nunshare refused\nread done\n", "auto": "write done\nunshare done\nread done\n"} {
		t.Run(option, func(t *testing.T) {
			p, ready := c.serve(t, fmt.Sprintf("sandbox = %q\nwritable = [%q]\nauth \"hook\" \"only\" {\n  config { command = [\"/bin/sh\", %q, %q, %q] }\n}\n",
				option, writable, hook, writable, elsewhere), "127.0.0.1:0", 0o644)
			if !ready {
				t.Fatalf("it is not ready:\n%s", p.logged())
			}
			p.login(t, "somebody", "x")
			got, err := os.ReadFile(filepath.Join(writable, "outcome"))
			if err != nil || string(got) != want {
				t.Errorf("the authenticator got %q, %v, want %q\n%s", got, err, want, p.logged())
			}
		})
	}
}

// TestRightsMissing checks the errors that an operator gets if the system grants too few
// privileges.
func TestRightsMissing(t *testing.T) {
	if os.Geteuid() != 0 {
		testneed.Missing(t, "only root can become another user")
	}
	t.Parallel()
	c := newConfined(t)
	for name, tt := range map[string]struct {
		options, listen string
		mode            os.FileMode
		want            []string
	}{
		"unreadable configuration": {"user = \"nobody\"\n", "127.0.0.1:0", 0o600, []string{"permission denied", "filegate runs as nobody", "must be able to read the configuration"}},
		"low port":                 {"user = \"nobody\"\nprivileges = \"keep\"\n", "127.77.1.2:21", 0o644, []string{"ports below 1024", "CAP_NET_BIND_SERVICE", "setcap", "ip_unprivileged_port_start"}},
		"no such user":             {"user = \"nobody-at-all\"\n", "127.0.0.1:0", 0o644, []string{"useradd --system nobody-at-all"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, ready := c.serve(t, tt.options, tt.listen, tt.mode)
			if ready {
				t.Fatal("it serves")
			}
			for _, words := range tt.want {
				if !strings.Contains(p.logged(), words) {
					t.Errorf("the operator does not read %q:\n%s", words, p.logged())
				}
			}
		})
	}
}
