package users

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// proof is how a user has logged in. It is sealed in the grant, so that it can be checked against
// the file again.
type proof struct {
	User, Service, SessionID string
	Method                   auth.Method
	Remote                   string // the client's address and port; empty if unknown
	// Hash, for Password, is the hash that the password matched. It is empty for an anonymous user.
	Hash string
	Key  []byte // for PublicKey and Certificate

	Storage, Login string    // of the grant; empty: no storage
	Asked          time.Time // when the storage last accepted the credential
	Renewal        []byte    // the renewal from the storage's authenticator
}

func proofOf(req auth.Request) proof {
	p := proof{User: req.User, Service: req.Service, SessionID: req.SessionID, Method: req.Method, Key: req.PublicKey}
	if req.Remote.IsValid() {
		p.Remote = req.Remote.String()
	}
	return p
}

// holds returns the user if the proof is valid by the current file.
func (p proof) holds(c *content, now time.Time) (*userfile.User, error) {
	u := c.User(p.User)
	if u == nil {
		return nil, fmt.Errorf("%q is not in the file: %w", p.User, auth.ErrUnknownUser)
	}
	if err := p.check(c, u, now); err != nil {
		return nil, fmt.Errorf("%q: %w: %w", p.User, err, auth.ErrDenied)
	}
	return u, nil
}

// check returns the reason why the user is refused, or nil.
func (p proof) check(c *content, u *userfile.User, now time.Time) error {
	var from netip.Addr // invalid if unknown, and then in no network
	if remote, err := netip.ParseAddrPort(p.Remote); err == nil {
		from = remote.Addr()
	}
	switch {
	case u.Disabled:
		return errors.New("the user is disabled")
	case !u.Admits(p.Service):
		return fmt.Errorf("the user may not come in by %s", p.Service)
	case !u.Networks().Contain(from):
		return errors.New("the user may not come in from this address")
	}
	switch p.Method {
	case auth.Password:
		if p.Hash != u.Hash() || (p.Hash == "" && !u.Anonymous) {
			return errors.New("the password is another one now")
		}
		return nil
	case auth.PublicKey:
		return c.CheckKey(u, p.Key, from, now)
	case auth.Certificate:
		return c.CheckTLS(u, p.Key, now)
	default:
		return auth.ErrMethod
	}
}
