package auth_test

import (
	"context"
	"errors"
	"testing"

	"filegate/core/auth"
)

// ableMember is a member that revalidates and releases.
type ableMember struct {
	member
	revalidated []auth.Identity
	released    []auth.Grant
	cannot      error
}

func (m *ableMember) Revalidate(_ context.Context, id auth.Identity) error {
	m.revalidated = append(m.revalidated, id)
	return errors.Join(m.cannot, m.err)
}

func (m *ableMember) Release(_ context.Context, grant auth.Grant) error {
	m.released = append(m.released, grant)
	return errors.Join(m.cannot, m.err)
}

// member's renewals give the token "fresh".
func TestRevalidateFallsBack(t *testing.T) {
	renewable := auth.Grant{Token: "t", Renewal: []byte("r")}
	for _, c := range []struct {
		name              string
		cannot, err, want error
		grant             auth.Grant
		renewals          int
		released          auth.Secret
	}{
		{name: "it can", grant: renewable},
		{name: "it can, and says no", err: auth.ErrDenied, want: auth.ErrDenied, grant: renewable},
		{name: "it cannot, and a renewal tells", cannot: errors.ErrUnsupported, grant: renewable, renewals: 1, released: "fresh"},
		{name: "it cannot, and a renewal gives the same token", cannot: errors.ErrUnsupported, grant: auth.Grant{Token: "fresh", Renewal: []byte("r")}, renewals: 1},
		{name: "it cannot, and nothing else can", cannot: errors.ErrUnsupported, grant: auth.Grant{Token: "t"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &ableMember{member: member{err: c.err}, cannot: c.cannot}
			if err := auth.Revalidate(t.Context(), m, auth.Identity{Grant: c.grant}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if len(m.grants) != c.renewals {
				t.Errorf("%d renewals, want %d", len(m.grants), c.renewals)
			}
			var released auth.Secret
			if len(m.released) > 0 {
				released = m.released[0].Token
			}
			if released.Reveal() != c.released.Reveal() {
				t.Errorf("released %q, want %q", released.Reveal(), c.released.Reveal())
			}
		})
	}
	for _, kind := range []error{auth.ErrDenied, auth.ErrUnavailable} {
		if err := auth.Revalidate(t.Context(), &member{err: kind}, auth.Identity{Grant: renewable}); !errors.Is(err, kind) {
			t.Errorf("a renewal that fails: got %v, want %v", err, kind)
		}
	}
}

func TestReleaseFallsBack(t *testing.T) {
	for name, a := range map[string]auth.Authenticator{"it cannot": &member{}, "it finds out that it cannot": &ableMember{cannot: errors.ErrUnsupported}} {
		if err := auth.Release(t.Context(), a, auth.Grant{Token: "t"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := auth.Release(t.Context(), &ableMember{member: member{err: auth.ErrUnavailable}}, auth.Grant{}); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
