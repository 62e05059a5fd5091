package auth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
)

// member answers as a test says, and keeps what it was asked.
type member struct {
	resp   auth.Response
	err    error
	asked  []auth.Request
	grants []auth.Grant
}

func (m *member) Authenticate(_ context.Context, req auth.Request) (auth.Response, error) {
	m.asked = append(m.asked, req)
	return m.resp, m.err
}

func (m *member) Renew(_ context.Context, grant auth.Grant) (auth.Grant, error) {
	m.grants = append(m.grants, grant)
	return auth.Grant{Token: "fresh"}, m.err
}

func identity(user string) auth.Response {
	return auth.Response{Identity: &auth.Identity{User: user}}
}

func TestChainAuthenticate(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name    string
		members []*member
		want    []error // all of them; none: through
		issuer  string
		asked   int // how many members
	}{
		{"the first knows", []*member{{resp: identity("a")}, {resp: identity("b")}}, nil, "0", 1},
		{"the second knows", []*member{{err: auth.ErrUnknownUser}, {resp: identity("b")}}, nil, "1", 2},
		{"the first cannot do the method", []*member{{err: auth.ErrMethod}, {resp: identity("b")}}, nil, "1", 2},
		{"denied ends it", []*member{{err: auth.ErrDenied}, {resp: identity("b")}}, []error{auth.ErrDenied}, "", 1},
		{"unavailable ends it", []*member{{err: auth.ErrUnavailable}, {resp: identity("b")}}, []error{auth.ErrUnavailable}, "", 1},
		{"invalid ends it", []*member{{err: auth.ErrInvalid}, {resp: identity("b")}}, []error{auth.ErrInvalid}, "", 1},
		{"another error ends it", []*member{{err: broken}, {resp: identity("b")}}, []error{broken}, "", 1},
		{"nobody knows", []*member{{err: auth.ErrUnknownUser}, {err: auth.ErrMethod}}, []error{auth.ErrUnknownUser, auth.ErrMethod}, "", 2},
		{"an empty answer opens nothing", []*member{{}, {resp: identity("b")}}, []error{auth.ErrUnavailable}, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, err := chain(c.members...).Authenticate(t.Context(), auth.Request{User: "a", Password: "secret"})
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			switch {
			case len(c.want) > 0 && resp.Identity != nil:
				t.Errorf("it went through with %v", err)
			case len(c.want) == 0 && (err != nil || resp.Identity.Grant.Issuer != c.issuer):
				t.Errorf("got %+v, %v, want issuer %q", resp.Identity, err, c.issuer)
			}
			asked := 0
			for _, m := range c.members {
				asked += len(m.asked)
			}
			if asked != c.asked {
				t.Errorf("%d members were asked, want %d", asked, c.asked)
			}
		})
	}
}

// A chain of nobody must not let anybody in.
func TestChainEmpty(t *testing.T) {
	resp, err := auth.Chain(nil).Authenticate(t.Context(), auth.Request{User: "a", Password: "secret"})
	if !errors.Is(err, auth.ErrUnavailable) || resp.Identity != nil || resp.Next != nil {
		t.Errorf("got %+v, %v, want %v", resp, err, auth.ErrUnavailable)
	}
}

// The client's answer goes to the member that asked, with the state that this one gave, whoever
// comes before it.
func TestChainSteps(t *testing.T) {
	first := &member{err: auth.ErrUnknownUser}
	second := &member{resp: auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}, State: []byte("mine")}}}
	c := chain(first, second)
	resp, err := c.Authenticate(t.Context(), auth.Request{User: "a", Method: auth.Interactive})
	if err != nil || resp.Next == nil {
		t.Fatalf("got %+v, %v", resp, err)
	}
	state := resp.Next.State
	second.resp = identity("a")
	resp, err = c.Authenticate(t.Context(), auth.Request{User: "a", Method: auth.Interactive, State: state})
	if err != nil || resp.Identity == nil || resp.Identity.Grant.Issuer != "1" {
		t.Fatalf("got %+v, %v", resp, err)
	}
	if len(first.asked) != 1 {
		t.Error("the first member was asked again")
	}
	if got := second.asked[1].State; string(got) != "mine" {
		t.Errorf("state %q came back, want that of the member", got)
	}
	second.err = auth.ErrUnknownUser
	if _, err := c.Authenticate(t.Context(), auth.Request{User: "a", State: state}); !errors.Is(err, auth.ErrUnknownUser) || len(first.asked) != 1 {
		t.Errorf("a later step went on to another member: %v", err)
	}
	for _, state := range [][]byte{{2}, {255, 1}} {
		if _, err := c.Authenticate(t.Context(), auth.Request{User: "a", State: state}); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("state %v: got %v, want %v", state, err, auth.ErrInvalid)
		}
	}
}

func TestChainRenew(t *testing.T) {
	first, second := &member{}, &member{}
	c := chain(first, second)
	fresh, err := c.Renew(t.Context(), auth.Grant{Token: "old", Issuer: "1"})
	if err != nil || fresh.Token != "fresh" || fresh.Issuer != "1" {
		t.Errorf("got %+v, %v", fresh, err)
	}
	if len(first.grants) != 0 || len(second.grants) != 1 || second.grants[0].Token != "old" {
		t.Errorf("the first was asked for %v, the second for %v", first.grants, second.grants)
	}
	for _, issuer := range []string{"", "gone"} {
		if _, err := c.Renew(t.Context(), auth.Grant{Issuer: issuer}); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("issuer %q: got %v, want %v", issuer, err, auth.ErrUnavailable)
		}
	}
	second.err = auth.ErrUnavailable
	if fresh, err := c.Renew(t.Context(), auth.Grant{Issuer: "1"}); !errors.Is(err, auth.ErrUnavailable) || fresh.Token != "" || !strings.HasPrefix(err.Error(), "1: ") {
		t.Errorf("got %+v, %v, want %v by the member's name", fresh, err, auth.ErrUnavailable)
	}
}

// What a member cannot do itself is done in another way by that member, and never by another one.
func TestChainOptional(t *testing.T) {
	first, second := &member{}, &ableMember{}
	c := auth.Chain{{Name: "0", Authenticator: first}, {Name: "1", Authenticator: second}}
	if err := c.Revalidate(t.Context(), auth.Identity{Grant: auth.Grant{Token: "t", Issuer: "1", Renewal: []byte("r")}}); err != nil || len(second.revalidated) != 1 {
		t.Errorf("Revalidate by one that can: %v, asked %d times", err, len(second.revalidated))
	}
	if err := c.Release(t.Context(), auth.Grant{Token: "t", Issuer: "1"}); err != nil || len(second.released) != 1 {
		t.Errorf("Release by one that can: %v, asked %d times", err, len(second.released))
	}
	if err := c.Revalidate(t.Context(), auth.Identity{Grant: auth.Grant{Token: "t", Issuer: "0", Renewal: []byte("r")}}); err != nil || len(first.grants) != 1 {
		t.Errorf("Revalidate by one that cannot: %v, renewed %d times", err, len(first.grants))
	}
	if err := c.Release(t.Context(), auth.Grant{Token: "t", Issuer: "0"}); err != nil {
		t.Errorf("Release by one that cannot: %v", err)
	}
	if len(second.revalidated)+len(second.released)+len(second.grants) != 2 {
		t.Error("the second was asked for the first's")
	}
	second.err = auth.ErrDenied
	if err := c.Revalidate(t.Context(), auth.Identity{Grant: auth.Grant{Issuer: "1"}}); !errors.Is(err, auth.ErrDenied) || !strings.HasPrefix(err.Error(), "1: ") {
		t.Errorf("Revalidate: got %v, want %v by the member's name", err, auth.ErrDenied)
	}
	if err := c.Release(t.Context(), auth.Grant{Issuer: "1"}); !errors.Is(err, auth.ErrDenied) || !strings.HasPrefix(err.Error(), "1: ") {
		t.Errorf("Release: got %v, want %v by the member's name", err, auth.ErrDenied)
	}
	if err := errors.Join(c.Revalidate(t.Context(), auth.Identity{}), c.Release(t.Context(), auth.Grant{})); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrDenied) {
		t.Errorf("without an issuer: got %v", err)
	}
}

// chain names its members by their place.
func chain(members ...*member) auth.Chain {
	var c auth.Chain
	for i, m := range members {
		c = append(c, auth.Named{Name: string(rune('0' + i)), Authenticator: m})
	}
	return c
}

func TestKindsAreDistinct(t *testing.T) {
	kinds := auth.Kinds()
	for i, kind := range kinds {
		if slices.ContainsFunc(kinds[i+1:], func(other error) bool { return errors.Is(other, kind) }) {
			t.Errorf("%v is not the only one of its kind", kind)
		}
	}
}
