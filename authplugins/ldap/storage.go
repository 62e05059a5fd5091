package ldap

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"filegate/core/auth"
)

// sealedFor is the name of the storage to which an encrypted secret is bound. It is fixed, because
// there is only one storage.
const sealedFor = "ldap"

// grant logs in at the storage with the user's credential. Without a storage, the grant contains
// only the proof, encrypted.
func (a *Authenticator) grant(ctx context.Context, f facts, p proof) (auth.Grant, error) {
	var grant auth.Grant
	if a.storage != nil {
		login, err := a.loginAt(f)
		if err != nil {
			return auth.Grant{}, fmt.Errorf("%q: storage_login: %w: %w", p.User, err, auth.ErrDenied)
		}
		secret, err := a.secret(f, login)
		if err != nil {
			return auth.Grant{}, err
		}
		remote, _ := netip.ParseAddrPort(p.Remote) // zero if unknown
		resp, err := a.storage.Authenticate(ctx, auth.Request{
			User: login, Method: auth.Password, Password: secret, Service: p.Service, SessionID: p.SessionID, Remote: remote,
		})
		switch {
		case errors.Is(err, auth.ErrUnavailable):
			return auth.Grant{}, fmt.Errorf("%q acts as %q in the storage: %w", p.User, login, err)
		case err == nil && resp.Identity == nil:
			err = errors.New("a further step is wanted")
			fallthrough
		case err != nil:
			// The user gets the same refusal for every kind of error.
			return auth.Grant{}, &auth.Error{Kind: auth.ErrDenied, Err: fmt.Errorf("the storage refuses the login by %q, as whom %q acts: %w", login, p.User, err)}
		}
		grant = resp.Identity.Grant
		p.StorageLogin, p.Renewal, p.Asked = login, grant.Renewal, time.Now()
	}
	if a.looksUp() {
		p.Password = ""
	}
	var err error
	if grant.Renewal, err = a.sealer.Seal(p); err != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return grant, nil
}

// splitter is an authenticator of a storage whose logins have parts.
type splitter interface{ Parts(login string) []string }

// loginAt returns the user's login at the storage. A value inserted into the template stays within
// its part of the login: the user "files.alice" does not get the project "files". Only an
// attribute that is the whole template is used unchanged.
func (a *Authenticator) loginAt(f facts) (string, error) {
	login, err := f.fill(a.storageLogin)
	storage, ok := a.storage.(splitter)
	if err != nil || !ok || (a.storageLogin.isWhole() && a.storageLogin.names[0] != placeUser) {
		return login, err
	}
	n, values := 0, []string{}
	model, err := a.storageLogin.expand(func(name string) (string, error) {
		value, err := f.fill(template{texts: []string{"", ""}, names: []string{name}})
		n++
		mark := fmt.Sprintf("%s%d%s", nameMark, n, nameMark)
		values = append(values, mark, value)
		return mark, err
	})
	if err != nil {
		return "", err
	}
	want := storage.Parts(model)
	for i := range want {
		want[i] = strings.NewReplacer(values...).Replace(want[i])
	}
	if got := storage.Parts(login); !slices.Equal(got, want) {
		return "", fmt.Errorf("a value inserted into %q would change its parts", login)
	}
	return login, nil
}

// secret returns the secret for the user's login at the storage.
func (a *Authenticator) secret(f facts, login string) (auth.Secret, error) {
	if a.secretAttribute == "" {
		return a.storageSecret, nil
	}
	sealed, err := one(f.entry, a.secretAttribute)
	if err != nil {
		return "", fmt.Errorf("%q: %w: %w", f.user, err, auth.ErrDenied)
	}
	secret, err := a.key.Open(f.user, sealedFor, login, sealed)
	if err != nil {
		return "", fmt.Errorf("the %s of %q, for %q at the storage: %w: %w", a.secretAttribute, f.user, login, err, auth.ErrUnavailable)
	}
	return secret, nil
}
