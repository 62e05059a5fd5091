package auth

import (
	"context"
	"net/netip"
)

// Authenticator checks logins and renews the grants that it has given. It must be safe for
// concurrent use, and every call must end when its context ends. Some authenticators are also a
// [Revalidator] or a [Releaser].
type Authenticator interface {
	// Authenticate answers one step of a login. Its errors wrap one of Kinds. After ErrUnknownUser,
	// a chain asks its next authenticator. ErrDenied ends the login. ErrUnavailable means that the
	// login could not be checked.
	Authenticate(ctx context.Context, req Request) (Response, error)
	// Renew returns a new grant for one that has ended or soon will. ErrDenied means that the grant
	// cannot be renewed any more.
	Renew(ctx context.Context, grant Grant) (Grant, error)
}

// Method is a way to prove an identity, by its SSH name (RFC 4252).
type Method string

// The methods of proof.
const (
	Password    Method = "password"
	PublicKey   Method = "publickey"
	Interactive Method = "keyboard-interactive"
	Certificate Method = "tls-certificate" // a TLS client certificate, for FTPS
)

// Request is one step of a login.
type Request struct {
	User      string
	Method    Method
	Service   string         // protocol of the frontend: "ssh", "ftp"
	SessionID string         // the same in every step of a login and in the log
	Remote    netip.AddrPort // the client
	Local     netip.AddrPort // the address to which the client has connected
	Client    string         // the client's identification, e.g. "SSH-2.0-OpenSSH_9.2"; may be empty

	Password Secret // for Password

	// PublicKey is the key in SSH's wire format for PublicKey, or the certificate in DER for
	// Certificate.
	PublicKey []byte
	// Verified is set if the client has proved that it has the private key. A request without it
	// only asks whether the key is acceptable: it has no side effect, and its answer does not open
	// a session.
	Verified bool

	// Answers are the answers to the prompts of the previous step, and State is the State of that
	// step. An Interactive request with neither asks for the first prompts.
	Answers []Secret
	State   []byte
}

// Response is the answer to a step that has not failed: an identity, or the next step.
type Response struct {
	Identity *Identity // set: the login is complete
	Next     *Step     // set if Identity is nil: another step is required
}

// Step is the next step that a login requires.
type Step struct {
	Methods     []Method // the client may use any of them
	Instruction string   // for Interactive: shown above the prompts; safe for the client
	Prompts     []Prompt
	State       []byte // returned in the next request; opaque to everybody else
}

// Prompt is a question of a keyboard-interactive step.
type Prompt struct {
	Text string
	Echo bool // show the input
}
