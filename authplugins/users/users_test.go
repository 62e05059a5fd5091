package users_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/users"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// configure returns the authenticator in this process.
func configure(t *testing.T, values map[string]any) (auth.Authenticator, auth.Diagnostics) {
	t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := authplugin.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	return users.Kind().Configure(authplugin.Config{Values: text, Sealer: sealer})
}

// authenticator returns an authenticator for the file of the world.
func (w *world) authenticator() auth.Authenticator {
	w.t.Helper()
	a, diags := configure(w.t, w.values())
	if len(diags) > 0 {
		w.t.Fatal(diags)
	}
	return a
}

// mustLogin logs in with a new authenticator.
func (w *world) mustLogin(req auth.Request) auth.Identity {
	w.t.Helper()
	resp, err := w.authenticator().Authenticate(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	return *resp.Identity
}

// change edits the file with an editor, like the command filegate users.
func (w *world) change(edit func(*userfile.Editor) error) {
	w.t.Helper()
	e, err := userfile.Edit(w.file, false)
	if err == nil {
		err = edit(e)
	}
	if err == nil {
		err = e.Save()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// by returns a login request from the usual address.
func by(user string, method auth.Method, proof string) auth.Request {
	req := auth.Request{User: user, Method: method, Service: "ssh", Remote: netip.MustParseAddrPort("192.0.2.7:50022"), Verified: true}
	if method == auth.Password {
		req.Password = auth.Secret(proof)
	} else {
		req.PublicKey = []byte(proof)
	}
	return req
}

func TestIdentity(t *testing.T) {
	w := newWorld(t)
	w.edit(`storage          = "legacy"`, `storage          = "legacy"
  groups      = ["staff", "ops"]
  home        = "/files/alice"
  permissions = ["read", "list"]
  rule "/incoming" { permissions = ["write", "list"] }
  rule "/secret" { permissions = [] }
  limits {
    sessions      = 4
    upload_rate   = "10MiB"
    download_rate = "1MB"
    session_bytes = "1TiB"
  }
  message = "Welcome."`)
	resp, err := w.authenticator().Authenticate(t.Context(), by("alice", auth.Password, password))
	if err != nil {
		t.Fatal(err)
	}
	got := *resp.Identity
	if got.Grant.Token == "" || !strings.HasSuffix(got.Grant.Endpoint, "/AUTH_test") || len(got.Grant.Renewal) == 0 {
		t.Errorf("the grant opens no storage: %v", got.Grant)
	}
	got.Grant = auth.Grant{}
	want := auth.Identity{
		User: "alice", Groups: []string{"staff", "ops"}, Home: "/files/alice", Permissions: []auth.Permission{auth.Read, auth.List},
		Rules:    []auth.Rule{{Path: "/incoming", Permissions: []auth.Permission{auth.Write, auth.List}}, {Path: "/secret"}},
		Limits:   auth.Limits{Sessions: 4, UploadRate: 10 << 20, DownloadRate: 1e6, SessionBytes: 1 << 40},
		CacheFor: 30 * time.Second, Confirm: true, Message: "Welcome.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestKeptOut checks the errors of refused logins. A user in the file is always denied, so that no
// other authenticator is asked.
func TestKeptOut(t *testing.T) {
	w := newWorld(t)
	der := w.tlsCertificate(pkix.Name{CommonName: "printer"}, true, nil)
	sum := sha256.Sum256(der)
	key := string(w.laptop.PublicKey().Marshal())
	w.write(fmt.Sprintf(`
tls_authorities = %[1]q
user "open"     { password = %[2]q }
user "disabled" {
  password = %[2]q
  keys     = [%[3]q]
  disabled = true
}
user "office" {
  password = %[2]q
  networks = ["192.0.2.0/24", "2001:db8::/32"]
}
user "elsewhere" {
  password = %[2]q
  networks = ["198.51.100.0/24"]
}
user "ftp" {
  password = %[2]q
  services = ["ftp"]
}
user "keyless" { password = %[2]q }
user "keyed"   { keys = [%[3]q] }
user "guest"   { anonymous = true }
user "writer" {
  anonymous   = true
  permissions = ["write"]
}
user "printer" { tls_certificates = ["SHA256:%[4]s"] }
user "alice"   { tls_certificates = ["CN=alice,O=Example"] }
`, strings.TrimSuffix(w.file, "users.hcl")+"clients.pem", hash(t), line(w.laptop.PublicKey()), strings.ToUpper(hex.EncodeToString(sum[:]))))
	a := w.authenticator()
	from := func(req auth.Request, addr string) auth.Request {
		req.Remote = netip.MustParseAddrPort(addr)
		return req
	}
	nowhere := by("office", auth.Password, password)
	nowhere.Remote = netip.AddrPort{}
	for _, c := range []struct {
		name string
		req  auth.Request
		want error
	}{
		{"a password", by("open", auth.Password, password), nil},
		{"nobody of that name", by("nobody", auth.Password, password), auth.ErrUnknownUser},
		{"nobody of that name, by key", by("nobody", auth.PublicKey, key), auth.ErrUnknownUser},
		{"another spelling", by("Open", auth.Password, password), auth.ErrUnknownUser},
		{"disabled", by("disabled", auth.Password, password), auth.ErrDenied},
		{"disabled, by key", by("disabled", auth.PublicKey, key), auth.ErrDenied},
		{"from the network", by("office", auth.Password, password), nil},
		{"from the other network", from(by("office", auth.Password, password), "[2001:db8::7]:1"), nil},
		{"from the network, mapped", from(by("office", auth.Password, password), "[::ffff:192.0.2.9]:1"), nil},
		{"from nowhere that is known", nowhere, auth.ErrDenied},
		{"from another network", by("elsewhere", auth.Password, password), auth.ErrDenied},
		{"by another service", by("ftp", auth.Password, password), auth.ErrDenied},
		{"by key, who has none", by("keyless", auth.PublicKey, key), auth.ErrDenied},
		{"by key", by("keyed", auth.PublicKey, key), nil},
		{"by password, who has none", by("keyed", auth.Password, password), auth.ErrDenied},
		{"anonymous", by("guest", auth.Password, "me@example.org"), nil},
		{"anonymous, by key", by("guest", auth.PublicKey, key), auth.ErrDenied},
		{"anonymous without a password", by("guest", auth.Password, ""), nil},
		{"no password", by("open", auth.Password, ""), auth.ErrDenied},
		{"by fingerprint", by("printer", auth.Certificate, string(der)), nil},
		{"by another's fingerprint", by("open", auth.Certificate, string(der)), auth.ErrDenied},
		{"by subject", by("alice", auth.Certificate, string(w.tlsCertificate(aliceName(), false, nil))), nil},
		{"by subject, signed by herself", by("alice", auth.Certificate, string(w.tlsCertificate(aliceName(), true, nil))), auth.ErrDenied},
		{"by another subject", by("alice", auth.Certificate, string(w.tlsCertificate(pkix.Name{CommonName: "alice"}, false, nil))), auth.ErrDenied},
		{"by a certificate that is over", by("alice", auth.Certificate, string(w.tlsCertificate(aliceName(), false, func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Minute)
		}))), auth.ErrDenied},
		{"by a server's certificate", by("alice", auth.Certificate, string(w.tlsCertificate(aliceName(), false, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}))), auth.ErrDenied},
		{"by rubbish", by("alice", auth.Certificate, "rubbish"), auth.ErrDenied},
		{"by prompts", by("open", auth.Interactive, ""), auth.ErrMethod},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, err := a.Authenticate(t.Context(), c.req)
			if !errors.Is(err, c.want) || (c.want == nil) != (resp.Identity != nil) {
				t.Errorf("got %v, %v, want %v", resp.Identity, err, c.want)
			}
		})
	}
	for user, want := range map[string][]auth.Permission{"guest": {auth.Read, auth.List}, "writer": {auth.Write}} {
		resp, err := a.Authenticate(t.Context(), by(user, auth.Password, "x"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, resp.Identity.Permissions); diff != "" {
			t.Errorf("%s (-want +got)\n%s", user, diff)
		}
	}
}

// TestQuery checks that an unverified key gets no grant, and causes no request to the storage.
func TestQuery(t *testing.T) {
	w := newWorld(t)
	req := by("alice", auth.PublicKey, string(w.laptop.PublicKey().Marshal()))
	req.Verified = false
	before := w.requests()
	resp, err := w.authenticator().Authenticate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if g := resp.Identity.Grant; g.Token != "" || len(g.Renewal) > 0 || w.requests() != before {
		t.Errorf("a query brought the grant %v, and asked the storage %d times", g, w.requests()-before)
	}
}

// TestCredentialRefused checks that a credential refused by the storage denies the login, that the
// log names the user, and that a session ends with its renewal.
func TestCredentialRefused(t *testing.T) {
	for user, c := range map[string]struct{ storage, login string }{"alice": {"legacy", "test:tester"}, "kate": {"cloud", "test.tester"}} {
		w := newWorld(t)
		grant := w.mustLogin(by(user, auth.Password, password)).Grant
		w.change(func(e *userfile.Editor) error { return e.SetCredential(user, c.storage, c.login, "wrong", w.key) })
		_, err := w.authenticator().Authenticate(t.Context(), by(user, auth.Password, password))
		if !errors.Is(err, auth.ErrDenied) || !strings.Contains(err.Error(), c.login) {
			t.Errorf("%s: the login got %v, want %v with who is refused", user, err, auth.ErrDenied)
		}
		if _, err := w.authenticator().Renew(t.Context(), grant); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: the renewal got %v, want %v", user, err, auth.ErrDenied)
		}
	}
}

// TestCredentialRevoked checks that a session ends when the storage no longer accepts the
// credential, although its token may still be valid. cache_for bounds how long a recently accepted
// credential is not checked.
func TestCredentialRevoked(t *testing.T) {
	for cacheFor, want := range map[string]error{"0s": auth.ErrDenied, "1h": nil} {
		w := newWorld(t)
		values := w.values()
		values["cache_for"] = cacheFor
		a, diags := configure(t, values)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		resp, err := a.Authenticate(t.Context(), by("kate", auth.Password, password))
		if err != nil {
			t.Fatal(err)
		}
		before := w.requests()
		if err := auth.Revalidate(t.Context(), a, *resp.Identity); err != nil {
			t.Errorf("cache_for %s: a good credential: %v", cacheFor, err)
		}
		if asked := w.requests() > before; asked != (want != nil) {
			t.Errorf("cache_for %s: the storage was asked: %t", cacheFor, asked)
		}
		w.swift.Disable("test", "tester")
		if err := auth.Revalidate(t.Context(), a, *resp.Identity); !errors.Is(err, want) {
			t.Errorf("cache_for %s: a revoked credential: got %v, want %v", cacheFor, err, want)
		}
		if _, err := a.Authenticate(t.Context(), by("kate", auth.Password, password)); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("cache_for %s: a login with a revoked credential: %v", cacheFor, err)
		}
	}
}

// TestStorageDown checks that an unavailable storage denies no login and ends no session.
func TestStorageDown(t *testing.T) {
	w := newWorld(t)
	grant := w.mustLogin(by("alice", auth.Password, password)).Grant
	w.swift.Close()
	a := w.authenticator()
	if _, err := a.Authenticate(t.Context(), by("alice", auth.Password, password)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the login got %v, want %v", err, auth.ErrUnavailable)
	}
	if _, err := a.Renew(t.Context(), grant); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the renewal got %v, want %v", err, auth.ErrUnavailable)
	}
	if _, err := a.Authenticate(t.Context(), by("alice", auth.Password, "wrong")); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a wrong password got %v, want %v", err, auth.ErrDenied)
	}
}

// TestSessionAfterChange checks that a session ends if, and only if, the proof or the storage of
// its login is removed from the file.
func TestSessionAfterChange(t *testing.T) {
	for name, c := range map[string]struct {
		req    func(w *world) auth.Request
		change func(w *world, e *userfile.Editor) error
		edit   func(w *world) // used instead of change
		want   error
	}{
		"nothing": {want: nil},
		"another password": {
			change: func(_ *world, e *userfile.Editor) error { return e.SetPassword("alice", "another") },
			want:   auth.ErrDenied,
		},
		"another password, by key": {
			req: func(w *world) auth.Request {
				return by("alice", auth.PublicKey, string(w.laptop.PublicKey().Marshal()))
			},
			change: func(_ *world, e *userfile.Editor) error { return e.SetPassword("alice", "another") },
		},
		"the key is gone": {
			req: func(w *world) auth.Request {
				return by("alice", auth.PublicKey, string(w.laptop.PublicKey().Marshal()))
			},
			edit: func(w *world) { w.edit(line(w.laptop.PublicKey()), line(newSigner(w.t).PublicKey())) },
			want: auth.ErrDenied,
		},
		"the authority is gone": {
			req:  func(w *world) auth.Request { return by("alice", auth.PublicKey, string(w.sshCertificate("alice"))) },
			edit: func(w *world) { w.edit("ssh_authorities", "# ssh_authorities") },
			want: auth.ErrDenied,
		},
		"the key is revoked": {
			req: func(w *world) auth.Request { return by("alice", auth.PublicKey, string(w.sshCertificate("alice"))) },
			edit: func(w *world) {
				w.edit("ssh_authorities", fmt.Sprintf("revoked_keys = [%q]\nssh_authorities", ssh.FingerprintSHA256(w.office.PublicKey())))
			},
			want: auth.ErrDenied,
		},
		"disabled": {edit: func(w *world) { w.edit(`user "alice" {`, "user \"alice\" {\n  disabled = true") }, want: auth.ErrDenied},
		"gone": {
			edit: func(w *world) { w.write("user \"bob\" {}\n") },
			want: auth.ErrUnknownUser,
		},
		"kept out":       {edit: func(w *world) { w.edit(`user "alice" {`, "user \"alice\" {\n  networks = [\"198.51.100.0/24\"]") }, want: auth.ErrDenied},
		"a service less": {edit: func(w *world) { w.edit(`user "alice" {`, "user \"alice\" {\n  services = [\"ftp\"]") }, want: auth.ErrDenied},
		"the secret anew": {change: func(w *world, e *userfile.Editor) error {
			return e.SetCredential("alice", "legacy", "test:tester", "testing", w.key)
		}},
		"another login": {change: func(w *world, e *userfile.Editor) error {
			return e.SetCredential("alice", "legacy", "test2:tester2", "testing2", w.key)
		}, want: auth.ErrDenied},
		"another storage": {change: func(w *world, e *userfile.Editor) error {
			return e.SetCredential("alice", "cloud", "test.tester", "testing", w.key)
		}, want: auth.ErrDenied},
		"somebody besides": {change: func(_ *world, e *userfile.Editor) error { return e.Add("bob", "", "") }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			req := by("alice", auth.Password, password)
			if c.req != nil {
				req = c.req(w)
			}
			id := w.mustLogin(req)
			if c.change != nil {
				w.change(func(e *userfile.Editor) error { return c.change(w, e) })
			}
			if c.edit != nil {
				c.edit(w)
			}
			a := w.authenticator()
			if err := auth.Revalidate(t.Context(), a, id); !errors.Is(err, c.want) {
				t.Errorf("Revalidate: got %v, want %v", err, c.want)
			}
			fresh, err := a.Renew(t.Context(), id.Grant)
			if !errors.Is(err, c.want) {
				t.Errorf("Renew: got %v, want %v", err, c.want)
			}
			if c.want == nil && (fresh.Token == "" || fresh.Endpoint != id.Grant.Endpoint) {
				t.Errorf("Renew: got %v", fresh)
			}
			if err := auth.Release(t.Context(), a, id.Grant); err != nil {
				t.Errorf("Release: %v", err)
			}
		})
	}
}

// TestNoStorage checks that a user without a storage gets a grant without a token, which is renewed
// and revalidated like others.
func TestNoStorage(t *testing.T) {
	w := newWorld(t)
	w.write(fmt.Sprintf("user \"alice\" { password = %q }\n", hash(t)))
	id := w.mustLogin(by("alice", auth.Password, password))
	if id.Grant.Endpoint != "" || id.Grant.Token != "" {
		t.Errorf("a grant out of nothing: %v", id.Grant)
	}
	a := w.authenticator()
	if _, err := a.Renew(t.Context(), id.Grant); err != nil {
		t.Error(err)
	}
	if err := auth.Revalidate(t.Context(), a, id); err != nil {
		t.Error(err)
	}
	if err := auth.Release(t.Context(), a, id.Grant); err != nil {
		t.Error(err)
	}
}

func TestDiagnostics(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, attribute, want string
		values                map[string]any
	}{
		{"no file", "file", "no such file", map[string]any{"file": w.file + ".gone"}},
		{"a directory", "file", "no regular file", map[string]any{"file": "."}},
		{"not a key", "key", "openssl rand", map[string]any{"file": w.file, "key": "secret"}},
		{"a short key", "key", "openssl rand", map[string]any{"file": w.file, "key": "AAAA"}},
		{"another key", "file", "cannot be decrypted", map[string]any{"file": w.file, "key": otherKey()}},
		{"not a duration", "cache_for", "unit", map[string]any{"file": w.file, "key": sealKey, "cache_for": "5"}},
		{"a negative duration", "cache_for", "unit", map[string]any{"file": w.file, "key": sealKey, "cache_for": "-5s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := configure(t, c.values)
			if len(diags) != 1 || diags[0].Attribute != c.attribute || !strings.Contains(diags[0].Detail, c.want) {
				t.Errorf("got %+v, want one about %s with %q", diags, c.attribute, c.want)
			}
		})
	}
	w.write("user \"alice\" { password = \"hunter2\" }\n")
	_, diags := configure(t, w.values())
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "line 1") || strings.Contains(diags[0].Detail, "hunter2") {
		t.Errorf("got %+v, want one that says where in the file and shows no password", diags)
	}
}
