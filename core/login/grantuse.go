package login

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// grantUse is a lease's share in a grant that other gateways may also use, because the login is in
// the shared cache.
//
// The cache has a list for each such grant, with a random name for each lease that uses it. A
// gateway that finds the login adds a name to the list, and does not use the login if it cannot. A
// gateway that ends its use removes its name, and gives back the grant only if the list then is
// empty. The list is created with the grant and never again. If the cache has lost the list, the
// other users of the grant are unknown, so no gateway gives back the grant. Then, and if a gateway
// in the list was killed, the grant expires by itself.
type grantUse struct {
	login cache.Key // of the stored login
	users cache.Key // of the list
	name  string    // in the list
}

// maxGrantUse is how long the list is kept for a grant that has no expiry time.
const maxGrantUse = 24 * time.Hour

func newStake(login cache.Key, id string) *grantUse {
	return &grantUse{login: login, users: cache.NewKey("login grant users", id), name: rand.Text()}
}

func stakeLife(grant auth.Grant) time.Duration {
	if grant.Expires.IsZero() {
		return maxGrantUse
	}
	return time.Until(grant.Expires)
}

// begin creates the list, and reports whether it could.
func (l *grantUse) begin(ctx context.Context, c cache.Cache, grant auth.Grant) bool {
	return c.Update(ctx, l.users, stakeLife(grant), func([]byte) []byte { return []byte(l.name) })
}

// join adds the lease to an existing list, and reports whether it could.
func (l *grantUse) join(ctx context.Context, c cache.Cache, grant auth.Grant) bool {
	found := false
	ok := c.Update(ctx, l.users, stakeLife(grant), func(old []byte) []byte {
		if found = old != nil; !found {
			return nil
		}
		return []byte(string(old) + " " + l.name)
	})
	return ok && found
}

// end removes the lease from the list, and reports whether it was the last one.
func (l *grantUse) end(ctx context.Context, c cache.Cache, grant auth.Grant) (last bool) {
	ok := c.Update(ctx, l.users, stakeLife(grant), func(old []byte) []byte {
		names := strings.Fields(string(old))
		rest := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == l.name })
		last = len(names) > 0 && len(rest) == 0
		if len(rest) == 0 {
			return nil // a gateway that finds the login from now on asks the authenticator
		}
		return []byte(strings.Join(rest, " "))
	})
	return ok && last
}
