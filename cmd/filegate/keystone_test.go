package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Swift names what it caches by it
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"filegate/authplugins/authtest"
	"filegate/core/auth"
)

// TestKeystoneOutage stops Keystone for a minute; in one half of it, connections are not even
// refused. Sessions continue and uploads complete. New logins fail as unavailable, and succeed
// again after the outage. Logins are checked every other second.
func TestKeystoneOutage(t *testing.T) {
	t.Parallel() // it mostly waits
	keystone := authtest.NewKeystone(t)
	user := keystone.User(t)
	way := openWay(t, keystone.URL)
	s := openSite(t, cluster{
		auth: fmt.Sprintf(`auth "keystone" "real" {
  config {
    auth_url = %q
    timeout  = "2s"
  }
}
login {
  revalidate = "2s"
  grace      = "5m"
  cache_for  = "0s"
}
`, way.url),
		user: lab(t, "KEYSTONE_PROJECT") + "." + user.Name, password: user.Password,
	})
	idle, u := s.upload(t, "idle"), s.upload(t, "outage")
	refused := 0
	outage := func(d time.Duration) {
		over := time.After(d)
		for {
			select {
			case <-over:
				return
			default:
			}
			u.send(t, 1<<20)
			if err := s.dial(); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
				t.Errorf("login while Keystone is down: got %v, want it refused", err)
			}
			refused++
			if _, err := idle.client.Stat("/" + s.container); err != nil {
				t.Errorf("a session while Keystone is down: %v", err)
			}
		}
	}
	way.down.Store(true)
	outage(30 * time.Second)
	way.hangs.Store(true)
	outage(30 * time.Second)
	u.finish(t)
	t.Logf("%d logins were refused, and %d MiB written", refused, u.sent.Len()>>20)
	if log := s.logged(); !strings.Contains(log, "login could not be checked again") || !strings.Contains(log, "reason=unavailable") {
		t.Error("that Keystone was down is not in the log")
	}
	way.down.Store(false)
	if !eventually(func() bool { return s.dial() == nil }) {
		t.Error("Keystone is back, and logins are still refused")
	}
	u2 := s.upload(t, "after")
	u2.send(t, 1<<10)
	u2.finish(t)
	idle.send(t, 1<<10)
	idle.finish(t)
}

// TestKeystoneChanges revokes tokens, and disables the user, during uploads. Logins are checked
// every other second.
func TestKeystoneChanges(t *testing.T) {
	keystone := authtest.NewKeystone(t)
	user := keystone.User(t)
	way := openWay(t, keystone.URL)
	s := openSite(t, cluster{
		auth: fmt.Sprintf(`auth "keystone" "real" {
  config { auth_url = %q }
}
login {
  revalidate = "2s"
  grace      = "5m"
  fail_delay = "0s"
}
`, way.url),
		user: lab(t, "KEYSTONE_PROJECT") + "." + user.Name, password: user.Password,
	})
	t.Run("token revoked", func(t *testing.T) { s.testRevoked(t, way, keystone) })
	t.Run("user disabled", func(t *testing.T) {
		// The cleanup of the site logs in as this user.
		t.Cleanup(func() { keystone.Change(t, user, map[string]any{"enabled": true}) })
		s.testDisabled(t, func() { keystone.Change(t, user, map[string]any{"enabled": false}) })
	})
}

// testRevoked revokes the login's token during an upload.
func (s *site) testRevoked(t *testing.T, way *way, keystone *authtest.Keystone) {
	u := s.upload(t, "revoked")
	u.send(t, 20<<20) // more than one segment
	tokens := way.given()
	memory := memcache.New(lab(t, "MEMCACHED"))
	known := 0
	for _, token := range tokens {
		if keystone.SwiftTakes(t, token) {
			known++
		}
		keystone.Revoke(t, token)
		// Swift caches a valid token for a minute.
		sum := sha256.Sum256([]byte(token.Reveal()))
		name := md5.Sum([]byte("tokens/" + hex.EncodeToString(sum[:]))) //nolint:gosec // as above
		if err := memory.Delete(hex.EncodeToString(name[:])); err != nil && !errors.Is(err, memcache.ErrCacheMiss) {
			t.Fatal(err)
		}
	}
	if known == 0 {
		t.Fatalf("of %d tokens none was good before", len(tokens))
	}
	if slices.ContainsFunc(tokens, func(token auth.Secret) bool { return keystone.SwiftTakes(t, token) }) {
		t.Fatal("Swift takes a token that was revoked")
	}
	u.send(t, 20<<20)
	u.finish(t)
}

// testDisabled disables the user during an upload.
func (s *site) testDisabled(t *testing.T, disable func()) {
	u := s.upload(t, "disabled")
	u.send(t, 1<<20)
	disable()
	chunk := make([]byte, 4<<10)
	if !eventually(func() bool { _, err := u.file.Write(chunk); return err != nil }) {
		t.Error("the upload goes on")
	}
	if err := u.file.Close(); err == nil {
		t.Error("the upload ended well")
	}
	if !eventually(func() bool { _, err := u.client.Getwd(); return err != nil }) {
		t.Error("the session goes on")
	}
	var err error
	if !eventually(func() bool { err = s.dial(); return err != nil }) {
		t.Error("the user is let in")
	} else if !strings.Contains(err.Error(), "unable to authenticate") {
		t.Errorf("login: got %v, want it refused", err)
	}
}

// way is a proxy for Keystone that records the tokens.
type way struct {
	url   string
	down  atomic.Bool
	hangs atomic.Bool // while it is down: does not answer

	mu     sync.Mutex
	tokens []auth.Secret
}

func openWay(t *testing.T, to string) *way {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	w := &way{}
	through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	through.ModifyResponse = func(resp *http.Response) error {
		if token := resp.Header.Get("X-Subject-Token"); token != "" && resp.Request.Method == http.MethodPost {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.tokens = append(w.tokens, auth.Secret(token))
		}
		return nil
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.down.Load() {
			if w.hangs.Load() {
				// Otherwise the end of the connection would not be noticed.
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}
			panic(http.ErrAbortHandler) // like a service that is killed
		}
		through.ServeHTTP(rw, r)
	}))
	t.Cleanup(proxy.Close)
	w.url = proxy.URL + target.Path
	return w
}

// given returns the tokens of all logins so far.
func (w *way) given() []auth.Secret {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tokens)
}

// connect logs in over SSH.
func (s *site) connect() (*ssh.Client, error) {
	return ssh.Dial("tcp", "127.0.0.1:"+s.ssh, &ssh.ClientConfig{
		User: s.user, Auth: []ssh.AuthMethod{ssh.Password(s.password)}, Timeout: patience,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // a gateway of our own on loopback
	})
}

// dial logs in and disconnects.
func (s *site) dial() error {
	conn, err := s.connect()
	if err == nil {
		conn.Close()
	}
	return err
}

// upload is an upload in progress.
type upload struct {
	client *sftp.Client
	file   *sftp.File
	name   string
	sent   bytes.Buffer
}

// upload starts an upload in a new session.
func (s *site) upload(t *testing.T, name string) *upload {
	t.Helper()
	conn, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	u := &upload{name: "/" + s.container + "/" + name}
	if u.client, err = sftp.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	if u.file, err = u.client.Create(u.name); err != nil {
		t.Fatal(err)
	}
	return u
}

func (u *upload) send(t *testing.T, n int) {
	t.Helper()
	b := make([]byte, n)
	rand.Read(b)
	if _, err := u.file.Write(b); err != nil {
		t.Fatalf("%s after %d bytes: %v", u.name, u.sent.Len(), err)
	}
	u.sent.Write(b)
}

// finish completes the upload, and checks the stored file.
func (u *upload) finish(t *testing.T) {
	t.Helper()
	if err := u.file.Close(); err != nil {
		t.Fatalf("the end of %s: %v", u.name, err)
	}
	f, err := u.client.Open(u.name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(got, u.sent.Bytes()) {
		t.Errorf("%s came back with %d bytes, of %d sent: %v", u.name, len(got), u.sent.Len(), err)
	}
}
