package auth

import "time"

// Grant is the right to storage that a login brings: for Swift, where and with which token.
type Grant struct {
	Endpoint string            // the storage URL
	Token    Secret            // what opens it
	Expires  time.Time         // when the token ends; zero where nobody knows
	Region   string            // may be empty
	Extra    map[string]string // what else a backend may want, by its documentation
	// Renewal is what Renew needs to know, sealed by the authenticator: nobody else can read it.
	Renewal []byte
	// Issuer names the authenticator that gave it, and Generation which program of that, so that Renew goes to the right one. Chain sets
	// the one and the gateway the other; an authenticator sees neither.
	Issuer     string
	Generation uint64
}
