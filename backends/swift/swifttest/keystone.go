package swifttest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// idOf is a Keystone id for something with a name.
func idOf(kind, name string) string {
	sum := md5.Sum([]byte(kind + ":" + name))
	return hex.EncodeToString(sum[:])
}

// named is a reference by id or by name, as Keystone takes and gives them.
type named struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	Domain *named `json:"domain,omitempty"`
}

// theDomain is the only one there is.
func theDomain() *named { return &named{ID: "default", Name: "Default"} }

// is says whether a reference means something with this id and name.
func (n *named) is(id, name string) bool {
	return n != nil && ((n.ID != "" && n.ID == id) || (n.ID == "" && n.Name != "" && n.Name == name))
}

// inDomain says whether a reference, where it is by name, is in the one domain.
func (n *named) inDomain() bool {
	d := theDomain()
	return n != nil && (n.ID != "" || n.Domain.is(d.ID, d.Name))
}

func projectOf(u User) named {
	return named{ID: idOf("project", u.Account), Name: u.Account, Domain: theDomain()}
}

func identityOf(u User) named {
	return named{ID: idOf("user", u.Account+":"+u.Name), Name: u.Name, Domain: theDomain()}
}

// endpoint of the catalog, of v3.
type endpoint struct {
	ID        string `json:"id"`
	Interface string `json:"interface"`
	Region    string `json:"region"`
	RegionID  string `json:"region_id"`
	URL       string `json:"url"`
}

// service of the catalog, of v3.
type service struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	Name      string     `json:"name"`
	Endpoints []endpoint `json:"endpoints"`
}

// token3 describes a token, in v3.
type token3 struct {
	Methods   []string  `json:"methods"`
	User      named     `json:"user"`
	Project   *named    `json:"project,omitempty"`
	Roles     []named   `json:"roles,omitempty"`
	Catalog   []service `json:"catalog,omitempty"`
	IssuedAt  string    `json:"issued_at"`
	ExpiresAt string    `json:"expires_at"`
	AuditIDs  []string  `json:"audit_ids"`
}

const keystoneTime = "2006-01-02T15:04:05.000000Z"

// serveKeystone3 is the part of Keystone's identity API v3 by which one logs in.
func (s *Server) serveKeystone3(w http.ResponseWriter, r *http.Request) error {
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/v3":
		return writeJSON(w, http.StatusOK, map[string]any{"version": version("v3.14", base(r)+"/v3/")})
	case "/v3/auth/tokens":
		if r.Method != http.MethodPost {
			return keystoneError(r, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
		}
		return s.login3(w, r)
	}
	return keystoneError(r, http.StatusNotFound, "The requested URL was not found.")
}

func version(id, url string) map[string]any {
	return map[string]any{
		"id": id, "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []map[string]string{{"rel": "self", "href": url}},
	}
}

func (s *Server) login3(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		Auth *struct {
			Identity struct {
				Methods  []string
				Password struct {
					User struct {
						named
						Password string
					}
				}
			}
			Scope *struct{ Project *named }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return keystoneError(r, http.StatusBadRequest, "Expecting to find valid JSON in request body.")
	}
	if asked.Auth == nil {
		return keystoneError(r, http.StatusBadRequest, "Expecting to find auth in request body.")
	}
	for _, m := range asked.Auth.Identity.Methods {
		if m != "password" {
			return keystoneError(r, http.StatusBadRequest, "Expecting to find "+m+" in identity.")
		}
	}
	who := asked.Auth.Identity.Password.User
	var project *named
	if asked.Auth.Scope != nil {
		if project = asked.Auth.Scope.Project; !project.inDomain() {
			return keystoneRefusal(r)
		}
	}
	for _, u := range s.cfg.Users {
		me, mine := identityOf(u), projectOf(u)
		if !who.is(me.ID, me.Name) || !who.inDomain() || who.Password != u.Key || (project != nil && !project.is(mine.ID, mine.Name)) {
			continue
		}
		token, l := s.tokens.issue(login{user: u, scoped: project != nil}, "gAAAAA")
		t := token3{
			Methods:   []string{"password"},
			User:      me,
			IssuedAt:  l.issued.UTC().Format(keystoneTime),
			ExpiresAt: l.expires.UTC().Format(keystoneTime),
			AuditIDs:  []string{token[len(token)-22:]},
		}
		if project != nil {
			t.Project, t.Roles, t.Catalog = &mine, roles(u), s.catalog(r, u)
		}
		w.Header().Set("X-Subject-Token", token)
		return writeJSON(w, http.StatusCreated, map[string]token3{"token": t})
	}
	return keystoneRefusal(r)
}

func roles(u User) []named {
	all := []named{{ID: idOf("role", "member"), Name: "member"}}
	if !u.Plain {
		all = append(all, named{ID: idOf("role", "swiftoperator"), Name: "swiftoperator"})
	}
	return all
}

func (s *Server) catalog(r *http.Request, u User) []service {
	make := func(kind, name, url string) service {
		svc := service{ID: idOf("service", kind), Type: kind, Name: name}
		for _, face := range []string{"public", "internal", "admin"} {
			svc.Endpoints = append(svc.Endpoints, endpoint{
				ID: idOf("endpoint", kind+face), Interface: face, Region: s.cfg.Region, RegionID: s.cfg.Region, URL: url,
			})
		}
		return svc
	}
	return []service{
		make("identity", "keystone", base(r)+"/v3"),
		make("object-store", "swift", storageURL(r, u.Account)),
	}
}

// serveKeystone2 is the part of Keystone's identity API v2.0 by which one logs in.
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
	for _, u := range s.cfg.Users {
		me, mine := identityOf(u), projectOf(u)
		if !ref.is(me.ID, me.Name) || who.Password != u.Key || (scoped && !tenant.is(mine.ID, mine.Name)) {
			continue
		}
		token, l := s.tokens.issue(login{user: u, scoped: scoped}, "gAAAAA")
		described := map[string]any{
			"id":        token,
			"issued_at": l.issued.UTC().Format(time.RFC3339),
			"expires":   l.expires.UTC().Format(time.RFC3339),
		}
		catalog := []any{}
		if scoped {
			described["tenant"] = map[string]any{"id": mine.ID, "name": mine.Name, "enabled": true}
			for _, svc := range s.catalog(r, u) {
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

// keystoneRefusal is the answer to a login that is not right, whatever it is that is not.
func keystoneRefusal(r *http.Request) error {
	return keystoneError(r, http.StatusUnauthorized, "The request you have made requires authentication.")
}

func keystoneError(r *http.Request, status int, message string) error {
	text, err := json.Marshal(map[string]any{
		"error": map[string]any{"code": status, "message": message, "title": http.StatusText(status)},
	})
	if err != nil {
		return err
	}
	f := refuseWith(status, "application/json", string(text))
	f.header.Set("Vary", "X-Auth-Token")
	if status == http.StatusUnauthorized {
		f.header.Set("Www-Authenticate", fmt.Sprintf("Keystone uri=%q", base(r)+"/v3"))
	}
	return f
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}
