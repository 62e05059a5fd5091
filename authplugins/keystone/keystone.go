package keystone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gophercloud/gophercloud/v2"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// maxCredential is the longest name or password that is sent: Keystone's own limit for passwords.
const maxCredential = 4 << 10

// Authenticator checks logins against Keystone.
type Authenticator struct {
	config  config
	service upstream.Service
	sealer  authplugin.Sealer
	form    form
}

var _ auth.Authenticator = (*Authenticator)(nil)

// credential is what a renewal needs.
type credential struct {
	Name, Password string
	ProjectID      string // once it is known: the one to stay in
	ForwardedFor   string
}

// token is what either version of the API answers.
type token struct {
	id        string
	expires   time.Time
	user      string
	project   string
	projectID string
	endpoints []endpoint
}

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if req.Method != auth.Password {
		return auth.Response{}, auth.ErrMethod
	}
	got, grant, err := a.login(ctx, credential{Name: req.User, Password: req.Password.Reveal(), ForwardedFor: upstream.ForwardedFor(req.Remote)})
	if err != nil {
		return auth.Response{}, err
	}
	return auth.Response{Identity: &auth.Identity{User: got.user, Groups: []string{got.project}, Grant: grant}}, nil
}

// Renew implements auth.Authenticator.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	var c credential
	if err := a.sealer.Open(old.Renewal, &c); err != nil {
		return auth.Grant{}, err
	}
	_, grant, err := a.login(ctx, c)
	return grant, err
}

func (a *Authenticator) login(ctx context.Context, c credential) (got token, grant auth.Grant, err error) {
	login, err := a.parse(c)
	if err != nil {
		return token{}, auth.Grant{}, err
	}
	err = a.service.Try(ctx, func(ctx context.Context) (err error) {
		got, err = a.ask(ctx, login, c)
		return err
	})
	if err != nil {
		return token{}, auth.Grant{}, err
	}
	if got.projectID == "" {
		return token{}, auth.Grant{}, fmt.Errorf("user %s has no default project: log in as PROJECT%sUSER, or set the option project: %w", got.user, a.form.tenant, auth.ErrDenied)
	}
	grant, err = a.grant(got)
	if err != nil {
		return token{}, auth.Grant{}, err
	}
	c.ProjectID = got.projectID
	if grant.Renewal, err = a.sealer.Seal(c); err != nil {
		return token{}, auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return got, grant, nil
}

// parse refuses what cannot be a login without asking, and applies the default project.
func (a *Authenticator) parse(c credential) (Login, error) {
	switch {
	case c.Name == "" || c.Password == "":
		return Login{}, fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(c.Name) > maxCredential || len(c.Password) > maxCredential:
		return Login{}, fmt.Errorf("user or password longer than %d bytes: %w", maxCredential, auth.ErrInvalid)
	case strings.ContainsFunc(c.Name, unicode.IsControl) || strings.ContainsRune(c.Password, 0):
		// Some of Keystone's databases and hashes fail over them, which would look like an outage.
		return Login{}, fmt.Errorf("control characters in user or password: %w", auth.ErrInvalid)
	case !utf8.ValidString(c.Name) || !utf8.ValidString(c.Password):
		return Login{}, fmt.Errorf("user or password is not UTF-8: %w", auth.ErrInvalid)
	}
	login, err := a.form.parse(c.Name)
	if err != nil {
		return Login{}, fmt.Errorf("%w: %w", err, auth.ErrInvalid)
	}
	login.Project = cmp.Or(login.Project, a.config.Project)
	return login, nil
}

// ask is one request.
func (a *Authenticator) ask(ctx context.Context, login Login, c credential) (token, error) {
	client := &gophercloud.ServiceClient{
		ProviderClient: &gophercloud.ProviderClient{HTTPClient: *a.service.Client},
		Endpoint:       a.service.URL.String() + "/",
	}
	client.UserAgent.Prepend("filegate")
	if c.ForwardedFor != "" {
		client.MoreHeaders = map[string]string{"X-Forwarded-For": c.ForwardedFor}
	}
	ask := a.askV3
	if a.config.Version == version2 {
		ask = a.askV2
	}
	got, err := ask(ctx, client, login, c)
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		return token{}, upstream.NewStatusError(status.Actual, status.ResponseHeader)
	}
	if err == nil && got.id == "" {
		return token{}, errors.New("the answer has no token: check auth_url")
	}
	return got, err
}

func (a *Authenticator) grant(got token) (auth.Grant, error) {
	grant := auth.Grant{Token: auth.Secret(got.id), Expires: got.expires, Region: a.config.Region, Endpoint: a.config.StorageURL}
	if grant.Endpoint != "" {
		return grant, nil
	}
	storage, err := a.config.choose(got.endpoints)
	if err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	if _, err := upstream.ParseURL(storage.url); err != nil {
		return auth.Grant{}, fmt.Errorf("the catalog's endpoint for the storage: %w: %w", err, auth.ErrUnavailable)
	}
	grant.Endpoint, grant.Region = storage.url, storage.region
	return grant, nil
}
