package gateway

import (
	"context"
	"slices"
	"sync/atomic"

	"filegate/core/auth"
)

// chain is the chain of authenticators of one frontend, in the order of the current configuration.
type chain struct {
	all     *authenticators
	members atomic.Pointer[auth.Chain]
}

var (
	_ auth.Revalidator = (*chain)(nil)
	_ auth.Releaser    = (*chain)(nil)
)

// set makes the authenticators with these names the members.
func (c *chain) set(names []string) {
	members := c.all.named(names)
	c.members.Store(&members)
}

// methods returns the methods that the members support.
func (c *chain) methods() []auth.Method {
	var all []auth.Method
	running := c.all.current()
	for _, m := range *c.members.Load() {
		if r := running[m.Name]; r != nil {
			all = append(all, r.Info().Methods...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Authenticate implements [auth.Authenticator].
func (c *chain) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	return c.members.Load().Authenticate(ctx, req)
}

// Renew implements [auth.Authenticator]. It works even if the issuer has left the chain.
func (c *chain) Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
	return c.all.named([]string{grant.Issuer}).Renew(ctx, grant)
}

// Revalidate implements [auth.Revalidator].
func (c *chain) Revalidate(ctx context.Context, id auth.Identity) error {
	return c.all.named([]string{id.Grant.Issuer}).Revalidate(ctx, id)
}

// Release implements [auth.Releaser].
func (c *chain) Release(ctx context.Context, grant auth.Grant) error {
	return c.all.named([]string{grant.Issuer}).Release(ctx, grant)
}
