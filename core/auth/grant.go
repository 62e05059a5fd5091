package auth

import "time"

// Grant is the access to storage that a login gets: for Swift, the storage URL and a token.
type Grant struct {
	Endpoint string            // the storage URL
	Token    Secret            // the access token
	Expires  time.Time         // when the token expires; zero: unknown
	Region   string            // may be empty
	Extra    map[string]string // other values for a backend, see its documentation
	// Renewal is the data that Renew needs, sealed by the authenticator. Nobody else can read it.
	Renewal []byte
	// Issuer is the name of the authenticator that has given the grant, and Generation is the
	// number of the program that ran then, so that Renew goes to the right program. Chain sets
	// Issuer, and the gateway sets Generation; authenticators see neither.
	Issuer     string
	Generation uint64
}
