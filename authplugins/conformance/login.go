package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"filegate/core/auth"
)

// maxSteps is the maximum number of steps of a login, against programs that ask for ever.
const maxSteps = 16

// Login is a valid login.
type Login struct {
	Method   auth.Method // of the first step
	User     string
	Password auth.Secret
	// PublicKey is the key for auth.PublicKey, or the certificate for auth.Certificate, as in
	// auth.Request.
	PublicKey []byte
	// Answer answers the prompts of a keyboard-interactive step.
	Answer func(step auth.Step) []auth.Secret
}

// Request returns the first request of the login, like that of a frontend.
func (l Login) Request() auth.Request {
	req := auth.Request{
		User:      l.User,
		Method:    l.Method,
		Service:   "ssh",
		SessionID: "conformance",
		Remote:    netip.MustParseAddrPort("192.0.2.7:50022"),
		Local:     netip.MustParseAddrPort("192.0.2.1:22"),
		Client:    "SSH-2.0-conformance",
	}
	return l.prove(req)
}

// prove sets the fields for the request's method.
func (l Login) prove(req auth.Request) auth.Request {
	req.Password, req.PublicKey, req.Verified = "", nil, false
	switch req.Method {
	case auth.Password:
		req.Password = l.Password
	case auth.PublicKey, auth.Certificate:
		req.PublicKey, req.Verified = l.PublicKey, true
	}
	return req
}

// ErrStuck is the error if a login requires a step for which the Login has no data.
var ErrStuck = errors.New("the login wants a further step that the one that is right has no answer to")

// Walk makes all steps of the login.
func (l Login) Walk(ctx context.Context, a auth.Authenticator) (*auth.Identity, error) {
	req := l.Request()
	for range maxSteps {
		resp, err := a.Authenticate(ctx, req)
		switch {
		case err != nil:
			return nil, err
		case resp.Identity != nil:
			return resp.Identity, nil
		case resp.Next == nil:
			return nil, errors.New("the answer is neither an identity nor a step nor an error")
		}
		var ok bool
		if req, ok = l.next(req, *resp.Next); !ok {
			return nil, ErrStuck
		}
	}
	return nil, fmt.Errorf("the login is not through after %d steps", maxSteps)
}

// next returns the request that follows a step. It returns false if the login has no data for any
// of the methods.
func (l Login) next(req auth.Request, step auth.Step) (auth.Request, bool) {
	req.State, req.Answers = step.State, nil
	can := func(m auth.Method) bool {
		switch m {
		case auth.Interactive:
			return l.Answer != nil
		case auth.Password:
			return l.Password != ""
		default:
			return l.PublicKey != nil
		}
	}
	i := slices.IndexFunc(step.Methods, can)
	if i < 0 {
		return req, false
	}
	req.Method = step.Methods[i]
	if req.Method == auth.Interactive {
		req.Answers = l.Answer(step)
	}
	return l.prove(req), true
}

// with returns the login with another user and password.
func (l Login) with(user string, password auth.Secret) Login {
	l.User, l.Password = user, password
	return l
}
