package ldap_test

import (
	"errors"
	"net/netip"
	"testing"

	"filegate/core/auth"
)

func netipAddr(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// TestSessionsEnd changes something after the login, and tests whether the next revalidation and
// renewal end the session.
func TestSessionsEnd(t *testing.T) {
	s := startSlapd(t)
	swift := newSwift(t)
	key := newSSHKey(t)
	s.add(t, "other", password, nil)
	storage := map[string]any{
		"storage": "swiftv1", "storage_options": map[string]string{"auth_url": swift.AuthURL()}, "storage_login": "{swiftLogin}",
		"storage_secret_attribute": "swiftSecret", "key": sealKey, "cache_for": "0s",
	}
	searching := s.searching()
	searching["key_attribute"], searching["groups"] = "sshPublicKey", []string{"staff"}
	secret := seal(t, "alice", "test:tester", "testing")
	n := 0
	for name, c := range map[string]struct {
		change func(t *testing.T, uid string)
		want   map[auth.Method]error // for each login method
		bind   error                 // if the user's own bind reads the entry
		renew  bool                  // only a renewal fails: the storage still accepts the old secret
	}{
		"nothing": {func(*testing.T, string) {}, nil, nil, false},
		"the password": {
			func(t *testing.T, uid string) { s.set(t, uid, "userPassword", "another") },
			map[auth.Method]error{auth.Password: auth.ErrDenied},
			auth.ErrDenied, false,
		},
		"the key": {
			func(t *testing.T, uid string) { s.set(t, uid, "sshPublicKey") },
			map[auth.Method]error{auth.PublicKey: auth.ErrDenied},
			nil, false,
		},
		"the account": {
			func(t *testing.T, uid string) { s.set(t, uid, "nsAccountLock", "TRUE") },
			map[auth.Method]error{auth.Password: auth.ErrDenied, auth.PublicKey: auth.ErrDenied},
			auth.ErrDenied, false,
		},
		"the storage's login": {
			func(t *testing.T, uid string) { s.set(t, uid, "swiftLogin", "test:tester2") },
			map[auth.Method]error{auth.Password: auth.ErrDenied, auth.PublicKey: auth.ErrDenied},
			auth.ErrDenied, false,
		},
		"the storage's secret, to a wrong one": {
			func(t *testing.T, uid string) { s.set(t, uid, "swiftSecret", seal(t, uid, "test:tester", "wrong")) },
			map[auth.Method]error{auth.Password: auth.ErrDenied, auth.PublicKey: auth.ErrDenied},
			auth.ErrDenied, true,
		},
		"the storage's secret, to another's": { // an error that says nothing about the user
			func(t *testing.T, uid string) { s.set(t, uid, "swiftSecret", secret) },
			map[auth.Method]error{auth.Password: auth.ErrUnavailable, auth.PublicKey: auth.ErrUnavailable},
			auth.ErrUnavailable, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			uid := "user" + string(rune('a'+n))
			s.add(t, uid, password, person{"sshPublicKey": {authorizedLine(key)}, "swiftLogin": {"test:tester"}, "swiftSecret": {seal(t, uid, "test:tester", "testing")}})
			s.age(t, uid)
			s.group(t, "staff", "groups", "other", uid)
			defer s.remove(t, "cn=staff,ou=groups,dc=example,dc=net")
			searches, binds := authenticator(t, searching, storage), authenticator(t, s.binding(), storage)
			type login struct {
				a    auth.Revalidator
				id   *auth.Identity
				want error
			}
			logins := map[string]login{}
			for _, req := range []auth.Request{byPassword(uid, password), byKey(uid, key)} {
				logins["search, "+string(req.Method)] = login{searches, mustLogin(t, searches, req), c.want[req.Method]}
			}
			logins["bind"] = login{binds, mustLogin(t, binds, byPassword(uid, password)), c.bind}
			c.change(t, uid)
			for how, l := range logins {
				fresh, err := l.a.Renew(t.Context(), l.id.Grant)
				if !errors.Is(err, l.want) || (err == nil && (fresh.Token == "" || fresh.Endpoint != l.id.Grant.Endpoint)) {
					t.Errorf("%s: Renew: got %v, want %v", how, err, l.want)
				}
			}
			for how, l := range logins {
				if c.renew {
					l.want = nil
				}
				if err := auth.Revalidate(t.Context(), l.a, *l.id); !errors.Is(err, l.want) {
					t.Errorf("%s: Revalidate: got %v, want %v", how, err, l.want)
				}
				if err := auth.Release(t.Context(), l.a, l.id.Grant); err != nil {
					t.Errorf("%s: Release: %v", how, err)
				}
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		s.add(t, "gone", password, nil)
		searches, binds := authenticator(t, s.searching(), nil), authenticator(t, s.binding(), nil)
		first, second := mustLogin(t, searches, byPassword("gone", password)), mustLogin(t, binds, byPassword("gone", password))
		s.remove(t, "uid=gone,"+people)
		if err := searches.Revalidate(t.Context(), *first); !errors.Is(err, auth.ErrUnknownUser) {
			t.Errorf("search: got %v, want %v", err, auth.ErrUnknownUser)
		}
		if err := binds.Revalidate(t.Context(), *second); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("bind: got %v, want %v", err, auth.ErrDenied)
		}
		// A later entry with the same name is another user.
		s.add(t, "gone", password, nil)
		if err := searches.Revalidate(t.Context(), *first); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("another user of that name: got %v, want %v", err, auth.ErrDenied)
		}
	})
	t.Run("the group", func(t *testing.T) {
		s.add(t, "former", password, nil)
		s.group(t, "staff", "groups", "former")
		a := authenticator(t, searching, nil)
		id := mustLogin(t, a, byPassword("former", password))
		s.remove(t, "cn=staff,ou=groups,dc=example,dc=net")
		if err := a.Revalidate(t.Context(), *id); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("got %v, want %v", err, auth.ErrDenied)
		}
	})
	t.Run("the storage refuses the login", func(t *testing.T) {
		s.add(t, "poor", password, nil)
		a := authenticator(t, s.searching(), map[string]any{
			"storage": "swiftv1", "storage_options": map[string]string{"auth_url": swift.AuthURL()}, "storage_login": "test:nobody", "storage_secret": "x",
		})
		_, err := a.Authenticate(t.Context(), byPassword("poor", password))
		if !errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
			t.Errorf("got %v, want %v", err, auth.ErrDenied)
		}
	})
}

func mustLogin(t *testing.T, a auth.Authenticator, req auth.Request) *auth.Identity {
	t.Helper()
	resp, err := a.Authenticate(t.Context(), req)
	if err != nil {
		t.Fatalf("login of %q by %s: %v", req.User, req.Method, err)
	}
	return resp.Identity
}
