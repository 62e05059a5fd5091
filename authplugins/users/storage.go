package users

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/keystone"
	"filegate/authplugins/swiftv1"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// storage returns the authenticator for a storage. For the same kind and options, which the id
// identifies, it is the one of the previous file.
func (l *loader) storage(s *userfile.Storage) (id string, a auth.Authenticator, diags auth.Diagnostics) {
	values, err := json.Marshal(s.Options)
	if err != nil {
		return "", nil, auth.Diagnostics{{Summary: "Unusable options", Detail: err.Error()}}
	}
	id = s.Kind + string(values)
	if a, ok := l.known[id]; ok {
		return id, a, nil
	}
	kind := keystone.Kind()
	if s.Kind == userfile.SwiftV1 {
		kind = swiftv1.Kind()
	}
	a, diags = kind.Configure(authplugin.Config{Values: values, Sealer: l.sealer, CallTimeout: l.callTimeout})
	return id, a, diags
}

// grant logs in at the user's storage with the current credential in the file. Without a storage
// the grant is empty.
func (a *Authenticator) grant(ctx context.Context, c *content, u *userfile.User, p proof) (auth.Grant, error) {
	var grant auth.Grant
	if u.Storage != nil {
		secret, err := u.Secret(a.key)
		if err != nil {
			return auth.Grant{}, fmt.Errorf("the secret of %q at the storage %s: %w: %w", u.Name, u.Storage.Name, err, auth.ErrUnavailable)
		}
		remote, _ := netip.ParseAddrPort(p.Remote) // invalid if the address is unknown
		resp, err := c.storages[u.Storage.Name].Authenticate(ctx, auth.Request{
			User: u.Login, Method: auth.Password, Password: secret, Service: p.Service, SessionID: p.SessionID, Remote: remote,
		})
		switch {
		case err != nil && !errors.Is(err, auth.ErrUnavailable):
			return auth.Grant{}, fmt.Errorf("%w by %q, as whom %q acts at %s: %w", errCredential, u.Login, u.Name, u.Storage.Name, err)
		case err != nil:
			return auth.Grant{}, fmt.Errorf("%q acts at %s: %w", u.Name, u.Storage.Name, err)
		case resp.Identity == nil:
			return auth.Grant{}, fmt.Errorf("%w by %q, as whom %q acts at %s: a further step is wanted: %w", errCredential, u.Login, u.Name, u.Storage.Name, auth.ErrDenied)
		}
		grant = resp.Identity.Grant
		p.Storage, p.Login, p.Renewal, p.Asked = u.Storage.Name, u.Login, grant.Renewal, time.Now()
	}
	var err error
	if grant.Renewal, err = a.sealer.Seal(p); err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return grant, nil
}

// errCredential means that the storage refuses the credential in the file.
var errCredential = errors.New("the storage refuses the login")
