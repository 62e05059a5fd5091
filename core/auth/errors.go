package auth

import (
	"errors"
	"fmt"
)

// The ways in which a login fails. Unknown user and wrong password look the same to a client.
var (
	ErrUnknownUser = errors.New("unknown user")                        // not ours: the next of the chain may know
	ErrDenied      = errors.New("login denied")                        // known and refused: nobody else is asked
	ErrUnavailable = errors.New("authentication service unavailable")  // nobody could tell
	ErrMethod      = errors.New("method not supported for this login") // the authenticator does not do this kind of proof
	ErrInvalid     = errors.New("invalid authentication request")      // what was sent can be no login
)

// Kinds returns the closed set, for the tables that translate it.
func Kinds() []error {
	return []error{ErrUnknownUser, ErrDenied, ErrUnavailable, ErrMethod, ErrInvalid}
}

// Error is a failed login with a text for the client. Most failures want none: then any error that wraps one of Kinds does.
type Error struct {
	Kind error  // one of Kinds
	Text string // safe for the client, and the same for everybody who might send this; empty: nothing beside the kind
	Err  error  // for the log: the cause; never shown to a client
}

// Error is what the operator reads.
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

// Unwrap gives the kind. The cause may be of another kind to whoever found it, so it does not show.
func (e *Error) Unwrap() error { return e.Kind }

// ClientText is what a client may read of err, if anything: the text of the outermost [*Error] in it.
func ClientText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Text
	}
	return ""
}
