package swifttest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokens are the valid tokens.
type tokens struct {
	life time.Duration

	mu       sync.Mutex
	all      map[string]login   // by token
	receipts map[string]receipt // of Keystone logins that need another proof
}

// login is the login of a token.
type login struct {
	user       User
	account    string   // the account that the token is for; a Keystone token may have none
	reuse      bool     // tempauth returns the same token again
	methods    []string // of proof, by their Keystone names
	credential *named   // the application credential, if one was used
	issued     time.Time
	// Set before the token is issued, if it was requested with another token.
	expires time.Time
}

// issue returns a new token or, with reuse, the same one as long as it is valid.
func (t *tokens) issue(l login, prefix string) (string, login) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for token, old := range t.all {
		if !now.Before(old.expires) {
			delete(t.all, token)
		} else if l.reuse && old.reuse && old.user.Account == l.user.Account && old.user.Name == l.user.Name {
			return token, old
		}
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails, according to its documentation
	token := prefix + hex.EncodeToString(raw[:])
	l.issued = now
	if l.expires.IsZero() {
		l.expires = now.Add(t.life)
	}
	if t.all == nil {
		t.all = map[string]login{}
	}
	t.all[token] = l
	return token, l
}

func (t *tokens) lookup(token string) (login, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.all[token]
	return l, ok && time.Now().Before(l.expires)
}

// check returns the login of a request to the storage.
func (t *tokens) check(r *http.Request) (login, error) {
	token := r.Header.Get("X-Auth-Token")
	if token == "" {
		token = r.Header.Get("X-Storage-Token")
	}
	l, ok := t.lookup(token)
	if !ok {
		realm := "unknown"
		if parts := strings.Split(r.URL.Path, "/"); len(parts) > 2 && parts[1] == "v1" && parts[2] != "" {
			realm = parts[2]
		}
		return login{}, unauthorized(realm)
	}
	return l, nil
}

// revoke invalidates a token.
func (t *tokens) revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, token)
}

// Revoke invalidates all tokens at once. It does not affect requests in progress.
func (s *Server) Revoke() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.all)
	clear(s.tokens.receipts)
}

func unauthorized(realm string) *failure {
	f := refuse(http.StatusUnauthorized)
	f.header.Set("Www-Authenticate", fmt.Sprintf("Swift realm=%q", realm))
	return f
}

// storageAccount returns the name in the storage of an account of the auth services.
func storageAccount(account string) string { return "AUTH_" + account }

// serveAuth handles auth 1.0, like tempauth.
func (s *Server) serveAuth(w http.ResponseWriter, r *http.Request) error {
	switch r.URL.Path {
	case "/auth/v1.0", "/auth/v1", "/auth/v1.0/":
	default:
		return refuse(http.StatusBadRequest)
	}
	if r.Method != http.MethodGet {
		return refuse(http.StatusBadRequest)
	}
	name, key := r.Header.Get("X-Auth-User"), r.Header.Get("X-Auth-Key")
	if name == "" {
		name, key = r.Header.Get("X-Storage-User"), r.Header.Get("X-Storage-Pass")
	}
	account, user, ok := strings.Cut(name, ":")
	if !ok {
		return unauthorized("unknown")
	}
	// Like tempauth, it differs for an unknown user and a wrong key.
	realm := account
	for _, u := range s.users() {
		if u.Account != account || u.Name != user {
			continue
		}
		if u.Key != key {
			realm = "unknown"
			continue
		}
		token, l := s.tokens.issue(login{user: u, account: u.Account, reuse: true}, "AUTH_tk")
		h := w.Header()
		h.Set("Content-Type", htmlType)
		h.Set("X-Auth-Token", token)
		h.Set("X-Storage-Token", token)
		h.Set("X-Auth-Token-Expires", fmt.Sprint(int(time.Until(l.expires).Seconds())))
		h.Set("X-Storage-Url", storageURL(r, u.Account))
		h.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return unauthorized(realm)
}

// storageURL returns the URL of an account for the client of r.
func storageURL(r *http.Request, account string) string {
	return base(r) + "/v1/" + storageAccount(account)
}

// base returns the base URL that the client used.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
