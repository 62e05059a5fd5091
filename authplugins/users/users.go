package users

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// Authenticator checks logins against the file.
type Authenticator struct {
	source   *source
	key      userfile.Key
	cacheFor time.Duration
	sealer   authplugin.Sealer
	hashing  chan struct{} // one element for each password that is being checked
}

var (
	_ auth.Revalidator = (*Authenticator)(nil)
	_ auth.Releaser    = (*Authenticator)(nil)
)

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if err := ctx.Err(); err != nil {
		return auth.Response{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	c, p := a.source.content(), proofOf(req)
	switch req.Method {
	case auth.Password:
		hash, err := a.checkPassword(ctx, c, req)
		if err != nil {
			return auth.Response{}, err
		}
		p.Hash = hash
	case auth.PublicKey, auth.Certificate:
		if req.User == "" {
			return auth.Response{}, fmt.Errorf("no user: %w", auth.ErrDenied)
		}
	default:
		return auth.Response{}, auth.ErrMethod
	}
	u, err := p.holds(c, time.Now())
	if err != nil {
		return auth.Response{}, err
	}
	id := u.Identity()
	id.CacheFor, id.Confirm = a.cacheFor, true // the file is checked at each login
	if !req.Asks() {
		if id.Grant, err = a.grant(ctx, c, u, p); err != nil {
			return auth.Response{}, deniedBy(err)
		}
	}
	return auth.Response{Identity: &id}, nil
}

// checkPassword returns the hash that the password matches. An unknown user and a wrong password
// take the same time.
func (a *Authenticator) checkPassword(ctx context.Context, c *content, req auth.Request) (hash string, err error) {
	anonymous := false
	if u := c.User(req.User); u != nil {
		anonymous = u.Anonymous
	}
	if req.User == "" || (req.Password == "" && !anonymous) {
		return "", fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	}
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w before the password was checked: %w", ctx.Err(), auth.ErrUnavailable)
	}
	u, ok := c.CheckPassword(req.User, req.Password.Reveal())
	switch {
	case u == nil:
		return "", fmt.Errorf("%q is not in the file: %w", req.User, auth.ErrUnknownUser)
	case !ok:
		return "", fmt.Errorf("%q: wrong password: %w", req.User, auth.ErrDenied)
	}
	return u.Hash(), nil
}

// Renew implements auth.Authenticator. It logs in at the storage again, with the current credential
// in the file. The storage must be the same.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	c, u, p, err := a.open(ctx, old)
	if err != nil {
		return auth.Grant{}, err
	}
	return a.renew(ctx, c, u, p, old)
}

// renew returns a new grant for the same storage as old.
func (a *Authenticator) renew(ctx context.Context, c *content, u *userfile.User, p proof, old auth.Grant) (auth.Grant, error) {
	fresh, err := a.grant(ctx, c, u, p)
	switch {
	case err != nil:
		return auth.Grant{}, deniedBy(err)
	case fresh.Endpoint != old.Endpoint || fresh.Region != old.Region:
		return auth.Grant{}, fmt.Errorf("%q acts in another storage now: %w", u.Name, auth.ErrDenied)
	}
	return fresh, nil
}

// trusted is the longest time for which a credential that the storage has accepted is not checked
// there again.
const trusted = time.Minute

// Revalidate implements auth.Revalidator. Unless the storage has accepted the credential very
// recently, Revalidate asks it again: a token may outlive its credential.
func (a *Authenticator) Revalidate(ctx context.Context, id auth.Identity) error {
	c, u, p, err := a.open(ctx, id.Grant)
	if err != nil || u.Storage == nil || time.Since(p.Asked) < min(a.cacheFor, trusted) {
		return err
	}
	theirs := id
	theirs.Grant.Renewal = p.Renewal
	err = auth.Revalidate(ctx, c.storages[p.Storage], theirs)
	if !errors.Is(err, auth.ErrDenied) && !errors.Is(err, auth.ErrUnknownUser) {
		return err
	}
	// The refusal may be about a credential that was replaced in the file.
	fresh, err := a.renew(ctx, c, u, p, id.Grant)
	if err == nil && fresh.Token != id.Grant.Token {
		// If this fails, the token stays valid until it expires.
		_ = a.Release(ctx, fresh)
	}
	return err
}

// deniedBy turns a refusal by the storage into a refusal of the user.
func deniedBy(err error) error {
	if errors.Is(err, errCredential) {
		return &auth.Error{Kind: auth.ErrDenied, Err: err}
	}
	return err
}

// Release implements auth.Releaser, if the authenticator of the storage does.
func (a *Authenticator) Release(ctx context.Context, grant auth.Grant) error {
	var p proof
	if err := a.sealer.Open(grant.Renewal, &p); err != nil {
		return err
	}
	storage, ok := a.source.content().storages[p.Storage]
	if !ok {
		return nil // no storage, or one that is not in the file any more
	}
	grant.Renewal = p.Renewal
	return auth.Release(ctx, storage, grant)
}

// open returns the user and the proof of a grant, if they are still valid.
func (a *Authenticator) open(ctx context.Context, grant auth.Grant) (*content, *userfile.User, proof, error) {
	var p proof
	if err := ctx.Err(); err != nil {
		return nil, nil, p, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	if err := a.sealer.Open(grant.Renewal, &p); err != nil {
		return nil, nil, p, err
	}
	c := a.source.content()
	u, err := p.holds(c, time.Now())
	if err != nil {
		return nil, nil, p, err
	}
	storage := ""
	if u.Storage != nil {
		storage = u.Storage.Name
	}
	if storage != p.Storage || u.Login != p.Login {
		return nil, nil, p, fmt.Errorf("%q acts in another storage now: %w", u.Name, auth.ErrDenied)
	}
	return c, u, p, nil
}
