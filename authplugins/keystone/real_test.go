package keystone_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filegate/authplugins/authtest"
	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

// env returns one of the lab's variables for Keystone.
func env(t testing.TB, name string) string {
	t.Helper()
	return authtest.Lab(t, "FILEGATE_TEST_KEYSTONE"+name)
}

// attempt logs in to the lab's Keystone.
func attempt(t *testing.T, a auth.Authenticator, user, password string) (auth.Response, error) {
	t.Helper()
	return a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password), Service: "ssh", SessionID: "s"})
}

// TestFormsKeystone tries the forms of login names on a real Keystone.
func TestFormsKeystone(t *testing.T) {
	service, user, project, domain, password := env(t, ""), env(t, "_USER"), env(t, "_PROJECT"), env(t, "_DOMAIN"), env(t, "_PASSWORD")
	carol, archive, corp := env(t, "_USER2"), env(t, "_PROJECT2"), env(t, "_DOMAIN2")
	carolPassword := env(t, "_PASSWORD2")
	home, homePassword := env(t, "_HOME_USER"), env(t, "_HOME_PASSWORD")
	credential, credentialName, secret := env(t, "_APPCRED_ID"), env(t, "_APPCRED_NAME"), env(t, "_APPCRED_SECRET")
	trust, trustee := env(t, "_TRUST"), env(t, "_TRUSTEE")
	userID, projectID := env(t, "_USER_ID"), env(t, "_PROJECT_ID")
	for _, c := range []struct {
		login, password string
		options         map[string]any
		want            error
		user, project   string // of the identity
	}{
		{project + "." + user, password, nil, nil, user, project},
		{project + "." + user + "@" + domain, password, nil, nil, user, project},
		{project + "@" + domain + "." + user, password, nil, nil, user, project},
		{project + "@default." + user + "@default", password, nil, nil, user, project},
		{user, password, map[string]any{"project": project}, nil, user, project},
		{"." + user + "@" + domain, password, map[string]any{"project": project + "@" + domain}, nil, user, project},
		{project + ":" + user, password, map[string]any{"tenant_separator": ":"}, nil, user, project},
		{user, password, map[string]any{"tenant_separator": "", "domain_separator": "", "project": project}, nil, user, project},

		{archive + "@" + corp + "." + carol + "@" + corp, carolPassword, nil, nil, carol, archive},
		{archive + "." + carol, carolPassword, map[string]any{"default_domain": corp}, nil, carol, archive},
		{"." + carol + "@" + corp, carolPassword, map[string]any{"project": archive + "@" + corp}, nil, carol, archive},
		{archive + "." + carol, carolPassword, nil, auth.ErrDenied, "", ""},

		{home, homePassword, nil, nil, home, "demo2"}, // with the user's default project
		{project + "." + home, homePassword, nil, nil, home, project},
		{user, password, nil, auth.ErrDenied, "", ""}, // has no default project

		{projectID + "." + userID, password, nil, nil, user, project},
		{"id=" + projectID + ".id=" + userID, password, nil, nil, user, project},
		{project + "@id=default." + user + "@id=default", password, nil, nil, user, project},

		{"app=" + credential, secret, nil, nil, user, project},
		{"app=" + credentialName + "." + user, secret, nil, nil, user, project},
		{"app=" + credentialName + "." + user + "@" + domain, secret, nil, nil, user, project},
		{"app=" + credentialName + ".id=" + userID, secret, nil, nil, user, project},
		{"app=" + credential, secret + "x", nil, auth.ErrDenied, "", ""},
		{"app=" + strings.Repeat("0", 32), secret, nil, auth.ErrDenied, "", ""},
		{"app=none." + user, secret, nil, auth.ErrDenied, "", ""},
		{"app=" + credentialName + ".nobody", secret, nil, auth.ErrDenied, "", ""},

		{"trust=" + trust + "." + trustee, env(t, "_TRUSTEE_PASSWORD"), nil, nil, trustee, project},
		{"trust=" + trust + "." + home, homePassword, nil, auth.ErrDenied, "", ""},
		{"trust=" + strings.Repeat("0", 32) + "." + trustee, env(t, "_TRUSTEE_PASSWORD"), nil, auth.ErrDenied, "", ""},

		{"elsewhere." + user, password, nil, auth.ErrDenied, "", ""},
		{project + "." + user + "@elsewhere", password, nil, auth.ErrDenied, "", ""},
		{project + ".nobody", password, nil, auth.ErrDenied, "", ""},
		{project + "." + env(t, "_DISABLED_USER"), env(t, "_DISABLED_PASSWORD"), nil, auth.ErrDenied, "", ""},
	} {
		a := configured(t, service, c.options)
		resp, err := attempt(t, a, c.login, c.password)
		switch {
		case !errors.Is(err, c.want) || (c.want == nil && resp.Identity == nil):
			t.Errorf("%s: got %+v, %v, want %v", c.login, resp, err, c.want)
			continue
		case c.want != nil:
			continue
		case resp.Identity.User != c.user || resp.Identity.Groups[0] != c.project:
			t.Errorf("%s: got %s of %v, want %s of %s", c.login, resp.Identity.User, resp.Identity.Groups, c.user, c.project)
		}
		fresh, err := a.Renew(t.Context(), resp.Identity.Grant)
		if err != nil || fresh.Endpoint != resp.Identity.Grant.Endpoint {
			t.Errorf("%s: renewed for %q, %v, want %q", c.login, fresh.Endpoint, err, resp.Identity.Grant.Endpoint)
		}
	}
}

// TestStorageKeystone checks that the grants of logins open the storage, as long as they last.
func TestStorageKeystone(t *testing.T) {
	a := configured(t, env(t, ""), nil)
	for login, password := range map[string]string{
		env(t, "_PROJECT") + "." + env(t, "_USER"):             env(t, "_PASSWORD"),
		"app=" + env(t, "_APPCRED_ID"):                         env(t, "_APPCRED_SECRET"),
		"trust=" + env(t, "_TRUST") + "." + env(t, "_TRUSTEE"): env(t, "_TRUSTEE_PASSWORD"),
	} {
		resp, err := attempt(t, a, login, password)
		if err != nil {
			t.Errorf("%s: %v", login, err)
			continue
		}
		grant := resp.Identity.Grant
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, grant.Endpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", grant.Token.Reveal())
		got, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode/100 != 2 {
			t.Errorf("%s: the storage answers %s", login, got.Status)
		}
		if err := auth.Release(t.Context(), a, grant); err != nil {
			t.Errorf("%s: release: %v", login, err)
		}
	}
}

// TestFactorKeystone sends one-time codes to a real Keystone, in both ways.
func TestFactorKeystone(t *testing.T) {
	user, password, secret := env(t, "_TOTP_USER"), env(t, "_TOTP_PASSWORD"), env(t, "_TOTP_SECRET")
	admin := authtest.NewKeystone(t)
	a := configured(t, admin.URL, nil)
	now := func() string { return swifttest.Code(secret, time.Now()) }
	ask := func() *auth.Step {
		t.Helper()
		resp, err := attempt(t, a, user, password)
		if err != nil || resp.Next == nil {
			t.Fatalf("the password: got %+v, %v, want a step", resp, err)
		}
		return resp.Next
	}
	answer := func(step *auth.Step, code string) (auth.Response, error) {
		return a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Interactive, SessionID: "s", State: step.State, Answers: []auth.Secret{auth.Secret(code)}})
	}
	step := ask()
	resp, err := answer(step, now())
	if err != nil || resp.Identity == nil || resp.Identity.User != user {
		t.Fatalf("the code: got %+v, %v", resp, err)
	}
	if err := auth.Revalidate(t.Context(), a, *resp.Identity); err != nil {
		t.Errorf("the login does not hold: %v", err)
	}
	// This is why such a session ends with its token: a token that is requested with it expires at
	// the same time, and another code would need another receipt.
	if again := admin.Again(t, resp.Identity.Grant.Token); !again.Equal(resp.Identity.Grant.Expires) {
		t.Errorf("a token by the token ends at %v, want %v as the first one", again, resp.Identity.Grant.Expires)
	}
	if _, err := a.Renew(t.Context(), resp.Identity.Grant); !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) == "" {
		t.Errorf("renewal: got %v, want %v with a text for the client", err, auth.ErrDenied)
	}
	if _, err := answer(step, now()); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("the same receipt again, which Keystone would take: got %v, want %v", err, auth.ErrDenied)
	}
	if _, err := answer(ask(), "12345"); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a wrong code: got %v, want %v", err, auth.ErrDenied)
	}
	if resp, err := attempt(t, a, user, password+now()); err != nil || resp.Identity == nil {
		t.Errorf("password and code in one: got %+v, %v", resp, err)
	}
	for name, secret := range map[string]string{"wrong code": password + "000000", "wrong password": "x" + now()} {
		if resp, err := attempt(t, a, user, secret); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: got %+v, %v, want %v", name, resp, err, auth.ErrDenied)
		}
	}
	project := env(t, "_PROJECT")
	if _, err := attempt(t, a, project+"."+env(t, "_USER"), env(t, "_PASSWORD")+"123456"); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("digits after the password of a user without a second factor: got %v, want %v", err, auth.ErrDenied)
	}
}

func TestChoiceKeystone(t *testing.T) {
	user, password := "?."+env(t, "_HOME_USER"), env(t, "_HOME_PASSWORD")
	a := configured(t, env(t, ""), nil)
	resp, err := attempt(t, a, user, password)
	if err != nil || resp.Next == nil || resp.Next.Instruction != "  1  demo\n  2  demo2\n" {
		t.Fatalf("got %+v, %v, want the projects", resp, err)
	}
	resp, err = a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Interactive, SessionID: "s", State: resp.Next.State, Answers: []auth.Secret{"demo"}})
	if err != nil || resp.Identity == nil || resp.Identity.Groups[0] != "demo" {
		t.Fatalf("got %+v, %v, want demo", resp, err)
	}
	// The revocation of the first token must not revoke the token that was made from it.
	if err := auth.Revalidate(t.Context(), a, *resp.Identity); err != nil {
		t.Errorf("the login does not hold: %v", err)
	}
	fresh, err := a.Renew(t.Context(), resp.Identity.Grant)
	if err != nil || fresh.Endpoint != resp.Identity.Grant.Endpoint {
		t.Errorf("renewed for %q, %v, want %q", fresh.Endpoint, err, resp.Identity.Grant.Endpoint)
	}
}

func TestExpiredKeystone(t *testing.T) {
	a := configured(t, env(t, ""), nil)
	user, password := env(t, "_PROJECT")+"."+env(t, "_EXPIRED_USER"), env(t, "_EXPIRED_PASSWORD")
	if _, err := attempt(t, a, user, password); !errors.Is(err, auth.ErrDenied) || !strings.Contains(auth.ClientText(err), "expired") {
		t.Errorf("got %v, want %v with a text for the client", err, auth.ErrDenied)
	}
	if _, err := attempt(t, a, user, password+"x"); !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) != "" {
		t.Errorf("with a wrong password: got %v with the text %q, want none", err, auth.ClientText(err))
	}
}

// TestTokensKeystone checks what a revoked token, a disabled user and a stopped Keystone do to a
// login.
func TestTokensKeystone(t *testing.T) {
	admin := authtest.NewKeystone(t)
	user := admin.User(t)
	target, err := url.Parse(admin.URL)
	if err != nil {
		t.Fatal(err)
	}
	var down atomic.Bool
	through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler) // like a service that is killed
		}
		through.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	a := configured(t, proxy.URL+target.Path, nil)
	login := func() *auth.Identity {
		t.Helper()
		resp, err := attempt(t, a, "demo."+user.Name, user.Password)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Identity
	}
	one, two := login(), login()
	if err := auth.Release(t.Context(), a, one.Grant); err != nil {
		t.Errorf("release: %v", err)
	}
	if err := auth.Release(t.Context(), a, one.Grant); err != nil {
		t.Errorf("release again: %v", err)
	}
	for name, id := range map[string]*auth.Identity{"whose token was taken back": one, "of the same user": two} {
		if err := auth.Revalidate(t.Context(), a, *id); err != nil {
			t.Errorf("a login %s: %v", name, err)
		}
	}
	if admin.Shows(t, one.Grant.Token) || !admin.Shows(t, two.Grant.Token) {
		t.Error("want the first token ended and the second one not")
	}

	down.Store(true)
	if _, err := attempt(t, a, "demo."+user.Name, user.Password); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a login while Keystone is down: got %v, want %v", err, auth.ErrUnavailable)
	}
	for name, call := range map[string]func() error{
		"revalidate": func() error { return auth.Revalidate(t.Context(), a, *two) },
		"renew":      func() error { _, err := a.Renew(t.Context(), two.Grant); return err },
		"release":    func() error { return auth.Release(t.Context(), a, two.Grant) },
	} {
		if err := call(); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s while Keystone is down: got %v, want %v", name, err, auth.ErrUnavailable)
		}
	}
	down.Store(false)
	if err := auth.Revalidate(t.Context(), a, *two); err != nil {
		t.Errorf("Keystone is up again: %v", err)
	}

	admin.Change(t, user, map[string]any{"password": "another"})
	if err := auth.Revalidate(t.Context(), a, *two); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("the password was changed: got %v, want %v", err, auth.ErrDenied)
	}
	user.Password = "another"
	three := login()
	admin.Change(t, user, map[string]any{"enabled": false})
	if err := auth.Revalidate(t.Context(), a, *three); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("the user was disabled: got %v, want %v", err, auth.ErrDenied)
	}
	if _, err := a.Renew(t.Context(), three.Grant); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("renewal for a disabled user: got %v, want %v", err, auth.ErrDenied)
	}
}

// BenchmarkLoginKeystone measures the latency of sequential password logins to a real Keystone.
func BenchmarkLoginKeystone(b *testing.B) {
	user, password := env(b, "_PROJECT")+"."+env(b, "_USER"), env(b, "_PASSWORD")
	a := configured(b, env(b, ""), nil)
	for b.Loop() {
		resp, err := a.Authenticate(b.Context(), auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password)})
		if err != nil || resp.Identity == nil {
			b.Fatal(err)
		}
	}
}
