package keystone

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"filegate/authplugins/internal/upstream"
)

// object is a JSON object.
type object = map[string]any

// Keystone's names for authentication methods.
const (
	password              = "password"
	totp                  = "totp"
	tokenMethod           = "token"
	applicationCredential = "application_credential"
)

// question is a request for a token, in the terms of v3.
type question struct {
	methods object // the proofs
	scope   object // nil: the default scope
	receipt string // for the proofs that were given before

	login        Login // for v2.0, which has other terms
	secret       string
	projectID    string
	forwardedFor string
}

// question returns a request for a token with the user's credential.
func (at *attempt) question(scope object) question {
	q := question{scope: scope, login: at.login, secret: at.credential.Secret, projectID: at.credential.ProjectID, forwardedFor: at.credential.ForwardedFor}
	switch {
	case at.login.Access != "": // the request is signed
	case at.login.Credential == "":
		user := at.user()
		user["password"] = at.credential.Secret
		q.methods = object{password: object{"user": user}}
	case at.login.User == "":
		q.methods = object{applicationCredential: object{"id": at.login.Credential, "secret": at.credential.Secret}}
	// A renewal keeps the application credential of the login.
	case at.credential.CredentialID != "":
		q.methods = object{applicationCredential: object{"id": at.credential.CredentialID, "secret": at.credential.Secret}}
	default:
		q.methods = object{applicationCredential: object{"name": at.login.Credential, "user": at.user(), "secret": at.credential.Secret}}
	}
	return q
}

// user returns the user of the login, by id or by name and domain.
func (at *attempt) user() object {
	if id, ok := id(at.login.User, at.login.UserDomain == "", 32, 64); ok {
		return object{"id": id}
	}
	return object{"name": at.login.User, "domain": at.domain(at.login.UserDomain)}
}

// domain returns a domain, by id or by name. "default" is the id of the domain that Keystone
// creates itself. Its name is "Default", and not all databases ignore the case.
func (a *Authenticator) domain(name string) object {
	name = cmp.Or(name, a.config.DefaultDomain)
	if id, ok := id(name, false); ok || name == "default" {
		return object{"id": id}
	}
	return object{"name": name}
}

// scope returns the scope of the requested token; nil for the default one.
func (at *attempt) scope() object {
	login := at.login
	switch {
	case login.Access != "": // has a project
		return nil
	case login.Trust != "":
		return object{"OS-TRUST:trust": object{"id": login.Trust}}
	case login.Credential != "": // has a project, and must not request one
		return nil
	case at.credential.ProjectID != "":
		return projectScope(at.credential.ProjectID)
	case login.Choose:
		return object{"unscoped": object{}}
	case login.Project == "": // Keystone uses the user's default project
		return nil
	}
	if id, ok := id(login.Project, login.ProjectDomain == "", 32); ok {
		return projectScope(id)
	}
	return object{"project": object{"name": login.Project, "domain": at.domain(login.ProjectDomain)}}
}

func projectScope(id string) object { return object{"project": object{"id": id}} }

// ask requests a token from Keystone.
func (a *Authenticator) ask(ctx context.Context, q question) (got token, err error) {
	err = a.service.Try(ctx, func(ctx context.Context) (err error) {
		client := a.client(q.forwardedFor)
		switch {
		case a.config.Version == version2:
			got, err = askV2(ctx, client, q)
		case q.login.Access != "":
			got, err = a.askEC2(ctx, client, q)
		default:
			got, err = askV3(ctx, client, q)
		}
		if err == nil && got.id == "" {
			err = errors.New("the answer has no token: check auth_url")
		}
		return q.failure(err)
	})
	return got, err
}

// client returns a client for the requests of one login.
func (a *Authenticator) client(forwardedFor string) *gophercloud.ServiceClient {
	client := &gophercloud.ServiceClient{
		ProviderClient: &gophercloud.ProviderClient{HTTPClient: *a.service.Client},
		Endpoint:       a.service.URL.String() + "/",
		MoreHeaders:    map[string]string{},
	}
	client.UserAgent.Prepend("filegate")
	if forwardedFor != "" {
		client.MoreHeaders["X-Forwarded-For"] = forwardedFor
	}
	return client
}

// gophercloud's own options for tokens support neither receipts nor the scope "unscoped".
var _ tokens.AuthOptionsBuilder = question{}

// ToTokenV3CreateMap implements tokens.AuthOptionsBuilder.
func (q question) ToTokenV3CreateMap(scope map[string]any) (map[string]any, error) {
	identity := maps.Clone(q.methods)
	identity["methods"] = slices.Sorted(maps.Keys(q.methods))
	auth := object{"identity": identity}
	if scope != nil {
		auth["scope"] = scope
	}
	return object{"auth": auth}, nil
}

// ToTokenV3ScopeMap implements tokens.AuthOptionsBuilder.
func (q question) ToTokenV3ScopeMap() (map[string]any, error) { return q.scope, nil }

// ToTokenV3HeadersMap implements tokens.AuthOptionsBuilder.
func (q question) ToTokenV3HeadersMap(map[string]any) (map[string]string, error) { return nil, nil }

// CanReauth implements tokens.AuthOptionsBuilder.
func (q question) CanReauth() bool { return false }

// failure translates an error of gophercloud for an answer without a token.
func (q question) failure(err error) error {
	status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err)
	if !ok {
		return err
	}
	if status.Actual == http.StatusUnauthorized && status.ResponseHeader.Get(receiptHeader) != "" {
		return readReceipt(status.ResponseHeader.Get(receiptHeader), status.Body)
	}
	_, delegated := q.methods[applicationCredential]
	delegated = delegated || q.login.Access != ""
	return refusal(upstream.NewStatusError(status.Actual, status.ResponseHeader), status.Body, delegated)
}
