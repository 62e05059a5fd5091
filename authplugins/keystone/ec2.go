package keystone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/ec2tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// ec2Mark is the prefix of an access key in a login name.
const ec2Mark = "ec2="

// serviceMargin is the time before the end of the service account's token when a new one is
// requested.
const serviceMargin = time.Minute

// accessKey returns the access key of an EC2 credential in a login name: marked with ec2Mark, or
// in the form of those that Keystone creates.
func (f form) accessKey(name string) (string, bool) {
	if !f.ec2 {
		return "", false
	}
	if key, ok := strings.CutPrefix(name, ec2Mark); ok {
		return key, true
	}
	return name, isID(name, 32)
}

// askEC2 requests a token with an EC2 credential. It signs a request as a client of EC2 would.
func (a *Authenticator) askEC2(ctx context.Context, client *gophercloud.ServiceClient, q question) (token, error) {
	service, err := a.ec2Service.get(ctx, a)
	if err != nil {
		return token{}, err
	}
	client.TokenID = service
	result := ec2tokens.Create(ctx, client, &ec2tokens.AuthOptions{
		Access: q.login.Access, Secret: q.secret, Host: a.service.URL.Host, Path: "/", Verb: http.MethodGet,
		Params: map[string]string{
			"SignatureVersion": "2", "SignatureMethod": ec2tokens.EC2CredentialsHmacSha256V2,
			"Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05Z"),
		},
	})
	got, err := readToken(result, q.login.Access)
	status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err)
	if !ok {
		return got, err
	}
	switch {
	case status.Actual == http.StatusForbidden && a.config.EC2Login == "":
		err = fmt.Errorf("%s: Keystone takes EC2 credentials only from a service account: set ec2_service_login: %w", upstream.NewStatusError(status.Actual, status.ResponseHeader).Error(), auth.ErrUnavailable)
	case status.Actual == http.StatusForbidden:
		err = fmt.Errorf("%s: the account of ec2_service_login may not check EC2 credentials: give it the role service in its project: %w", upstream.NewStatusError(status.Actual, status.ResponseHeader).Error(), auth.ErrUnavailable)
	// Keystone answers the same for a wrong signature and an invalid token of the service account.
	case status.Actual == http.StatusUnauthorized && service != "" && !a.accepts(ctx, service):
		a.ec2Service.forget(service)
		err = fmt.Errorf("the token of ec2_service_login was revoked: %w", auth.ErrUnavailable)
	case status.Actual == http.StatusUnauthorized && service == "":
		err = fmt.Errorf("%s: wrong secret, or Keystone takes EC2 credentials only from a service account (ec2_service_login): %w", upstream.NewStatusError(status.Actual, status.ResponseHeader).Error(), auth.ErrDenied)
	}
	return got, err
}

// accepts reports whether Keystone accepts a token. After an error it returns true.
func (a *Authenticator) accepts(ctx context.Context, id string) bool {
	client := a.client("")
	client.TokenID = id
	good, err := tokens.Validate(ctx, client, id)
	return good || (err != nil && !errors.Is(tokenFailure(err), auth.ErrDenied))
}

// serviceAccount is the account with which EC2 credentials are checked. Its token is shared by all
// logins.
type serviceAccount struct {
	mu      sync.Mutex
	id      string
	expires time.Time
}

// get returns a token of the account, or "" if none is configured.
func (s *serviceAccount) get(ctx context.Context, a *Authenticator) (string, error) {
	if a.config.EC2Login == "" {
		return "", nil
	}
	s.mu.Lock()
	id, expires := s.id, s.expires
	s.mu.Unlock()
	if id != "" && time.Until(expires) > serviceMargin {
		return id, nil
	}
	c := credential{Name: a.config.EC2Login, Secret: a.config.EC2Password.Reveal()}
	login, err := a.parse(c)
	if err != nil {
		return "", fmt.Errorf("ec2_service_login: %s: %w", err.Error(), auth.ErrUnavailable)
	}
	at := &attempt{Authenticator: a, login: login, credential: c}
	got, err := askV3(ctx, a.client(""), at.question(at.scope()))
	if err != nil {
		if err = at.question(nil).failure(err); !errors.Is(err, auth.ErrUnavailable) {
			err = fmt.Errorf("%s: %w", err.Error(), auth.ErrUnavailable)
		}
		return "", fmt.Errorf("the login of ec2_service_login: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, s.expires = got.id, got.expires
	return got.id, nil
}

// forget discards a token that Keystone does not accept any more.
func (s *serviceAccount) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == id {
		s.id = ""
	}
}
