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

// tokens are the logins that are in force.
type tokens struct {
	life time.Duration

	mu       sync.Mutex
	all      map[string]login   // by token
	receipts map[string]receipt // of logins that are half way, by Keystone
}

// login is what a token stands for.
type login struct {
	user       User
	account    string   // whose storage it opens; one by Keystone may open none
	reuse      bool     // tempauth hands the same token out again
	methods    []string // of proof, in Keystone's words
	credential *named   // the application credential that was used
	issued     time.Time
	expires    time.Time // known before it is issued where it comes from another token
}

// issue gives out a token for a user, for reuse the same as long as it lasts.
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
	_, _ = rand.Read(raw[:]) // never fails, by its documentation
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

// check tells who makes a request to the storage.
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

// revoke ends a token.
func (t *tokens) revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, token)
}

// Revoke ends all tokens at once. Requests under way are not disturbed.
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

// storageAccount is the account that a user of one of the auth services has in the storage.
func storageAccount(account string) string { return "AUTH_" + account }

// serveAuth is auth 1.0, as tempauth does it.
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
	realm := account // which tells an unknown user from a wrong key, as tempauth does
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

// storageURL is where a client that came in by r finds an account.
func storageURL(r *http.Request, account string) string {
	return base(r) + "/v1/" + storageAccount(account)
}

// base is the address by which a client came.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
