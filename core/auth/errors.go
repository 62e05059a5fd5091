package auth

import (
	"errors"
	"fmt"
)

// The kinds of failed logins. To a client, an unknown user and a wrong password look the same.
var (
	ErrUnknownUser = errors.New("unknown user")                        // the next member of a chain may know the user
	ErrDenied      = errors.New("login denied")                        // the user is known and refused: no other member is asked
	ErrUnavailable = errors.New("authentication service unavailable")  // the login could not be checked
	ErrMethod      = errors.New("method not supported for this login") // this authenticator lacks it
	ErrInvalid     = errors.New("invalid authentication request")      // the request cannot be a login
)

// Kinds returns all kinds of failed logins, for tables that translate them.
func Kinds() []error {
	return []error{ErrUnknownUser, ErrDenied, ErrUnavailable, ErrMethod, ErrInvalid}
}

// Error is a failed login with a text for the client. Most failures need no text, and can be any
// error that wraps one of Kinds.
type Error struct {
	Kind error  // one of Kinds
	Text string // safe for the client, and the same for all who may send this request; empty: none
	Err  error  // for the log: the cause; never shown to a client
}

// Error returns the text for the operator.
func (e *Error) Error() string {
	s := e.Kind.Error()
	if e.Text != "" {
		s = e.Text + ": " + s
	}
	if e.Err != nil {
		s = fmt.Sprintf("%v: %s", e.Err, s)
	}
	return s
}

// Unwrap returns the kind. It does not return the cause, which may be of another kind in the
// program that found it.
func (e *Error) Unwrap() error { return e.Kind }

// ClientText returns the text for the client: that of the outermost [*Error] in err, or "".
func ClientText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Text
	}
	return ""
}
