// Package swiftv1 is the authenticator for Swift's own auth 1.0, as tempauth, swauth and Rackspace speak it: one GET
// with the user and the key in headers, and the storage URL and the token in the headers of the answer.
//
// Auth 1.0 does not tell an unknown user from a wrong key, so both are auth.ErrDenied: in a chain nobody is asked after it.
//
// The user and the key travel in the grant's renewal, sealed, since a new token costs a new login. tempauth gives the
// same token out until it ends or is revoked, so renewing ahead of time is free and changes nothing.
//
// Its suite is authplugins/authtest; the program is cmd/filegate-auth-swiftv1.
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

// maxCredential is the longest user or key that is sent. Swift's servers refuse longer headers.
const maxCredential = 4 << 10

// Kind describes the authenticator to its program.
func Kind() authplugin.Kind {
	return authplugin.Kind{
		Info: auth.Info{
			Name:    "swiftv1",
			Methods: []auth.Method{auth.Password},
			Schema: append(upstream.Schema("where logins are checked, e.g. \"https://swift.example.net/auth/v1.0\""),
				auth.Attribute{Name: "storage_url", Type: auth.TypeString, Doc: "use this storage URL for everybody instead of the one in the answer"},
			),
		},
		Configure: configure,
	}
}

// Authenticator checks logins against an auth 1.0 service.
type Authenticator struct {
	service    upstream.Service
	storageURL string // in place of the answer's, where it is set
	sealer     authplugin.Sealer
}

var _ auth.Authenticator = (*Authenticator)(nil)

func configure(config authplugin.Config) (auth.Authenticator, auth.Diagnostics) {
	c := struct {
		upstream.Config
		StorageURL string `json:"storage_url"`
	}{Config: upstream.Config{Timeout: upstream.DefaultTimeout}}
	if diags := config.Decode(&c); len(diags) > 0 {
		return nil, diags
	}
	service, diags := c.Service()
	if c.StorageURL != "" {
		if _, err := upstream.ParseURL(c.StorageURL); err != nil {
			diags = append(diags, auth.Diagnostic{Attribute: "storage_url", Summary: "Not a URL", Detail: err.Error()})
		}
	}
	if len(diags) > 0 {
		return nil, diags
	}
	return &Authenticator{service: service, storageURL: c.StorageURL, sealer: config.Sealer}, nil
}

// credential is what a renewal needs.
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
	identity := &auth.Identity{User: req.User, Grant: grant}
	if account, _, ok := strings.Cut(req.User, ":"); ok && account != "" {
		identity.Groups = []string{account}
	}
	return auth.Response{Identity: identity}, nil
}

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

// check refuses what cannot be a login without asking.
func (c credential) check() error {
	switch {
	case c.User == "" || c.Key == "":
		return fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(c.User) > maxCredential || len(c.Key) > maxCredential:
		return fmt.Errorf("user or password longer than %d bytes: %w", maxCredential, auth.ErrInvalid)
	case strings.ContainsFunc(c.User+c.Key, unfit):
		return fmt.Errorf("control characters in user or password: %w", auth.ErrInvalid)
	case strings.TrimSpace(c.User) != c.User || strings.TrimSpace(c.Key) != c.Key:
		// HTTP would drop them, so that another login would be checked than was asked for.
		return fmt.Errorf("spaces around user or password: %w", auth.ErrInvalid)
	}
	return nil
}

// unfit reports whether r cannot be in the value of a header.
func unfit(r rune) bool { return r < ' ' || r == 0x7f }

// ask is one request.
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
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return auth.Grant{}, &upstream.StatusError{Code: resp.StatusCode}
	}
	grant := auth.Grant{
		Endpoint: cmp.Or(a.storageURL, resp.Header.Get("X-Storage-Url")),
		Token:    auth.Secret(cmp.Or(resp.Header.Get("X-Auth-Token"), resp.Header.Get("X-Storage-Token"))),
	}
	if grant.Token == "" {
		return auth.Grant{}, errors.New("the answer has no X-Auth-Token: check auth_url")
	}
	if _, err := upstream.ParseURL(grant.Endpoint); err != nil {
		return auth.Grant{}, errors.New("the answer has no usable X-Storage-Url: check auth_url, or set storage_url")
	}
	// Rackspace does not send it, and then nobody knows.
	if seconds, err := strconv.ParseUint(resp.Header.Get("X-Auth-Token-Expires"), 10, 31); err == nil {
		grant.Expires = asked.Add(time.Duration(seconds) * time.Second)
	}
	return grant, nil
}
