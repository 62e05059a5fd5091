package swifttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// request3 is the request of a login by v3.
type request3 struct {
	Auth *struct {
		Identity struct {
			Methods  []string
			Password *struct {
				User struct {
					named
					Password string
				}
			}
			TOTP *struct {
				User struct {
					named
					Passcode string
				}
			}
			Token                 *struct{ ID string }
			ApplicationCredential *struct {
				named
				Secret string
				User   named
			} `json:"application_credential"`
		}
		Scope *scope3
	}
}

// scope3 is the requested scope of a token. Unscoped may be a string or an object.
type scope3 struct {
	Project  *named
	Unscoped *json.RawMessage
}

// description3 is the description of a token in v3.
type description3 struct {
	Methods    []string  `json:"methods"`
	User       named     `json:"user"`
	Project    *named    `json:"project,omitempty"`
	Roles      []named   `json:"roles,omitempty"`
	Catalog    []service `json:"catalog,omitempty"`
	IssuedAt   string    `json:"issued_at"`
	ExpiresAt  string    `json:"expires_at"`
	AuditIDs   []string  `json:"audit_ids"`
	Credential *named    `json:"application_credential,omitempty"`
}

// login3 handles a login. It checks the proofs, then the project, then whether the proofs are
// sufficient.
func (s *Server) login3(w http.ResponseWriter, r *http.Request) error {
	var asked request3
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return keystoneError(r, http.StatusBadRequest, "Expecting to find valid JSON in request body.")
	}
	if asked.Auth == nil {
		return keystoneError(r, http.StatusBadRequest, "Expecting to find auth in request body.")
	}
	l, err := s.prove(r, asked)
	if err != nil {
		return err
	}
	if l.account, err = s.scope(r, asked, l); err != nil {
		return err
	}
	if id := r.Header.Get(receiptHeader); id != "" {
		before, ok := s.tokens.receipt(id)
		if !ok || !same(before.user, l.user) {
			return keystoneError(r, http.StatusUnauthorized, "Could not find auth receipt: "+id+".")
		}
		l.methods = union(l.methods, before.methods)
	}
	if l.user.TOTP != "" && (!slices.Contains(l.methods, "password") || !slices.Contains(l.methods, "totp")) {
		return s.answerReceipt(w, l)
	}
	token, l := s.tokens.issue(l, "gAAAAA")
	w.Header().Set("X-Subject-Token", token)
	return writeJSON(w, http.StatusCreated, map[string]description3{"token": s.describe(r, token, l)})
}

// scope returns the account of the project that the token is for, or "".
func (s *Server) scope(r *http.Request, asked request3, l login) (string, error) {
	scope := asked.Auth.Scope
	switch {
	case l.credential != nil && scope != nil:
		return "", keystoneError(r, http.StatusUnauthorized, "Error authenticating with application credential: Application credentials cannot request a scope.")
	case l.credential != nil:
		return l.user.Account, nil
	case scope == nil:
		return l.user.Home, nil
	case scope.Project == nil:
		return "", nil
	}
	for _, account := range l.user.accounts() {
		if p := projectOf(account); scope.Project.is(p.ID, p.Name) && scope.Project.inDomain() {
			return account, nil
		}
	}
	return "", keystoneRefusal(r)
}

// accounts returns the accounts of the projects that the user may choose.
func (u User) accounts() []string { return append([]string{u.Account}, u.Projects...) }

func (s *Server) describe(r *http.Request, token string, l login) description3 {
	t := description3{
		Methods:    l.methods,
		User:       identityOf(l.user),
		IssuedAt:   l.issued.UTC().Format(keystoneTime),
		ExpiresAt:  l.expires.UTC().Format(keystoneTime),
		AuditIDs:   []string{token[len(token)-22:]},
		Credential: l.credential,
	}
	if l.account != "" {
		project := projectOf(l.account)
		t.Project, t.Roles, t.Catalog = &project, roles(l.user), s.catalog(r, l.account)
	}
	return t
}

// token3 handles the validation and the revocation of a token. A token may do both for itself.
func (s *Server) token3(w http.ResponseWriter, r *http.Request) error {
	if _, ok := s.tokens.lookup(r.Header.Get("X-Auth-Token")); !ok {
		return keystoneRefusal(r)
	}
	subject := r.Header.Get("X-Subject-Token")
	l, ok := s.tokens.lookup(subject)
	if !ok {
		return keystoneError(r, http.StatusNotFound, "Could not find token.")
	}
	if r.Method == http.MethodDelete {
		s.tokens.revoke(subject)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("X-Subject-Token", subject)
	return writeJSON(w, http.StatusOK, map[string]description3{"token": s.describe(r, subject, l)})
}

// listProjects handles the list of projects that the owner of a token may use.
func (s *Server) listProjects(w http.ResponseWriter, r *http.Request) error {
	l, ok := s.tokens.lookup(r.Header.Get("X-Auth-Token"))
	if !ok {
		return keystoneRefusal(r)
	}
	all := []map[string]any{}
	for _, account := range l.user.accounts() {
		p := projectOf(account)
		all = append(all, map[string]any{
			"id": p.ID, "name": p.Name, "domain_id": p.Domain.ID, "enabled": true, "is_domain": false, "parent_id": p.Domain.ID,
		})
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"projects": all, "links": map[string]any{"next": nil, "previous": nil, "self": base(r) + "/v3/auth/projects"},
	})
}

// Disable makes Keystone refuse a user, and revokes the tokens of the user.
func (s *Server) Disable(account, name string) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	for i, u := range s.cfg.Users {
		if u.Account == account && u.Name == name {
			s.cfg.Users[i].Disabled = true
		}
	}
	for token, l := range s.tokens.all {
		if l.user.Account == account && l.user.Name == name {
			delete(s.tokens.all, token)
		}
	}
}

// users returns the current users.
func (s *Server) users() []User {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return slices.Clone(s.cfg.Users)
}

func same(a, b User) bool { return a.Account == b.Account && a.Name == b.Name }

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// expired reports whether a time has passed.
func expired(t time.Time) bool { return !time.Now().Before(t) }
