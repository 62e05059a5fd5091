package auth

import (
	"context"
	"errors"
	"fmt"
)

// Named is an authenticator with the operator's name for it.
type Named struct {
	Name string
	Authenticator
}

// Chain asks its members in turn: the first that knows the user decides. It is itself an Authenticator.
type Chain []Named

var _ Authenticator = Chain(nil)

// Authenticate goes on to the next member on ErrUnknownUser and ErrMethod; whatever else a member says is the answer.
// A member that is unavailable ends the login too: the next one must not decide over a user that may be the first one's.
// Where a step was asked for, the state that the client's next request brings back leads to the same member.
func (c Chain) Authenticate(ctx context.Context, req Request) (Response, error) {
	if len(c) == 0 {
		return Response{}, fmt.Errorf("no authenticators in this chain: %w", ErrUnavailable)
	}
	members := c
	if len(req.State) > 0 {
		i := int(req.State[0])
		if i >= len(c) {
			return Response{}, fmt.Errorf("state of a step names member %d of %d: %w", i, len(c), ErrInvalid)
		}
		members = c[i : i+1]
		req.State = req.State[1:]
	}
	errs := make([]error, 0, len(members))
	for _, m := range members {
		resp, err := m.Authenticate(ctx, req)
		switch {
		case err == nil && resp.Identity != nil:
			resp.Identity.Grant.Issuer = m.Name
			return resp, nil
		case err == nil && resp.Next != nil:
			resp.Next.State = append([]byte{byte(c.index(m.Name))}, resp.Next.State...)
			return resp, nil
		case err == nil:
			return Response{}, fmt.Errorf("%s: answered neither identity nor step: %w", m.Name, ErrUnavailable)
		}
		err = fmt.Errorf("%s: %w", m.Name, err)
		if !errors.Is(err, ErrUnknownUser) && !errors.Is(err, ErrMethod) {
			return Response{}, err
		}
		errs = append(errs, err)
	}
	return Response{}, errors.Join(errs...)
}

// Renew goes to the member that gave the grant.
func (c Chain) Renew(ctx context.Context, grant Grant) (Grant, error) {
	i := c.index(grant.Issuer)
	if i < 0 {
		return Grant{}, fmt.Errorf("no authenticator %q in this chain: %w", grant.Issuer, ErrDenied)
	}
	fresh, err := c[i].Renew(ctx, grant)
	if err != nil {
		return Grant{}, fmt.Errorf("%s: %w", grant.Issuer, err)
	}
	fresh.Issuer = grant.Issuer
	return fresh, nil
}

func (c Chain) index(name string) int {
	for i, m := range c {
		if m.Name == name {
			return i
		}
	}
	return -1
}
