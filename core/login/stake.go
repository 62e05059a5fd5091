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

// stake is a lease's part in a grant that lies in the shared cache, where other gateways may take it from.
//
// Beside the login lies who uses its grant: a list of leases, each with a name of its own. Who finds the login puts himself down, and does not use it if he cannot; who lets go
// strikes himself off, and only the last one, whose name is the only one in the list, gives the grant back. The list is made with the grant, and never again: where
// it was forgotten nobody can tell who else there is, so nobody takes the grant from under him. Then, and when a gateway was killed that is in the list,
// the grant ends by itself.
type stake struct {
	login cache.Key // where the login lies
	users cache.Key // where the list does
	name  string    // in the list
}

// maxStake is how long the list is kept for a grant that does not say when it ends.
const maxStake = 24 * time.Hour

func newStake(login cache.Key, id string) *stake {
	return &stake{login: login, users: cache.NewKey("login grant users", id), name: rand.Text()}
}

func stakeLife(grant auth.Grant) time.Duration {
	if grant.Expires.IsZero() {
		return maxStake
	}
	return time.Until(grant.Expires)
}

// begin makes the list, and reports whether it could.
func (l *stake) begin(ctx context.Context, c cache.Cache, grant auth.Grant) bool {
	return c.Update(ctx, l.users, stakeLife(grant), func([]byte) []byte { return []byte(l.name) })
}

// join puts the lease down in a list that is there, and reports whether it could.
func (l *stake) join(ctx context.Context, c cache.Cache, grant auth.Grant) bool {
	found := false
	ok := c.Update(ctx, l.users, stakeLife(grant), func(old []byte) []byte {
		if found = old != nil; !found {
			return nil
		}
		return []byte(string(old) + " " + l.name)
	})
	return ok && found
}

// end strikes the lease off, and reports whether it was the last one in the list.
func (l *stake) end(ctx context.Context, c cache.Cache, grant auth.Grant) (last bool) {
	ok := c.Update(ctx, l.users, stakeLife(grant), func(old []byte) []byte {
		names := strings.Fields(string(old))
		rest := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == l.name })
		last = len(names) > 0 && len(rest) == 0
		if len(rest) == 0 {
			return nil // whoever finds the login from here on asks the authenticator
		}
		return []byte(strings.Join(rest, " "))
	})
	return ok && last
}
