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

	"filegate/authplugins/authplugin"
	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// maxCredential is the size limit of a name or password in bytes: Keystone's own limit for
// passwords.
const maxCredential = 4 << 10

// Authenticator checks logins against Keystone.
type Authenticator struct {
	config  config
	service upstream.Service
	storage upstream.Override
	sealer  authplugin.Sealer
	form    form
	states  *states

	ec2Service serviceAccount
}

var (
	_ auth.Revalidator = (*Authenticator)(nil)
	_ auth.Releaser    = (*Authenticator)(nil)
)

// credential is what a user logs in with. It is sealed in the renewal of the grant.
type credential struct {
	Name string // as typed by the user
	// Secret is the password, or the secret of an application credential. It is empty if it is not
	// enough for a renewal.
	Secret string

	// Set after the login: the project, and the application credential, for renewals.
	ProjectID    string
	CredentialID string

	Factor       bool // the login needed a second factor
	ForwardedFor string
}

// token is a token from either version of the API, with the data that came with it.
type token struct {
	id           string
	expires      time.Time
	user         string
	project      string
	projectID    string
	credentialID string
	trust        bool
	endpoints    []endpoint
}

// Authenticate implements auth.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, a.service.Timeout)
	defer cancel()
	switch {
	case req.Method == auth.Interactive && len(req.State) > 0:
		return a.goOn(ctx, req)
	case req.Method != auth.Password:
		return auth.Response{}, auth.ErrMethod
	}
	at := &attempt{Authenticator: a, session: req.SessionID, via: req.Service, credential: credential{
		Name: req.User, Secret: req.Password.Reveal(), ForwardedFor: upstream.ForwardedFor(req.Remote),
	}}
	var err error
	if at.login, err = a.parse(at.credential); err != nil {
		return auth.Response{}, err
	}
	return at.begin(ctx)
}

// attempt is a login in progress.
type attempt struct {
	*Authenticator
	login      Login
	credential credential
	session    string
	via        string // the frontend's service, such as "ftp"
}

// begin tries the password, and the code if one follows it.
func (at *attempt) begin(ctx context.Context) (auth.Response, error) {
	got, err := at.ask(ctx, at.question(at.scope()))
	receipt, partial := errors.AsType[*receiptError](err)
	switch {
	case err == nil:
		return at.entered(ctx, got)
	case partial:
		return at.secondFactor(receipt)
	case at.hasCode(err):
		return at.splitCode(ctx, err)
	}
	return auth.Response{}, err
}

// entered continues the login with a token: with the choice of a project, or with the identity.
func (at *attempt) entered(ctx context.Context, got token) (auth.Response, error) {
	if at.login.Choose {
		return at.offerProjects(ctx, got)
	}
	return at.identity(got)
}

func (at *attempt) identity(got token) (auth.Response, error) {
	grant, err := at.grant(got, at.credential)
	if err != nil {
		return auth.Response{}, err
	}
	identity := &auth.Identity{User: got.user, Groups: []string{got.project}, Grant: grant}
	if got.trust {
		// The token may name the trustor.
		identity.User = strings.TrimPrefix(at.login.User, idMark)
	}
	if !at.credential.Factor { // a code can be used only once
		identity.CacheFor = at.service.CacheFor
	}
	return auth.Response{Identity: identity}, nil
}

// Renew implements auth.Authenticator.
func (a *Authenticator) Renew(ctx context.Context, old auth.Grant) (auth.Grant, error) {
	var c credential
	if err := a.sealer.Open(old.Renewal, &c); err != nil {
		return auth.Grant{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.service.Timeout)
	defer cancel()
	got, err := a.again(ctx, c)
	if err != nil {
		return auth.Grant{}, err
	}
	return a.grant(got, c)
}

// again logs in with the credential from a renewal.
func (a *Authenticator) again(ctx context.Context, c credential) (token, error) {
	if c.Factor {
		return token{}, &auth.Error{
			Kind: auth.ErrDenied, Text: "This login took a one-time code, and is over. Log in again with a new one.",
			Err: errors.New("the login took a second factor, and so would a renewal"),
		}
	}
	login, err := a.parse(c)
	if err != nil {
		return token{}, err
	}
	login.Choose = false
	at := &attempt{Authenticator: a, login: login, credential: c}
	got, err := a.ask(ctx, at.question(at.scope()))
	if receipt, ok := errors.AsType[*receiptError](err); ok {
		return token{}, fmt.Errorf("%w: a renewal cannot give it: %w", receipt, auth.ErrDenied)
	}
	if err == nil && login.Access != "" && got.projectID != c.ProjectID {
		return token{}, fmt.Errorf("the EC2 credential is for another project now: %w", auth.ErrDenied)
	}
	return got, err
}

// parse splits the login name and applies the default project. It refuses invalid logins without
// asking Keystone.
func (a *Authenticator) parse(c credential) (Login, error) {
	switch {
	case c.Name == "" || c.Secret == "":
		return Login{}, fmt.Errorf("empty user or password: %w", auth.ErrDenied)
	case len(c.Name) > maxCredential || len(c.Secret) > maxCredential:
		return Login{}, fmt.Errorf("user or password longer than %d bytes: %w", maxCredential, auth.ErrInvalid)
	case strings.ContainsFunc(c.Name, unicode.IsControl) || strings.ContainsRune(c.Secret, 0):
		// Some of Keystone's databases and hashes fail on them, which would look like an outage.
		return Login{}, fmt.Errorf("control characters in user or password: %w", auth.ErrInvalid)
	case !utf8.ValidString(c.Name) || !utf8.ValidString(c.Secret):
		return Login{}, fmt.Errorf("user or password is not UTF-8: %w", auth.ErrInvalid)
	}
	login, err := a.form.parse(c.Name)
	if err != nil {
		return Login{}, fmt.Errorf("%w: %w", err, auth.ErrInvalid)
	}
	if login.Project == "" && login.Credential == "" && login.Trust == "" && login.Access == "" && !login.Choose {
		login.Project, login.ProjectDomain = a.config.project, a.config.projectDomain
	}
	return login, nil
}

// grant returns the access to the storage that a token gives, and the data to renew it.
func (a *Authenticator) grant(got token, c credential) (auth.Grant, error) {
	if got.projectID == "" {
		text := "There is no default project: log in as PROJECT" + cmp.Or(a.form.tenant, " ") + "USER."
		if a.form.tenant != "" && !a.form.plain {
			text += " As " + chooseMark + a.form.tenant + "USER you may choose one."
		}
		return auth.Grant{}, &auth.Error{Kind: auth.ErrDenied, Text: text, Err: fmt.Errorf("user %s has no default project, and the option project is not set", got.user)}
	}
	grant := auth.Grant{Token: auth.Secret(got.id), Expires: got.expires, Region: a.config.Region}
	var storage endpoint
	if !a.storage.Complete() {
		var err error
		if storage, err = a.config.choose(got.endpoints); err != nil {
			return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
		}
		grant.Region = storage.region
	}
	var err error
	if grant.Endpoint, err = a.storage.Apply(storage.url); err != nil {
		return auth.Grant{}, fmt.Errorf("the catalog's endpoint for the storage: %w: %w", err, auth.ErrUnavailable)
	}
	c.ProjectID, c.CredentialID = got.projectID, got.credentialID
	if grant.Renewal, err = a.sealer.Seal(c); err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return grant, nil
}
