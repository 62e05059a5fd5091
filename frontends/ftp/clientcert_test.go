package ftp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"sync"
	"testing"

	"filegate/core/auth"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ftp"
)

// certified is a server that wants clients' certificates, and a client's configuration with one
// that it trusts.
type certified struct {
	*frontendtest.Server
	client            *tls.Config
	certFile, keyFile string

	mu    sync.Mutex
	asked []auth.Request
}

func (c *certified) requests() []auth.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// startCertified starts a server whose authenticator answers a certificate with response and err,
// and one password.
func startCertified(t *testing.T, change func(*ftp.Config), response auth.Response, err error) *certified {
	t.Helper()
	cfg, client := configTLS(t, "explicit")
	c := &certified{client: client}
	c.certFile, c.keyFile = certificate(t, t.TempDir(), "alice")
	cfg.TLS.ClientCA = c.certFile // it has signed itself
	if change != nil {
		change(cfg)
	}
	mine, problem := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if problem != nil {
		t.Fatal(problem)
	}
	client.Certificates = []tls.Certificate{mine}
	c.Server = frontendtest.Start(t, cfg, frontendtest.Options{
		FS: memory(), Methods: []auth.Method{auth.Password, auth.Certificate},
		Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
			c.mu.Lock()
			c.asked = append(c.asked, req)
			c.mu.Unlock()
			switch {
			case req.Method == auth.Certificate && req.Verified && bytes.Equal(req.PublicKey, mine.Certificate[0]):
				return response, err
			case req.Method == auth.Password && req.Password == frontendtest.Password:
				return auth.Response{Identity: &auth.Identity{User: req.User}}, nil
			}
			return auth.Response{}, auth.ErrDenied
		},
	})
	return c
}

func (c *certified) dial(t *testing.T) *raw {
	t.Helper()
	r := dialRaw(t, c.Addr)
	r.secure(c.client)
	return r
}

var inByCertificate = auth.Response{Identity: &auth.Identity{User: "alice", Message: "Welcome.\nYour quota is \x1b[31mfull\n."}}

func TestClientCertificate(t *testing.T) {
	t.Run("is enough", func(t *testing.T) {
		c := startCertified(t, nil, inByCertificate, nil)
		r := c.dial(t)
		r.send("USER alice\r\n")
		if got, want := r.reply(), []string{"232-Welcome.", `232-Your quota is \x1b[31mfull`, "232-.", "232 You are logged in."}; !slices.Equal(got, want) {
			t.Errorf("the reply to USER is %q, want %q", got, want)
		}
		r.cmd("PASS whatever", "202")
		r.cmd("PWD", "257")
		r.cmd("MKD dir", "257")
		if n := len(c.Sessions()); n != 1 {
			t.Errorf("%d sessions began, want one", n)
		}
		r.cmd("USER alice", "232") // once more
		r.cmd("NOOP", "200")
		r.cmd("PASS "+frontendtest.Password, "230") // with a password after all
	})
	t.Run("is none", func(t *testing.T) {
		c := startCertified(t, nil, inByCertificate, nil)
		c.client.Certificates = nil
		c.dial(t).loginWith("331", "230")
	})
	t.Run("is refused", func(t *testing.T) {
		c := startCertified(t, nil, auth.Response{}, &auth.Error{Kind: auth.ErrDenied, Text: "This certificate was taken back."})
		r := c.dial(t)
		r.cmd("USER alice", "331")
		r.cmd("PASS wrong", "530 This certificate was taken back.")
	})
	t.Run("nobody can tell", func(t *testing.T) {
		c := startCertified(t, nil, auth.Response{}, auth.ErrUnavailable)
		c.dial(t).cmd("USER alice", "421")
	})
	t.Run("is nobody's", func(t *testing.T) {
		c := startCertified(t, nil, auth.Response{}, auth.ErrUnknownUser)
		c.dial(t).loginWith("331", "230")
	})
	t.Run("is half", func(t *testing.T) {
		c := startCertified(t, nil, auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Password}, State: []byte("half")}}, nil)
		c.dial(t).loginWith("331", "230")
		asked := c.requests()
		if last := asked[len(asked)-1]; string(last.State) != "half" || last.SessionID != asked[0].SessionID {
			t.Errorf("the password came as %+v after %+v, want the state of the step in the same login", last, asked[0])
		}
	})
	t.Run("is half, and the rest is nothing for FTP", func(t *testing.T) {
		c := startCertified(t, nil, auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}}}, nil)
		r := c.dial(t)
		r.cmd("USER alice", "331")
		r.cmd("PASS wrong", "530 Login incorrect.")
	})
	t.Run("looks the same for every name", func(t *testing.T) {
		var replies []string
		for _, err := range []error{auth.ErrDenied, auth.ErrUnknownUser, auth.ErrMethod, auth.ErrInvalid} {
			r := startCertified(t, nil, auth.Response{}, err).dial(t)
			r.send("USER alice\r\n")
			reply := strings.Join(r.reply(), "|")
			r.send("PASS wrong\r\n")
			replies = append(replies, reply+strings.Join(r.reply(), "|"))
		}
		if len(slices.Compact(replies)) != 1 {
			t.Errorf("the replies differ: %q", replies)
		}
	})
}

// loginWith is login with what the replies begin with.
func (r *raw) loginWith(user, pass string) {
	r.t.Helper()
	r.cmd("USER "+frontendtest.User, user)
	r.cmd("PASS "+frontendtest.Password, pass)
}

// A certificate that nobody vouches for does not get in at all, and with "require" nobody does
// without.
func TestClientCertificateUntrusted(t *testing.T) {
	required := func(cfg *ftp.Config) { cfg.TLS.ClientCert = "require" }
	for name, tt := range map[string]struct {
		change func(*ftp.Config)
		spoil  func(*tls.Config)
	}{
		"another authority's": {nil, func(c *tls.Config) {
			other, err := tls.LoadX509KeyPair(certificate(t, t.TempDir(), "mallory"))
			if err != nil {
				t.Fatal(err)
			}
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &other, nil }
		}},
		"none": {required, func(c *tls.Config) { c.Certificates = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCertified(t, tt.change, inByCertificate, nil)
			tt.spoil(c.client)
			r := dialRaw(t, c.Addr)
			r.cmd("AUTH TLS", "234")
			tc := tls.Client(r.net, c.client)
			if tc.Handshake() == nil { // with TLS 1.3 the refusal comes later
				if n, err := tc.Read(make([]byte, 1)); err == nil {
					t.Errorf("read %d bytes, want a refusal", n)
				}
			}
			if asked := c.requests(); len(asked) > 0 || len(c.Sessions()) > 0 {
				t.Errorf("it came to the login %+v", asked)
			}
		})
	}
}

func TestCurlClientCertificate(t *testing.T) {
	for _, mode := range []string{"explicit", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			c := startCertified(t, func(cfg *ftp.Config) { cfg.TLS.Mode, cfg.TLS.ClientCert = mode, "require" }, inByCertificate, nil)
			scheme := map[string]string{"explicit": "ftp", "implicit": "ftps"}[mode]
			dir := t.TempDir()
			write(t, dir, "file", content(100_000))
			tls := []string{"-k", "--ssl-reqd", "-u", "alice:wrong", "--cert", c.certFile, "--key", c.keyFile}
			succeeds(t, curl(t, c.Server, dir, scheme, append(tls, "-T", "file", "/copy")...))
			succeeds(t, curl(t, c.Server, dir, scheme, append(tls, "-o", "back", "/copy")...))
			if !bytes.Equal(read(t, dir, "back"), content(100_000)) {
				t.Error("the file came back changed")
			}
			if r := curl(t, c.Server, dir, scheme, "-k", "--ssl-reqd", "/"); r.Status == 0 {
				t.Error("a client without a certificate was let in")
			}
		})
	}
}

// What an authenticator has for the client comes with the reply to the password.
func TestTextsOfTheAuthenticator(t *testing.T) {
	srv := frontendtest.Start(t, config(), frontendtest.Options{FS: memory(), Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
		if req.Password != frontendtest.Password {
			return auth.Response{}, &auth.Error{Kind: auth.ErrDenied, Text: "Passwords have a\nspace in them."}
		}
		return auth.Response{Identity: &auth.Identity{User: "alice", Message: "550 was a good year.\n"}}, nil
	}})
	r := dialRaw(t, srv.Addr)
	r.cmd("USER alice", "331")
	r.send("PASS " + frontendtest.Password + "\r\n")
	if got, want := r.reply(), []string{"230-550 was a good year.", "230 You are logged in."}; !slices.Equal(got, want) {
		t.Errorf("the reply to PASS is %q, want %q", got, want)
	}
	r = dialRaw(t, srv.Addr)
	r.cmd("USER alice", "331")
	r.cmd("PASS wrong", `530 Passwords have a\x0aspace in them.`)
}
