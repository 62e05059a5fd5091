// Package swiftv1 is the authenticator for auth 1.0, the authentication of tempauth, swauth and
// Rackspace. A login is one GET request with the user and the key in its headers. The headers of
// the answer have the storage URL and the token.
//
// A login is one request, and so is a renewal. If the service answers with a 5xx or 429, or if the
// connection fails, the request is repeated, at most twice and within the option timeout. The
// user's name is sent unchanged: ACCOUNT:USER for tempauth and swauth, whose auth_url ends in
// /auth/v1.0, and a plain name for Rackspace. The account, if there is one, is the group in
// listings.
//
// Auth 1.0 does not distinguish an unknown user from a wrong key, so both are auth.ErrDenied, and
// no further authenticator of a chain is asked.
//
// The user and the key are in the grant's renewal, sealed, because a new token requires a new
// login. tempauth returns the same token until it expires or is revoked, so an early renewal has no
// effect. A token is not revoked at the end of a session: auth 1.0 cannot revoke tokens, and other
// sessions may use the same one.
//
// The suite is authplugins/authtest, and the program is cmd/filegate-auth-swiftv1.
package swiftv1

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

const (
	// maxCredential is the size limit of a user or key in bytes. Swift refuses longer headers.
	maxCredential = 4 << 10

	defaultTokenLife = "0s"
)

// Kind returns the authenticator for its program.
func Kind() authplugin.Kind {
	return authplugin.Kind{
		Info: auth.Info{
			Name:    "swiftv1",
			Methods: []auth.Method{auth.Password},
			Schema: append(upstream.Schema("where logins are checked, e.g. \"https://swift.example.net/auth/v1.0\""),
				upstream.OverrideAttribute(),
				auth.Attribute{Name: "token_life", Type: auth.TypeString, Default: defaultTokenLife, Doc: "of tokens where the answer has no X-Auth-Token-Expires; 0s: until the storage refuses them"},
			),
		},
		Configure: configure,
	}
}

// Authenticator checks logins against an auth 1.0 service.
type Authenticator struct {
	service   upstream.Service
	storage   upstream.Override
	tokenLife time.Duration // if the answer does not set it; 0: unknown
	sealer    authplugin.Sealer
}

var _ auth.Authenticator = (*Authenticator)(nil)

func configure(config authplugin.Config) (auth.Authenticator, auth.Diagnostics) {
	c := struct {
		upstream.Config
		StorageURL string `json:"storage_url"`
		TokenLife  string `json:"token_life"`
	}{Config: upstream.Defaults(), TokenLife: defaultTokenLife}
	if diags := config.Decode(&c); len(diags) > 0 {
		return nil, diags
	}
	service, diags := c.Service()
	storage, wrong := upstream.ParseOverride(c.StorageURL)
	diags = append(diags, wrong...)
	service.Timeout, wrong = config.Within("timeout", service.Timeout)
	diags = append(diags, wrong...)
	life, err := time.ParseDuration(c.TokenLife)
	if err != nil || life < 0 {
		diags = append(diags, auth.Diagnostic{Attribute: "token_life", Summary: "Not a duration", Detail: `Give a time with a unit, such as "24h".`})
	}
	if len(diags) > 0 {
		return nil, diags
	}
	return &Authenticator{service: service, storage: storage, tokenLife: life, sealer: config.Sealer}, nil
}

// credential is the data that a renewal needs.
type credential struct {
	User, Key    string
	ForwardedFor string
}

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if req.Method != auth.Password {
		return auth.Response{}, auth.ErrMethod
	}
	grant, err := a.grant(ctx, credential{User: req.User, Key: req.Password.Reveal(), ForwardedFor: upstream.ForwardedFor(req.Remote)})
	if err != nil {
		return auth.Response{}, err
	}
	identity := &auth.Identity{User: req.User, CacheFor: a.service.CacheFor, Grant: grant}
	if account, _, ok := strings.Cut(req.User, ":"); ok && account != "" {
		identity.Groups = []string{account}
	}
	return auth.Response{Identity: identity}, nil
}

// Parts returns the account and the user of a login name, or the name if it has no account.
func (a *Authenticator) Parts(name string) []string { return strings.SplitN(name, ":", 2) }

// Renew implements auth.Authenticator.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	var c credential
	if err := a.sealer.Open(old.Renewal, &c); err != nil {
		return auth.Grant{}, err
	}
	return a.grant(ctx, c)
}

func (a *Authenticator) grant(ctx context.Context, c credential) (grant auth.Grant, err error) {
	if err := c.check(); err != nil {
		return auth.Grant{}, err
	}
	err = a.service.Try(ctx, func(ctx context.Context) (err error) {
		grant, err = a.ask(ctx, c)
		return err
	})
	if err != nil {
		return auth.Grant{}, err
	}
	if grant.Renewal, err = a.sealer.Seal(c); err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return grant, nil
}

// check refuses, without a request, what cannot be a login.
func (c credential) check() error {
	switch {
	case c.User == "" || c.Key == "":
		return fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(c.User) > maxCredential || len(c.Key) > maxCredential:
		return fmt.Errorf("user or password longer than %d bytes: %w", maxCredential, auth.ErrInvalid)
	case strings.ContainsFunc(c.User+c.Key, unfit):
		return fmt.Errorf("control characters in user or password: %w", auth.ErrInvalid)
	case strings.TrimSpace(c.User) != c.User || strings.TrimSpace(c.Key) != c.Key:
		// HTTP would remove them, and a login other than the given one would be checked.
		return fmt.Errorf("spaces around user or password: %w", auth.ErrInvalid)
	}
	return nil
}

// unfit reports whether r is not allowed in the value of a header.
func unfit(r rune) bool { return r < ' ' || r == 0x7f }

// ask makes one request.
func (a *Authenticator) ask(ctx context.Context, c credential) (auth.Grant, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.service.URL.String(), nil)
	if err != nil {
		return auth.Grant{}, err
	}
	req.Header.Set("X-Auth-User", c.User)
	req.Header.Set("X-Auth-Key", c.Key)
	if c.ForwardedFor != "" {
		req.Header.Set("X-Forwarded-For", c.ForwardedFor)
	}
	asked := time.Now()
	resp, err := a.service.Client.Do(req)
	if err != nil {
		return auth.Grant{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be reused
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return auth.Grant{}, upstream.NewStatusError(resp.StatusCode, resp.Header)
	}
	grant := auth.Grant{Token: auth.Secret(cmp.Or(resp.Header.Get("X-Auth-Token"), resp.Header.Get("X-Storage-Token")))}
	if grant.Token == "" {
		return auth.Grant{}, errors.New("the answer has no X-Auth-Token: check auth_url")
	}
	if grant.Endpoint, err = a.storage.Apply(resp.Header.Get("X-Storage-Url")); err != nil {
		return auth.Grant{}, errors.New("the answer has no usable X-Storage-Url: check auth_url, or set storage_url")
	}
	// Rackspace does not send X-Auth-Token-Expires.
	life := a.tokenLife
	if seconds, err := strconv.ParseUint(resp.Header.Get("X-Auth-Token-Expires"), 10, 31); err == nil {
		life = time.Duration(seconds) * time.Second
	}
	if life > 0 {
		grant.Expires = asked.Add(life)
	}
	return grant, nil
}
