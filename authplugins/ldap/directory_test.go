package ldap_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filegate/core/auth"
)

// clear returns a configuration for fake servers, without encryption.
func clear(servers ...*fake) map[string]any {
	var urls []string
	for _, f := range servers {
		urls = append(urls, f.url)
	}
	return map[string]any{"servers": urls, "start_tls": false, "search_base": "dc=example"}
}

// TestFaults tests servers that fail: each login fails without being refused, or the next server is
// asked if it may succeed.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(message) []byte
		says   string // part of the error; empty: the next server is asked
	}{
		"it ends the connection": {answer: func(message) []byte { return nil }},
		"rubbish":                {answer: func(message) []byte { return []byte("220 mail.example.net ESMTP\r\n") }},
		"nested without end":     {answer: func(message) []byte { return []byte(strings.Repeat("\x30\x80", 100_000)) }},
		"a length without bound": {answer: func(message) []byte {
			return []byte("\x30\x84\x7f\xff\xff\xff\x04\x84\x7f\xff\xff\xf0" + strings.Repeat("x", 2<<20))
		}},
		"an entry without end": {answer: func(m message) []byte { return m.entry("uid=alice,dc=example", strings.Repeat("x", 2<<20)) }},
		"busy":                 {answer: func(m message) []byte { return m.result(m.op+1+b2i(m.op == searchRequest), 51) }},
		"unavailable":          {answer: func(m message) []byte { return m.result(m.op+1+b2i(m.op == searchRequest), 52) }},
		"another's answer": {
			answer: func(m message) []byte { return element(0x30, []byte{0x02, 0x01, 0x7f}, element(bindResponse)) },
		},
		"silence":        {answer: func(message) []byte { return []byte{} }},
		"a referral":     {answer: func(m message) []byte { return m.result(m.op+1+b2i(m.op == searchRequest), 10) }, says: "referrals are not followed"},
		"confidential":   {answer: func(m message) []byte { return m.result(m.op+1+b2i(m.op == searchRequest), 13) }, says: "use ldaps or start_tls"},
		"not allowed":    {answer: func(m message) []byte { return m.result(m.op+1+b2i(m.op == searchRequest), 50) }, says: "because"},
		"an entry of no": {answer: func(m message) []byte { return append(m.entry("", "alice"), m.result(searchDone, 0)...) }, says: "without a DN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // some wait for a timeout
			bad, next := newFake(t, c.answer), newFake(t, good)
			a := authenticator(t, clear(bad, next), map[string]any{"timeout": "12s"})
			resp, err := a.Authenticate(t.Context(), byPassword("alice", password))
			if c.says == "" {
				if err != nil || resp.Identity.User != "alice" {
					t.Errorf("with a second server: got %+v, %v", resp.Identity, err)
				}
				before := bad.requests(searchRequest)
				if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); err != nil || bad.requests(searchRequest) != before {
					t.Errorf("the second login: %v; the first server was asked %d times more", err, bad.requests(searchRequest)-before)
				}
				resp, err = authenticator(t, clear(bad), map[string]any{"timeout": "1s"}).Authenticate(t.Context(), byPassword("alice", password))
			}
			if resp.Identity != nil || (!errors.Is(err, auth.ErrUnavailable) && !strings.Contains(c.says, "DN")) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %+v, %v, want %v that says %q", resp.Identity, err, auth.ErrUnavailable, c.says)
			}
			if c.says != "" && next.requests(bindRequest)+next.requests(searchRequest) > 0 {
				t.Error("the next server was asked")
			}
			if text := err.Error(); strings.Contains(text, password) || len(text) > 2000 {
				t.Errorf("the error has %d bytes, or the password: %.300s", len(text), text)
			}
		})
	}
}

// b2i returns 1 for the answer of a search, whose tag is one greater than that of a bind.
func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// TestBindAnswers tests the result codes that a directory may return for the user's bind.
func TestBindAnswers(t *testing.T) {
	for code, want := range map[byte]error{
		0: nil, 49: auth.ErrDenied, 48: auth.ErrDenied, 53: auth.ErrDenied, 19: auth.ErrDenied, 50: auth.ErrDenied,
		32: auth.ErrUnknownUser, 34: auth.ErrUnknownUser, 1: auth.ErrUnavailable, 2: auth.ErrUnavailable, 8: auth.ErrUnavailable, 10: auth.ErrUnavailable,
		14: auth.ErrUnavailable, 51: auth.ErrUnavailable, 80: auth.ErrUnavailable, 127: auth.ErrUnavailable,
	} {
		f := newFake(t, func(m message) []byte {
			if m.op == bindRequest {
				return m.result(bindResponse, code)
			}
			return good(m)
		})
		resp, err := authenticator(t, clear(f), nil).Authenticate(t.Context(), byPassword("alice", password))
		if !errors.Is(err, want) || (want != nil) != (resp.Identity == nil) {
			t.Errorf("result %d: got %+v, %v, want %v", code, resp.Identity, err, want)
		}
	}
}

// TestIdleEnds tests a server that ends the connection after each login. Logins do not fail because
// of this.
func TestIdleEnds(t *testing.T) {
	f := newFake(t, good)
	a := authenticator(t, clear(f), nil)
	for range 3 {
		if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.got[len(f.got)-1].conn.Close()
		f.mu.Unlock()
	}
}

// TestNoAnonymousBind tests a server that refuses anonymous binds and answers searches without a
// bind.
func TestNoAnonymousBind(t *testing.T) {
	f := newFake(t, func(m message) []byte {
		if m.op == bindRequest && !bytes.Contains(m.body, []byte("uid=alice")) {
			return m.result(bindResponse, 48)
		}
		return good(m)
	})
	a := authenticator(t, clear(f), nil)
	for i := range 3 {
		if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); err != nil {
			t.Fatalf("login %d: %v", i+1, err)
		}
	}
}

// TestGroupsElsewhere tests a search for groups that refers to another server.
func TestGroupsElsewhere(t *testing.T) {
	for reference, want := range map[string]error{
		"ldap://other.example/ou=more,dc=example": auth.ErrUnavailable,
		"ldap://other.example":                    auth.ErrUnavailable,
		"::":                                      auth.ErrUnavailable,
		"ldap://DomainDnsZones.example/DC=DomainDnsZones,DC=example": nil,
		"ldap://example/CN=Configuration,DC=example":                 nil,
	} {
		f := newFake(t, func(m message) []byte {
			if m.op == searchRequest && bytes.Contains(m.body, []byte("ou=groups")) {
				return append(element(0x30, m.id, element(searchReference, text(reference))), m.result(searchDone, 0)...)
			}
			return good(m)
		})
		_, err := authenticator(t, clear(f), map[string]any{"group_base": "ou=groups,dc=example"}).Authenticate(t.Context(), byPassword("alice", password))
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", reference, err, want)
		}
	}
}

// TestConnections tests more logins than connections: logins wait for a free connection and reuse
// it.
func TestConnections(t *testing.T) {
	s := startSlapd(t)
	s.add(t, "alice", password, nil)
	between := newCounter(t, s.tls)
	a := authenticator(t, s.searching(), map[string]any{"servers": []string{"ldaps://" + between.address}, "connections": 3})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			pass, want := password, error(nil)
			if i%3 == 0 {
				pass, want = "wrong", auth.ErrDenied
			}
			if _, err := a.Authenticate(t.Context(), byPassword("alice", pass)); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
	wg.Wait()
	if most, dialed := between.most.Load(), between.dialed.Load(); most > 3 || dialed > 3 {
		t.Errorf("%d connections at a time, and %d in all, want 3 at most", most, dialed)
	}
}

// TestTLS tests servers that cannot be trusted: no password is sent to them.
func TestTLS(t *testing.T) {
	s := startSlapd(t)
	s.add(t, "alice", password, nil)
	other := t.TempDir()
	writeCertificates(t, other)
	for _, server := range []string{"ldaps://" + s.tls, "ldap://" + s.plain} {
		values := map[string]any{"servers": []string{server}}
		if _, err := authenticator(t, s.binding(), values).Authenticate(t.Context(), byPassword("alice", password)); err != nil {
			t.Errorf("%s: %v", server, err)
		}
		for name, ca := range map[string]string{"another authority": filepath.Join(other, "ca.pem"), "the system's": ""} {
			values["ca_file"] = ca
			_, err := authenticator(t, s.binding(), values).Authenticate(t.Context(), byPassword("alice", password))
			if !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("%s, by %s: got %v, want %v for the certificate", server, name, err, auth.ErrUnavailable)
			}
		}
		values["ca_file"], values["servers"] = s.ca, []string{strings.Replace(server, "127.0.0.1", "localhost", 1)} // the certificate is not for this name
		if _, err := authenticator(t, s.binding(), values).Authenticate(t.Context(), byPassword("alice", password)); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s by another name: got %v, want %v", server, err, auth.ErrUnavailable)
		}
	}
	t.Run("TLS 1.1", func(t *testing.T) {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{serverCertificate(t, s.dir)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_ = c.(*tls.Conn).Handshake()
				c.Close()
			}
		}()
		a := authenticator(t, s.binding(), map[string]any{"servers": []string{"ldaps://" + l.Addr().String()}})
		if _, err := a.Authenticate(t.Context(), byPassword("alice", password)); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("got %v, want %v for the version", err, auth.ErrUnavailable)
		}
	})
	for name, answer := range map[string]func(message) []byte{
		"StartTLS refused": func(m message) []byte { return m.result(extendedAnswer, 2) },
		// A man in the middle sends the answer in advance, before TLS begins.
		"an answer behind StartTLS": func(m message) []byte {
			if m.op != extendedRequest {
				return good(m)
			}
			return append(m.result(extendedAnswer, 0), good(message{id: []byte{0x02, 0x01, 0x02}, op: bindRequest})...)
		},
		"an end behind StartTLS": func(m message) []byte {
			_, _ = m.conn.Write(m.result(extendedAnswer, 0))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, answer)
			_, err := authenticator(t, s.binding(), map[string]any{"servers": []string{f.url}, "timeout": "2s"}).Authenticate(t.Context(), byPassword("alice", password))
			if !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("got %v, want %v", err, auth.ErrUnavailable)
			}
			if f.requests(bindRequest) > 0 {
				t.Error("the password went over the wire in clear text")
			}
		})
	}
}

// TestServersInOrder tests that the second server is asked if the first one does not listen.
func TestServersInOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := &fake{url: "ldap://" + l.Addr().String()}
	l.Close()
	first, second := newFake(t, good), newFake(t, good)
	if _, err := authenticator(t, clear(gone, second), nil).Authenticate(t.Context(), byPassword("alice", password)); err != nil {
		t.Error(err)
	}
	if _, err := authenticator(t, clear(first, second), nil).Authenticate(t.Context(), byPassword("alice", password)); err != nil || first.requests(bindRequest) != 1 || second.requests(bindRequest) != 1 {
		t.Errorf("%v; the first server had %d binds, the second %d, want 1 and 1", err, first.requests(bindRequest), second.requests(bindRequest))
	}
}
