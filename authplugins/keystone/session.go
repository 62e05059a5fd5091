package keystone

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// Revalidate implements auth.Revalidator. Keystone refuses the token of a user who was disabled or
// removed, has a new password, or lost the role. It also refuses a token that has expired or was
// revoked; so after a refusal, Revalidate tries the login itself.
func (a *Authenticator) Revalidate(ctx context.Context, id auth.Identity) error {
	if a.config.Version == version2 {
		return errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, a.service.Timeout)
	defer cancel()
	var c credential
	if err := a.sealer.Open(id.Grant.Renewal, &c); err != nil {
		return err
	}
	if login, err := a.parse(c); err == nil && login.Access != "" {
		// The token stays valid if the EC2 credential is deleted.
		return a.tryAgain(ctx, c)
	}
	err := a.service.Try(ctx, func(ctx context.Context) error {
		client := a.client(c.ForwardedFor)
		client.TokenID = id.Grant.Token.Reveal()
		client.MoreHeaders[accessRulesHeader] = accessRulesVersion
		good, err := tokens.Validate(ctx, client, id.Grant.Token.Reveal())
		if err == nil && !good {
			err = fmt.Errorf("the token is not known any more: %w", auth.ErrDenied)
		}
		return tokenFailure(err)
	})
	if !errors.Is(err, auth.ErrDenied) {
		return err
	}
	return a.tryAgain(ctx, c)
}

// Without this header, Keystone answers 404 about tokens of application credentials with access
// rules. The rules concern the storage, which checks them.
const (
	accessRulesHeader  = "OpenStack-Identity-Access-Rules"
	accessRulesVersion = "1.0"
)

// tryAgain reports whether the credential from a renewal is still valid.
func (a *Authenticator) tryAgain(ctx context.Context, c credential) error {
	got, err := a.again(ctx, c)
	if err != nil {
		return err
	}
	_ = a.revoke(ctx, got.id) // if this fails, the token stays valid until it expires
	return nil
}

// Release implements auth.Releaser.
func (a *Authenticator) Release(ctx context.Context, grant auth.Grant) error {
	ctx, cancel := context.WithTimeout(ctx, a.service.Timeout)
	defer cancel()
	return a.revoke(ctx, grant.Token.Reveal())
}

// revoke invalidates a token. With v2.0 only administrators may do that.
func (a *Authenticator) revoke(ctx context.Context, id string) error {
	if a.config.Version == version2 || !a.config.Revoke {
		return errors.ErrUnsupported
	}
	err := a.service.Try(ctx, func(ctx context.Context) error {
		client := a.client("")
		client.TokenID = id
		return tokenFailure(tokens.Revoke(ctx, client, id).Err)
	})
	if errors.Is(err, auth.ErrDenied) {
		return nil // the token has already expired
	}
	return err
}

// tokenFailure translates Keystone's answer to a request about the token that authorizes the
// request. For an invalid token it is a 401 or a 404.
func tokenFailure(err error) error {
	status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err)
	if !ok {
		return err
	}
	failure := upstream.NewStatusError(status.Actual, status.ResponseHeader)
	if status.Actual == http.StatusNotFound {
		return fmt.Errorf("%s: %w", failure.Error(), auth.ErrDenied)
	}
	return failure
}
