package swifttest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// serveKeystone2 handles the part of Keystone's identity API v2.0 for logins.
func (s *Server) serveKeystone2(w http.ResponseWriter, r *http.Request) error {
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/v2.0":
		return writeJSON(w, http.StatusOK, map[string]any{"version": version("v2.0", base(r)+"/v2.0/")})
	case "/v2.0/tokens":
		if r.Method != http.MethodPost {
			return keystoneError(r, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
		}
		return s.login2(w, r)
	}
	return keystoneError(r, http.StatusNotFound, "The requested URL was not found.")
}

func (s *Server) login2(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		Auth *struct {
			PasswordCredentials struct{ Username, UserID, Password string }
			TenantName          string
			TenantID            string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Auth == nil {
		return keystoneError(r, http.StatusBadRequest, "Expecting to find auth in request body.")
	}
	who := asked.Auth.PasswordCredentials
	ref := named{ID: who.UserID, Name: who.Username}
	tenant := named{ID: asked.Auth.TenantID, Name: asked.Auth.TenantName}
	scoped := tenant != named{}
	for _, u := range s.users() {
		me, mine := identityOf(u), projectOf(u.Account)
		if !ref.is(me.ID, me.Name) || who.Password != u.Key || u.Disabled || (scoped && !tenant.is(mine.ID, mine.Name)) {
			continue
		}
		l := login{user: u}
		if scoped {
			l.account = u.Account
		}
		token, l := s.tokens.issue(l, "gAAAAA")
		described := map[string]any{
			"id":        token,
			"issued_at": l.issued.UTC().Format(time.RFC3339),
			"expires":   l.expires.UTC().Format(time.RFC3339),
		}
		catalog := []any{}
		if scoped {
			described["tenant"] = map[string]any{"id": mine.ID, "name": mine.Name, "enabled": true}
			for _, svc := range s.catalog(r, u.Account) {
				url := svc.Endpoints[0].URL
				catalog = append(catalog, map[string]any{
					"type": svc.Type, "name": svc.Name, "endpoints_links": []any{},
					"endpoints": []map[string]string{{
						"id": svc.Endpoints[0].ID, "region": s.cfg.Region, "publicURL": url, "internalURL": url, "adminURL": url,
					}},
				})
			}
		}
		return writeJSON(w, http.StatusOK, map[string]any{"access": map[string]any{
			"token":          described,
			"user":           map[string]any{"id": me.ID, "name": me.Name, "username": me.Name, "roles": roles(u), "roles_links": []any{}},
			"serviceCatalog": catalog,
		}})
	}
	return keystoneRefusal(r)
}
