package auth

import "errors"

// The ways in which a login fails. A client learns only "denied" or "try again later": unknown user and wrong password look the same to it.
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
