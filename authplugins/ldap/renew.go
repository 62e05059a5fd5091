package ldap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filegate/core/auth"
)

// proof is the evidence for a login. The grant contains it, encrypted, so that a renewal or
// revalidation can check it again.
type proof struct {
	Login, Service, SessionID string // Login is the name that the client has written
	Method                    auth.Method
	Remote                    string // the client's address and port; empty if unknown
	Key                       []byte // for PublicKey
	Password                  string // in the grant only if the entry cannot be read without it

	User, DN string // from the directory: the name in its spelling, and the entry's DN
	ID       string // the entry's idAttributes
	Changed  string // the entry's changeAttributes; empty if the directory does not show them

	StorageLogin string
	Asked        time.Time // time at which the storage accepted the credential
	Renewal      []byte    // of the storage's authenticator
}

func proofOf(req auth.Request) proof {
	p := proof{Login: req.User, Service: req.Service, SessionID: req.SessionID, Method: req.Method, Key: req.PublicKey}
	if req.Remote.IsValid() {
		p.Remote = req.Remote.String()
	}
	return p
}

// trusted is the maximum time for which an accepted credential is not checked with the storage
// again.
const trusted = time.Minute

// Renew implements auth.Authenticator. It logs in at the storage again, with the credential that
// the user has now.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	f, p, err := a.again(ctx, old)
	if err != nil {
		return auth.Grant{}, err
	}
	return a.renew(ctx, f, p, old)
}

// renew returns a new grant. It fails if the new grant is for another storage than old.
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

// Revalidate implements auth.Revalidator. It also asks the storage whether the credential is still
// valid, unless the storage has just accepted it.
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
	// The refused secret may be an old one: try the secret that the directory has now.
	fresh, err := a.renew(ctx, f, p, id.Grant)
	if err == nil && fresh.Token != id.Grant.Token {
		_ = a.Release(ctx, fresh) // if this fails, the token expires later
	}
	return err
}

// Release implements auth.Releaser. It calls the storage's authenticator, if that implements
// auth.Releaser.
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

// again checks an earlier login against the directory.
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
	case f.user != p.User || !sameDN(f.entry.DN, p.DN) || snapshot(f.entry, idAttributes) != p.ID:
		return refused("the name is another entry's now")
	case p.Method == auth.Password && snapshot(f.entry, changeAttributes) != p.Changed:
		return refused("the password was changed")
	}
	if a.storage != nil {
		login, err := a.loginAt(f)
		if err != nil {
			return refused(err.Error())
		}
		if login != p.StorageLogin {
			return refused("the user acts as another one in the storage now")
		}
	}
	return f, p, nil
}
