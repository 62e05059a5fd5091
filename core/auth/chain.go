package auth

import (
	"context"
	"errors"
	"fmt"
)

// Named is an authenticator with the name that the operator has given it.
type Named struct {
	Name string
	Authenticator
}

// Chain asks its members in order; the first one that knows the user decides. A Chain is itself an
// Authenticator.
type Chain []Named

var (
	_ Revalidator = Chain(nil)
	_ Releaser    = Chain(nil)
)

// Authenticate asks the next member after ErrUnknownUser and ErrMethod. Any other answer of a
// member is the result. An unavailable member ends the login too: the user may belong to it, so the
// next member must not decide. If a member has required another step, the State in the client's
// next request leads to the same member.
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

// Renew asks the member that has given the grant.
func (c Chain) Renew(ctx context.Context, grant Grant) (Grant, error) {
	m, err := c.issuer(grant)
	if err != nil {
		return Grant{}, err
	}
	fresh, err := m.Renew(ctx, grant)
	if err != nil {
		return Grant{}, fmt.Errorf("%s: %w", m.Name, err)
	}
	fresh.Issuer = m.Name
	return fresh, nil
}

// Revalidate asks the member that has given the identity's grant, as the function [Revalidate]
// does.
func (c Chain) Revalidate(ctx context.Context, id Identity) error {
	m, err := c.issuer(id.Grant)
	if err != nil {
		return err
	}
	if err := Revalidate(ctx, m.Authenticator, id); err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	return nil
}

// Release asks the member that has given the grant.
func (c Chain) Release(ctx context.Context, grant Grant) error {
	m, err := c.issuer(grant)
	if err != nil {
		return err
	}
	if err := Release(ctx, m.Authenticator, grant); err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	return nil
}

func (c Chain) issuer(grant Grant) (Named, error) {
	if i := c.index(grant.Issuer); i >= 0 {
		return c[i], nil
	}
	return Named{}, fmt.Errorf("no authenticator %q in this chain: %w", grant.Issuer, ErrUnavailable)
}

func (c Chain) index(name string) int {
	for i, m := range c {
		if m.Name == name {
			return i
		}
	}
	return -1
}
