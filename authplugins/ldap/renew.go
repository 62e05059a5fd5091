package ldap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filegate/core/auth"
)

// proof is what a login rests on. It travels sealed in the grant, so that it can be held against
// the directory again.
type proof struct {
	Login, Service, SessionID string // Login is the name that the client has written
	Method                    auth.Method
	Remote                    string // the client's address and port; empty where nobody knows
	Key                       []byte // for PublicKey
	Password                  string // kept only where the entry cannot be read without it

	User, DN string // what the directory said: the canonical name, and the entry
	ID       string // what tells the entry from a later one of the same name
	Changed  string // when the password was set, as far as the directory shows it

	StorageLogin string
	Asked        time.Time // when the storage took the credential
	Renewal      []byte    // of the storage's authenticator
}

func proofOf(req auth.Request) proof {
	p := proof{Login: req.User, Service: req.Service, SessionID: req.SessionID, Method: req.Method, Key: req.PublicKey}
	if req.Remote.IsValid() {
		p.Remote = req.Remote.String()
	}
	return p
}

// trusted is the longest time for which a credential that the storage has taken is not shown to it
// again.
const trusted = time.Minute

// Renew implements auth.Authenticator. It logs in at the storage anew, with the credential that the
// user has now.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	f, p, err := a.again(ctx, old)
	if err != nil {
		return auth.Grant{}, err
	}
	return a.renew(ctx, f, p, old)
}

// renew returns a fresh grant for the same storage as an old one.
func (a *Authenticator) renew(ctx context.Context, f facts, p proof, old auth.Grant) (auth.Grant, error) {
	fresh, err := a.grant(ctx, f, p)
	switch {
	case err != nil:
		return auth.Grant{}, err
	case fresh.Endpoint != old.Endpoint || fresh.Region != old.Region:
		return auth.Grant{}, fmt.Errorf("%q acts in another storage now: %w", p.User, auth.ErrDenied)
	}
	return fresh, nil
}

// Revalidate implements auth.Revalidator. The storage is asked too whether it still takes the
// credential, unless it has just taken it.
func (a *Authenticator) Revalidate(ctx context.Context, id auth.Identity) error {
	f, p, err := a.again(ctx, id.Grant)
	if err != nil || a.storage == nil || time.Since(p.Asked) < min(a.cacheFor, trusted) {
		return err
	}
	theirs := id
	theirs.Grant.Renewal = p.Renewal
	err = auth.Revalidate(ctx, a.storage, theirs)
	if !errors.Is(err, auth.ErrDenied) && !errors.Is(err, auth.ErrUnknownUser) {
		return err
	}
	// It may have been about a secret that the directory does not have any more.
	fresh, err := a.renew(ctx, f, p, id.Grant)
	if err == nil && fresh.Token != id.Grant.Token {
		_ = a.Release(ctx, fresh) // the answer stands whatever comes of this: then the token ends by itself
	}
	return err
}

// Release implements auth.Releaser, where the storage's authenticator does.
func (a *Authenticator) Release(ctx context.Context, grant auth.Grant) error {
	var p proof
	if err := a.sealer.Open(grant.Renewal, &p); err != nil {
		return err
	}
	if a.storage == nil || len(p.Renewal) == 0 {
		return nil
	}
	grant.Renewal = p.Renewal
	return auth.Release(ctx, a.storage, grant)
}

// again asks the directory about a login of before.
func (a *Authenticator) again(ctx context.Context, grant auth.Grant) (facts, proof, error) {
	var p proof
	if err := ctx.Err(); err != nil {
		return facts{}, p, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	if err := a.sealer.Open(grant.Renewal, &p); err != nil {
		return facts{}, p, err
	}
	if p.DN == "" || (p.Method == auth.Password && p.Password == "" && !a.looksUp()) {
		return facts{}, p, fmt.Errorf("the login was made with another configuration, and cannot be checked with this one: %w", auth.ErrUnavailable)
	}
	f, err := a.check(ctx, p)
	if err != nil {
		return facts{}, p, err
	}
	refused := func(why string) (facts, proof, error) {
		return facts{}, p, fmt.Errorf("%q: %s: %w", p.User, why, auth.ErrDenied)
	}
	switch {
	case f.user != p.User || f.entry.DN != p.DN || snapshot(f.entry, idAttributes) != p.ID:
		return refused("the name is another entry's now")
	case p.Method == auth.Password && snapshot(f.entry, changeAttributes) != p.Changed:
		return refused("the password was changed")
	}
	if a.storage != nil {
		login, err := f.fill(a.storageLogin)
		if err != nil {
			return refused(err.Error())
		}
		if login != p.StorageLogin {
			return refused("the user acts as another one in the storage now")
		}
	}
	return f, p, nil
}
