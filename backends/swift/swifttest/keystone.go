package swifttest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// idOf returns the Keystone id of a name.
func idOf(kind, name string) string {
	sum := md5.Sum([]byte(kind + ":" + name))
	return hex.EncodeToString(sum[:])
}

// named is a reference by id or by name, in requests and answers of Keystone.
type named struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	Domain *named `json:"domain,omitempty"`
}

// theDomain returns the only domain.
func theDomain() *named { return &named{ID: "default", Name: "Default"} }

// is reports whether a reference refers to this id and name.
func (n *named) is(id, name string) bool {
	return n != nil && ((n.ID != "" && n.ID == id) || (n.ID == "" && n.Name != "" && n.Name == name))
}

// inDomain reports whether a reference by name is in the only domain. One by id always is.
func (n *named) inDomain() bool {
	d := theDomain()
	return n != nil && (n.ID != "" || n.Domain.is(d.ID, d.Name))
}

func projectOf(account string) named {
	return named{ID: idOf("project", account), Name: account, Domain: theDomain()}
}

func identityOf(u User) named {
	return named{ID: idOf("user", u.Account+":"+u.Name), Name: u.Name, Domain: theDomain()}
}

// endpoint is an endpoint in the catalog of v3.
type endpoint struct {
	ID        string `json:"id"`
	Interface string `json:"interface"`
	Region    string `json:"region"`
	RegionID  string `json:"region_id"`
	URL       string `json:"url"`
}

// service is a service in the catalog of v3.
type service struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	Name      string     `json:"name"`
	Endpoints []endpoint `json:"endpoints"`
}

const keystoneTime = "2006-01-02T15:04:05.000000Z"

// serveKeystone3 handles the part of Keystone's identity API v3 for logins.
func (s *Server) serveKeystone3(w http.ResponseWriter, r *http.Request) error {
	p := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case p == "/v3":
		return writeJSON(w, http.StatusOK, map[string]any{"version": version("v3.14", base(r)+"/v3/")})
	case p == "/v3/auth/projects" && r.Method == http.MethodGet:
		return s.listProjects(w, r)
	case p == "/v3/auth/tokens":
		switch r.Method {
		case http.MethodPost:
			return s.login3(w, r)
		case http.MethodGet, http.MethodHead, http.MethodDelete:
			return s.token3(w, r)
		}
		return keystoneError(r, http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
	}
	return keystoneError(r, http.StatusNotFound, "The requested URL was not found.")
}

func version(id, url string) map[string]any {
	return map[string]any{
		"id": id, "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []map[string]string{{"rel": "self", "href": url}},
	}
}

func roles(u User) []named {
	all := []named{{ID: idOf("role", "member"), Name: "member"}}
	if !u.Plain {
		all = append(all, named{ID: idOf("role", "swiftoperator"), Name: "swiftoperator"})
	}
	return all
}

func (s *Server) catalog(r *http.Request, account string) []service {
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
		make("object-store", "swift", storageURL(r, account)),
	}
}

// keystoneRefusal returns the answer to a refused login, the same for all reasons.
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
