package swifttest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"time"
)

const (
	receiptHeader = "Openstack-Auth-Receipt"
	receiptLife   = 5 * time.Minute
)

// receipt is the receipt for the first of several proofs.
type receipt struct {
	user    User
	methods []string
	expires time.Time
}

// receipt returns a receipt and whether it is still valid.
func (t *tokens) receipt(id string) (receipt, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.receipts[id]
	return r, ok && !expired(r.expires)
}

// keep stores a receipt and returns its id.
func (t *tokens) keep(r receipt) string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails, according to its documentation
	id := "gAAAAA" + hex.EncodeToString(raw[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.receipts == nil {
		t.receipts = map[string]receipt{}
	}
	t.receipts[id] = r
	return id
}

// answerReceipt answers that the proofs are correct but not sufficient.
func (s *Server) answerReceipt(w http.ResponseWriter, l login) error {
	now := time.Now()
	r := receipt{user: l.user, methods: l.methods, expires: now.Add(receiptLife)}
	w.Header().Set(receiptHeader, s.tokens.keep(r))
	w.Header().Set("Vary", "X-Auth-Token")
	return writeJSON(w, http.StatusUnauthorized, map[string]any{
		"receipt": map[string]any{
			"methods": l.methods, "user": identityOf(l.user),
			"issued_at": now.UTC().Format(keystoneTime), "expires_at": r.expires.UTC().Format(keystoneTime),
		},
		"required_auth_methods": [][]string{{"totp", "password"}},
	})
}

// prove checks all proofs of a login, which must be for the same user.
func (s *Server) prove(r *http.Request, asked request3) (login, error) {
	var l login
	identity := asked.Auth.Identity
	for i, method := range identity.Methods {
		var one login
		var err error
		switch {
		case method == "password" && identity.Password != nil:
			who := identity.Password.User
			one, err = s.provePassword(r, who.named, who.Password)
		case method == "totp" && identity.TOTP != nil:
			who := identity.TOTP.User
			one, err = s.proveCode(r, who.named, who.Passcode)
		case method == "token" && identity.Token != nil:
			one, err = s.proveToken(r, identity.Token.ID)
		case method == "application_credential" && identity.ApplicationCredential != nil:
			c := identity.ApplicationCredential
			one, err = s.proveCredential(r, c.named, c.User, c.Secret)
		case slices.Contains([]string{"password", "totp", "token", "application_credential"}, method):
			err = keystoneError(r, http.StatusBadRequest, "Expecting to find "+method+" in identity. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.")
		default:
			err = keystoneError(r, http.StatusUnauthorized, "Attempted to authenticate with an unsupported method.")
		}
		if err != nil {
			return login{}, err
		}
		if i > 0 && !same(one.user, l.user) {
			return login{}, keystoneRefusal(r)
		}
		one.methods = union(one.methods, l.methods)
		l = one
	}
	if len(identity.Methods) == 0 {
		return login{}, keystoneRefusal(r)
	}
	return l, nil
}

func (s *Server) provePassword(r *http.Request, who named, password string) (login, error) {
	for _, u := range s.users() {
		if me := identityOf(u); !who.is(me.ID, me.Name) || !who.inDomain() || password != u.Key || u.Disabled {
			continue
		}
		if u.Expired {
			return login{}, keystoneError(r, http.StatusUnauthorized, "The password is expired and needs to be changed for user: "+identityOf(u).ID+".")
		}
		return login{user: u, methods: []string{"password"}}, nil
	}
	return login{}, keystoneRefusal(r)
}

func (s *Server) proveCode(r *http.Request, who named, code string) (login, error) {
	now := time.Now()
	for _, u := range s.users() {
		me := identityOf(u)
		if who.is(me.ID, me.Name) && who.inDomain() && !u.Disabled && u.TOTP != "" &&
			(code == Code(u.TOTP, now) || code == Code(u.TOTP, now.Add(-codePeriod))) {
			return login{user: u, methods: []string{"totp"}}, nil
		}
	}
	return login{}, keystoneRefusal(r)
}

// proveToken accepts a token for a new one, which expires at the same time.
func (s *Server) proveToken(r *http.Request, token string) (login, error) {
	old, ok := s.tokens.lookup(token)
	switch {
	case !ok:
		return login{}, keystoneRefusal(r)
	case old.credential != nil:
		return login{}, keystoneError(r, http.StatusForbidden, "You are not authorized to perform the requested action.")
	}
	return login{user: old.user, methods: union(old.methods, []string{"token"}), expires: old.expires}, nil
}

func (s *Server) proveCredential(r *http.Request, which, owner named, secret string) (login, error) {
	known := owner == named{}
	for _, u := range s.users() {
		me := identityOf(u)
		if owner != (named{}) && (!owner.is(me.ID, me.Name) || !owner.inDomain()) {
			continue
		}
		known = true
		for _, c := range u.Credentials {
			id := CredentialID(u.Account, u.Name, c.Name)
			if !which.is(id, c.Name) || (which.ID == "" && owner == named{}) {
				continue
			}
			if c.Secret != secret || u.Disabled {
				return login{}, keystoneRefusal(r)
			}
			return login{user: u, methods: []string{"application_credential"}, credential: &named{ID: id, Name: c.Name}}, nil
		}
	}
	switch {
	case which.ID != "":
		return login{}, keystoneError(r, http.StatusNotFound, "Could not find Application Credential: "+which.ID+".")
	case !known:
		return login{}, keystoneError(r, http.StatusNotFound, "Could not find user: "+owner.Name+".")
	}
	return login{}, keystoneRefusal(r)
}

// CredentialID returns the id of a user's application credential.
func CredentialID(account, user, credential string) string {
	return idOf("credential", account+":"+user+":"+credential)
}
