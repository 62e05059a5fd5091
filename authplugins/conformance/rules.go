package conformance

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"filegate/core/auth"
)

// Rules returns all rules, the most basic ones first.
func Rules() []Rule {
	login := func(s Subject) bool { return len(s.Logins) > 0 }
	password := func(s Subject) bool { _, ok := s.password(); return ok }
	unknown := func(s Subject) bool { return password(s) && s.Unknown != "" }
	const (
		needsLogin    = "a login that is right"
		needsPassword = "a login that is right, with a password"
		needsUnknown  = "a login that is right, with a password, and a user who does not exist"
	)
	return []Rule{
		{Name: "it says what it is", Check: checkInfo},
		{"a login that is right opens", checkRight, login, needsLogin},
		{"a wrong password is denied", checkWrong, password, needsPassword},
		{"an unknown user is unknown or denied", checkUnknown, unknown, needsUnknown},
		{"an unknown user and a wrong password look the same to the client", checkSame, unknown, needsUnknown},
		{"an empty user or password is denied unasked", checkEmpty, password, needsPassword},
		{"odd characters open nothing and break nothing", checkOdd, password, needsPassword},
		{"a key may be asked about before it is proved", checkQuery, func(s Subject) bool { _, ok := s.by(auth.PublicKey); return ok }, "a login with a key"},
		{"a wrong key opens nothing", checkWrongKey, hasKey, "a login with a key or a certificate"},
		{"wrong answers open nothing", checkWrongAnswers, hasPrompts, "a login with prompts"},
		{"a state that was tampered with opens nothing", checkState, hasPrompts, "a login with prompts"},
		{"another method is not supported", checkMethods, login, needsLogin},
		{"a call ends with its context", checkContext, login, needsLogin},
		{"logins are concurrent", checkConcurrent, login, needsLogin},
		{"a grant is renewed, or not at all", checkRenew, login, needsLogin},
		{"a renewal that cannot be opened is unavailable", checkTampered, login, needsLogin},
		{"a renewal outlives the program", checkAgain, func(s Subject) bool { return login(s) && s.Again != nil }, "a login that is right, and a way to start the authenticator again"},
		{"what is still good is revalidated", checkRevalidate, func(s Subject) bool { return login(s) && s.Info.Revalidates }, "a login that is right, and an authenticator that revalidates"},
		{"a grant can be given back twice", checkRelease, func(s Subject) bool { return login(s) && s.Info.Releases }, "a login that is right, and an authenticator that takes grants back"},
		{"secrets stay out of errors and dumps", checkSecrets, login, needsLogin},
		{"the program ends with its host", checkEndsWithHost, func(s Subject) bool { return s.EndsWithHost != nil }, "a program"},
	}
}

// mustLogin returns the identity of a valid login, or fails.
func mustLogin(t T, s Subject, l Login) *auth.Identity {
	t.Helper()
	id, err := l.Walk(t.Context(), s.Authenticator)
	if err != nil {
		t.Fatalf("login of %q by %s, which is right: %v", l.User, l.Method, err)
	}
	return id
}

// wantKind fails unless err is of one of the kinds.
func wantKind(t T, what string, err error, kinds ...error) {
	t.Helper()
	if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		t.Errorf("%s: got error %v, want one of %q", what, err, kinds)
	}
}

func checkRight(t T, s Subject) {
	for _, l := range s.Logins {
		id := mustLogin(t, s, l)
		if id.User == "" {
			t.Errorf("%s: the identity has no user: logs and listings need one", l.Method)
		}
		if id.Grant.Token != "" && id.Grant.Endpoint == "" || id.Grant.Token == "" && id.Grant.Endpoint != "" {
			t.Errorf("%s: the grant opens no storage: endpoint %q, token empty: %t", l.Method, id.Grant.Endpoint, id.Grant.Token == "")
		}
		if !id.Grant.Expires.IsZero() && time.Until(id.Grant.Expires) <= 0 {
			t.Errorf("%s: the grant has ended already, at %s", l.Method, id.Grant.Expires)
		}
	}
}

func checkMethods(t T, s Subject) {
	l := s.Logins[0]
	for _, m := range []auth.Method{auth.Password, auth.PublicKey, auth.Interactive, auth.Certificate, "carrier-pigeon"} {
		if slices.Contains(s.Info.Methods, m) {
			continue
		}
		_, err := s.Authenticator.Authenticate(t.Context(), auth.Request{User: l.User, Method: m, Password: l.Password, PublicKey: []byte("key"), Verified: true})
		wantKind(t, string(m), err, auth.ErrMethod)
	}
}

func checkContext(t T, s Subject) {
	l := s.Logins[0]
	id := mustLogin(t, s, l)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "expired": expired} {
		_, err := s.Authenticator.Authenticate(ctx, l.Request())
		wantKind(t, name+" login", err, auth.ErrUnavailable)
		_, err = s.Authenticator.Renew(ctx, id.Grant)
		wantKind(t, name+" renewal", err, auth.ErrUnavailable)
	}
}

func checkConcurrent(t T, s Subject) {
	right := s.Logins[0]
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if l, ok := s.password(); ok && i%2 == 1 {
				_, err := l.with(l.User, l.Password+"x").Walk(t.Context(), s.Authenticator)
				wantKind(t, "one of many logins, with a wrong password", err, auth.ErrDenied)
				return
			}
			if _, err := right.Walk(t.Context(), s.Authenticator); err != nil {
				t.Errorf("one of many logins, which is right: %v", err)
			}
		})
	}
	wg.Wait()
}

func checkEndsWithHost(t T, s Subject) {
	if err := s.EndsWithHost(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}
