package auth

import (
	"context"
	"net/netip"
)

// Authenticator checks logins and renews what it granted. It is safe for concurrent use. Every call must end with its context.
// What only some can do is a [Revalidator] and a [Releaser].
type Authenticator interface {
	// Authenticate answers one step of a login. The error is one of the set in Kinds: ErrUnknownUser passes the login on to
	// the next authenticator of a chain, ErrDenied ends it, ErrUnavailable says that nobody could tell.
	Authenticate(ctx context.Context, req Request) (Response, error)
	// Renew returns a fresh grant in place of one that has ended or soon will. ErrDenied says that there will be none any more.
	Renew(ctx context.Context, grant Grant) (Grant, error)
}

// Method is a way to prove an identity, in SSH's words (RFC 4252).
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
	Service   string         // who asks: "ssh", "ftp"
	SessionID string         // the same in every step of a login and in the log
	Remote    netip.AddrPort // the client
	Local     netip.AddrPort // the address it came in by
	Client    string         // what the client says it is, e.g. "SSH-2.0-OpenSSH_9.2"; may be empty

	Password Secret // for Password

	// PublicKey is the key in SSH's wire format for PublicKey, or the certificate in DER for Certificate.
	PublicKey []byte
	// Verified says that the client has proved that it has the private key. A request without it only asks
	// whether the key would do: it has no side effect, and its answer opens nothing.
	Verified bool

	// Answers are to the prompts of the step before, and State is what that step's Response asked to have back. An Interactive
	// request with neither asks for the first prompts.
	Answers []Secret
	State   []byte
}

// Response is the answer to a step that did not fail: an identity, or what is wanted next.
type Response struct {
	Identity *Identity // set: the login is through
	Next     *Step     // set, with no Identity: another step is wanted
}

// Step is what a login still lacks.
type Step struct {
	Methods     []Method // any of them will do
	Instruction string   // for Interactive: shown above the prompts; safe for the client
	Prompts     []Prompt
	State       []byte // handed back with the next request, opaque to everybody else
}

// Prompt is one question of a keyboard-interactive step.
type Prompt struct {
	Text string
	Echo bool // show what is typed
}
