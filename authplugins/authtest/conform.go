package authtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filegate/core/auth"
)

// conform is the suite: a rule to each subtest.
func conform(t *testing.T, s Subject, a auth.Authenticator) {
	t.Run("the right password opens", func(t *testing.T) { testRight(t, s, a) })
	t.Run("a wrong password is denied", func(t *testing.T) { testWrong(t, s, a) })
	t.Run("an unknown user is unknown or denied", func(t *testing.T) { testUnknown(t, s, a) })
	t.Run("an empty user or password is denied unasked", func(t *testing.T) { testEmpty(t, s, a) })
	t.Run("odd characters open nothing and break nothing", func(t *testing.T) { testOdd(t, s, a) })
	t.Run("another method is not supported", func(t *testing.T) { testMethods(t, s, a) })
	t.Run("a call ends with its context", func(t *testing.T) { testContext(t, s, a) })
	t.Run("logins are concurrent", func(t *testing.T) { testConcurrent(t, s, a) })
	t.Run("a grant is renewed", func(t *testing.T) { testRenew(t, s, a) })
	t.Run("a renewal that was tampered with is denied", func(t *testing.T) { testTampered(t, s, a) })
	t.Run("secrets stay out of errors and dumps", func(t *testing.T) { testSecrets(t, s, a) })
}

// mustLogin returns the identity of the login that is right.
func mustLogin(t *testing.T, s Subject, a auth.Authenticator) *auth.Identity {
	t.Helper()
	resp, err := login(t.Context(), a, s.User, s.Password)
	if err != nil {
		t.Fatalf("login of %q with the right password: %v", s.User, err)
	}
	if resp.Identity == nil {
		t.Fatalf("login of %q: no identity, next step %v", s.User, resp.Next)
	}
	return resp.Identity
}

// wantKind fails unless err is of one of the kinds.
func wantKind(t *testing.T, what string, err error, kinds ...error) {
	t.Helper()
	if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		t.Errorf("%s: got error %v, want one of %q", what, err, kinds)
	}
}

func testRight(t *testing.T, s Subject, a auth.Authenticator) {
	id := mustLogin(t, s, a)
	if id.User == "" {
		t.Error("the identity has no user: logs and listings need one")
	}
	if id.Grant.Token == "" || id.Grant.Endpoint == "" {
		t.Errorf("the grant opens no storage: endpoint %q, token empty: %t", id.Grant.Endpoint, id.Grant.Token == "")
	}
	if !id.Grant.Expires.IsZero() && time.Until(id.Grant.Expires) <= 0 {
		t.Errorf("the grant has ended already, at %s", id.Grant.Expires)
	}
}

func testWrong(t *testing.T, s Subject, a auth.Authenticator) {
	for _, password := range []string{s.Password + "x", s.Password[:len(s.Password)-1], strings.ToUpper(s.Password) + "!", "x"} {
		_, err := login(t.Context(), a, s.User, password)
		wantKind(t, "a wrong password", err, auth.ErrDenied)
	}
}

func testUnknown(t *testing.T, s Subject, a auth.Authenticator) {
	_, err := login(t.Context(), a, s.Unknown, s.Password)
	wantKind(t, "an unknown user", err, auth.ErrUnknownUser, auth.ErrDenied)
}

func testEmpty(t *testing.T, s Subject, a auth.Authenticator) {
	before := requests(s)
	for _, c := range []struct{ user, password string }{{"", s.Password}, {s.User, ""}, {"", ""}} {
		_, err := login(t.Context(), a, c.user, c.password)
		wantKind(t, fmt.Sprintf("user %q with a password of %d bytes", c.user, len(c.password)), err, auth.ErrDenied)
	}
	if n := requests(s) - before; n != 0 {
		t.Errorf("the service was asked %d times; some take an empty password for an anonymous login", n)
	}
}

func requests(s Subject) int {
	if s.Requests == nil {
		return 0
	}
	return s.Requests()
}

func testOdd(t *testing.T, s Subject, a auth.Authenticator) {
	odd := map[string]string{
		"unicode":         "gänseblümchen-花-🌼",
		"combining":       "e\u0301\u202e\u200b",
		"quotes":          `'"` + "`" + `\"; --`,
		"braces":          `{"password": null}`,
		"newlines":        "a\r\nX-Auth-Key: b\r\n\r\n",
		"NUL":             "a\x00b",
		"controls":        "\x01\x1b[31m\x7f",
		"invalid UTF-8":   "\xff\xfe\xc3",
		"spaces":          "   ",
		"separators":      ".@.@.@:::",
		"path":            "../../etc/passwd",
		"percent":         "%00%0a%s%n",
		"a hundred KiB":   strings.Repeat("x", 100<<10),
		"a hundred KiB 2": strings.Repeat("ü.@", 25<<10),
	}
	for name, text := range odd {
		_, err := login(t.Context(), a, text, s.Password)
		wantKind(t, name+" as user", err, auth.ErrUnknownUser, auth.ErrDenied, auth.ErrInvalid)
		_, err = login(t.Context(), a, s.User, text)
		wantKind(t, name+" as password", err, auth.ErrDenied, auth.ErrInvalid)
	}
	mustLogin(t, s, a)
}

func testMethods(t *testing.T, s Subject, a auth.Authenticator) {
	methods := []auth.Method{auth.Password, auth.PublicKey, auth.Interactive, auth.Certificate, "carrier-pigeon"}
	for _, m := range methods {
		if slices.Contains(s.Kind.Info.Methods, m) {
			continue
		}
		_, err := a.Authenticate(t.Context(), auth.Request{User: s.User, Method: m, Password: auth.Secret(s.Password), PublicKey: []byte("key"), Verified: true})
		wantKind(t, string(m), err, auth.ErrMethod)
	}
}

func testContext(t *testing.T, s Subject, a auth.Authenticator) {
	id := mustLogin(t, s, a)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "expired": expired} {
		_, err := login(ctx, a, s.User, s.Password)
		wantKind(t, name+" login", err, auth.ErrUnavailable)
		_, err = a.Renew(ctx, id.Grant)
		wantKind(t, name+" renewal", err, auth.ErrUnavailable)
	}
}

func testConcurrent(t *testing.T, s Subject, a auth.Authenticator) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			password, want := s.Password, error(nil)
			if i%2 == 1 {
				password, want = s.Password+"x", auth.ErrDenied
			}
			resp, err := login(t.Context(), a, s.User, password)
			if !errors.Is(err, want) || (want == nil && resp.Identity == nil) {
				t.Errorf("login %d: got %v, want %v", i, err, want)
			}
		})
	}
	wg.Wait()
}

func testRenew(t *testing.T, s Subject, a auth.Authenticator) {
	grant := mustLogin(t, s, a).Grant
	for range 2 { // a renewed grant is renewed in turn
		fresh, err := a.Renew(t.Context(), grant)
		if err != nil {
			t.Fatalf("Renew: %v", err)
		}
		if fresh.Token == "" || fresh.Endpoint != grant.Endpoint || fresh.Region != grant.Region {
			t.Errorf("the fresh grant is for another storage: endpoint %q, was %q; token empty: %t", fresh.Endpoint, grant.Endpoint, fresh.Token == "")
		}
		grant = fresh
	}
}

func testTampered(t *testing.T, s Subject, a auth.Authenticator) {
	grant := mustLogin(t, s, a).Grant
	renewal := grant.Renewal
	if len(renewal) == 0 {
		t.Fatal("the grant cannot be renewed: Renewal is empty")
	}
	tampered := map[string][]byte{"empty": nil, "cut": renewal[:len(renewal)-1], "longer": append(bytes.Clone(renewal), 0), "rubbish": []byte(`{"user":"admin"}`)}
	for _, i := range []int{0, len(renewal) / 2, len(renewal) - 1} {
		changed := bytes.Clone(renewal)
		changed[i] ^= 1
		tampered[fmt.Sprintf("byte %d changed", i)] = changed
	}
	for name, renewal := range tampered {
		grant.Renewal = renewal
		_, err := a.Renew(t.Context(), grant)
		wantKind(t, name, err, auth.ErrDenied)
	}
}

func testSecrets(t *testing.T, s Subject, a auth.Authenticator) {
	id := mustLogin(t, s, a)
	if bytes.Contains(id.Grant.Renewal, []byte(s.Password)) {
		t.Error("the renewal has the password in it unsealed")
	}
	dump := fmt.Sprintf("%v %+v %#v", *id, *id, *id)
	for name, secret := range map[string]string{"password": s.Password, "token": id.Grant.Token.Reveal()} {
		if strings.Contains(dump, secret) {
			t.Errorf("the %s prints with the identity", name)
		}
	}
	const wrong = "wr0ng-but-still-s3cret"
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, denied := login(t.Context(), a, s.User, wrong)
	_, unknown := login(t.Context(), a, s.Unknown, wrong)
	_, odd := login(t.Context(), a, s.User, wrong+"\x00")
	_, late := login(cancelled, a, s.User, wrong)
	for _, err := range []error{denied, unknown, odd, late} {
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, wrong) {
			t.Errorf("an error shows the password: %s", text)
		}
	}
}
