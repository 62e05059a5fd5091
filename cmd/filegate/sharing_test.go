package main

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// TestSharedLogins uses two gateways that share logins in a memcached. A user who has logged in to
// one is logged in to the other without a request to Swift. Each can check the login again, and
// renew its token with the data that the other's authenticator has sealed. One of them is killed,
// and a new one replaces it. No session may end, and none may lose an upload.
func TestSharedLogins(t *testing.T) {
	t.Parallel() // it waits for logins to be checked
	cacheAddr := startMemcached(t)
	srv := swifttest.Start(t, swifttest.Config{})
	user := swifttest.DefaultUsers()[0]
	c := cluster{
		auth: fmt.Sprintf(`auth "swiftv1" "shared" {
  config {
    auth_url  = %q
    cache_for = "5m"
  }
}
cache "memcached" {
  servers = [%q]
  key     = "0123456789abcdefghijklmnopqrstuvwxyz-shared"
}
login {
  revalidate = "1s"
  cache_for  = "5m"
  grace      = "10s"
}
`, srv.AuthURL(), cacheAddr),
		user: user.Account + ":" + user.Name, password: user.Key,
	}
	first, second, third := openShared(t, c), openShared(t, c), openShared(t, c)
	first.sftp(t, "mkdir /"+first.container)
	ofFirst := first.upload(t, "first")
	ofSecond := second.uploadShared(t, srv, first, "second")
	both := func(what string) {
		t.Helper()
		for _, u := range []*upload{ofFirst, ofSecond} {
			u.send(t, 1000)
			if _, err := u.client.Stat("/" + first.container); err != nil {
				t.Errorf("%s: %s: %v", what, u.name, err)
			}
		}
	}
	checkedAgain := func(what string, times int) {
		t.Helper()
		before := srv.Count(swifttest.Login)
		if !eventually(func() bool { return srv.Count(swifttest.Login) >= before+times }) {
			t.Errorf("%s: logins are not checked again", what)
		}
	}
	checkedAgain("two gateways", 4)
	both("after both have checked the login again")
	srv.Revoke()
	both("after the token has been revoked")

	// The program that has sealed the data has ended with its gateway.
	inMemory := ofFirst.sent.Len()
	first.kill()
	ofThird := third.uploadShared(t, srv, second, "third")
	srv.Revoke()
	checkedAgain("after a crash", 4)
	for _, u := range []*upload{ofSecond, ofThird} {
		u.send(t, 1000)
		srv.Revoke()
		if _, err := u.client.Stat("/" + first.container); err != nil {
			t.Errorf("%s, after a crash and with its token revoked: %v", u.name, err)
		}
		u.finish(t)
	}
	if inMemory == 0 {
		t.Error("the gateway that died had nothing to lose")
	}
	for _, s := range []*site{second, third} {
		for _, bad := range []string{"login could not be checked again", "no longer", "thrown out", "level=ERROR"} {
			if strings.Contains(s.logged(), bad) {
				t.Errorf("the log has %q:\n%s", bad, s.logged())
			}
		}
	}
}

// uploadShared starts an upload with a login that another gateway has just made, without a request
// to Swift.
func (s *site) uploadShared(t *testing.T, srv *swifttest.Server, other *site, name string) *upload {
	t.Helper()
	var u *upload
	// Meanwhile logins are also checked again.
	if !eventually(func() bool {
		if err := other.dial(); err != nil {
			t.Fatal(err)
		}
		asked := srv.Count(swifttest.Login)
		u = s.upload(t, name)
		if srv.Count(swifttest.Login) == asked {
			return true
		}
		u.client.Close()
		return false
	}) {
		t.Fatal("each gateway asks Swift about a login that another one has just made")
	}
	return u
}

// openShared starts one of several gateways, for the fake Swift of the test.
func openShared(t *testing.T, c cluster) *site {
	t.Helper()
	s := &site{cluster: c, work: t.TempDir(), container: "shared"}
	writeHostKey(t, filepath.Join(s.work, "hostkey"))
	s.config = filepath.Join(s.work, "gateway.hcl")
	write(t, s.config, c.auth+fmt.Sprintf(`
backend "swift" "shared" {}
frontend "ssh" "test" {
  listen    = ["127.0.0.1:0"]
  host_keys = [%q]
}
`, filepath.Join(s.work, "hostkey")), 0o600)
	write(t, filepath.Join(s.work, "askpass"), "#!/bin/sh\nprintf '%s\\n' '"+c.password+"'\n", 0o700)
	write(t, filepath.Join(s.work, "ssh_config"), sshConfig, 0o600)
	s.start(t)
	return s
}

// startMemcached starts a memcached for one test, and returns its address.
func startMemcached(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("memcached")
	if err != nil {
		if testing.Short() {
			t.Skip("needs memcached")
		}
		testneed.Missing(t, "memcached is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	cmd := exec.CommandContext(t.Context(), program, "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-U", "0", "-m", "16")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if !eventually(func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}) {
		t.Fatal("memcached does not listen")
	}
	return addr
}
