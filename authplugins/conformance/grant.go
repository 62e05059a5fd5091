package conformance

import (
	"bytes"
	"fmt"

	"filegate/core/auth"
)

func checkRenew(t T, s Subject) {
	for _, l := range s.Logins {
		grant := mustLogin(t, s, l).Grant
		if len(grant.Renewal) == 0 {
			_, err := s.Authenticator.Renew(t.Context(), grant)
			wantKind(t, "a grant that says nothing of how to renew it", err, auth.ErrDenied)
			continue
		}
		// A renewed grant must be renewable too.
		for range 2 {
			fresh, err := s.Authenticator.Renew(t.Context(), grant)
			if err != nil {
				t.Fatalf("renewal after a login by %s: %v", l.Method, err)
			}
			if (fresh.Token == "") != (grant.Token == "") || fresh.Endpoint != grant.Endpoint || fresh.Region != grant.Region {
				t.Errorf("the fresh grant is for another storage: endpoint %q, was %q; token empty: %t", fresh.Endpoint, grant.Endpoint, fresh.Token == "")
			}
			grant = fresh
		}
	}
}

// checkTampered checks that a renewal that cannot be opened is auth.ErrUnavailable, because another
// gateway may have sealed it with its own key. ErrDenied would end the session of a valid login.
func checkTampered(t T, s Subject) {
	grant := mustLogin(t, s, s.Logins[0]).Grant
	renewal := grant.Renewal
	tampered := map[string][]byte{"longer": append(bytes.Clone(renewal), 0), "rubbish": []byte(`{"user":"admin"}`)}
	if n := len(renewal); n > 0 {
		tampered["cut"] = renewal[:n-1]
		for _, i := range []int{0, n / 2, n - 1} {
			changed := bytes.Clone(renewal)
			changed[i] ^= 1
			tampered[fmt.Sprintf("byte %d changed", i)] = changed
		}
	}
	for name, renewal := range tampered {
		grant.Renewal = renewal
		_, err := s.Authenticator.Renew(t.Context(), grant)
		wantKind(t, name, err, auth.ErrUnavailable)
	}
	grant.Renewal = nil
	_, err := s.Authenticator.Renew(t.Context(), grant)
	wantKind(t, "empty", err, auth.ErrDenied)
}

func checkAgain(t T, s Subject) {
	grant := mustLogin(t, s, s.Logins[0]).Grant
	if len(grant.Renewal) == 0 {
		return // checkRenew checks that such a grant is not renewed
	}
	second, err := s.Again(t.Context())
	if err != nil {
		t.Fatalf("a second start: %v", err)
	}
	if fresh, err := second.Renew(t.Context(), grant); err != nil || (fresh.Token == "") != (grant.Token == "") {
		t.Errorf("a grant of before the second start is not renewed after it: %v. What a renewal needs must be in the grant, sealed by the key that the host gives", err)
	}
}

func checkRevalidate(t T, s Subject) {
	for _, l := range s.Logins {
		id := mustLogin(t, s, l)
		for range 2 {
			if err := auth.Revalidate(t.Context(), s.Authenticator, *id); err != nil {
				t.Errorf("an identity that has just been given, after a login by %s: %v", l.Method, err)
			}
		}
	}
}

func checkRelease(t T, s Subject) {
	for _, l := range s.Logins {
		grant := mustLogin(t, s, l).Grant
		for _, time := range []string{"first", "second"} {
			if err := auth.Release(t.Context(), s.Authenticator, grant); err != nil {
				t.Errorf("the %s time, after a login by %s: %v", time, l.Method, err)
			}
		}
		mustLogin(t, s, l)
	}
}
