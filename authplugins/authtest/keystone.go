package authtest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
)

// Keystone is the Keystone of the lab, with the rights of an administrator.
type Keystone struct {
	URL     string // base URL of v3
	token   string
	storage string // of the administrator's own project
}

// KeystoneUser is a user that a test has created.
type KeystoneUser struct{ ID, Name, Password string }

// NewKeystone logs in as the administrator. It skips the test if there is no lab.
func NewKeystone(t *testing.T) *Keystone {
	t.Helper()
	k := &Keystone{URL: Lab(t, "FILEGATE_TEST_KEYSTONE")}

	def := map[string]any{"id": "default"}
	var made struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	header := k.call(t, http.MethodPost, "/auth/tokens", map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{"name": "admin", "domain": def, "password": "adminpass"}}},
		"scope":    map[string]any{"project": map[string]any{"name": "admin", "domain": def}},
	}}, &made)
	k.token = header.Get("X-Subject-Token")
	for _, service := range made.Token.Catalog {
		for _, e := range service.Endpoints {
			if service.Type == "object-store" && e.Interface == "public" {
				k.storage = e.URL
			}
		}
	}
	return k
}

// call makes a request and fails the test if the request fails.
func (k *Keystone) call(t *testing.T, method, path string, body, into any) http.Header {
	t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	status, header, answer := k.send(t, method, path, "", text)
	if status/100 != 2 {
		t.Fatalf("%s %s: status %d: %s", method, path, status, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatal(err)
		}
	}
	return header
}

// about makes a request about a token, and reports whether the token is valid.
func (k *Keystone) about(t *testing.T, method string, token auth.Secret) bool {
	t.Helper()
	status, _, answer := k.send(t, method, "/auth/tokens", token, nil)
	if status/100 != 2 && status != http.StatusNotFound {
		t.Fatalf("%s of a token: status %d: %s", method, status, answer)
	}
	return status/100 == 2
}

// send makes a request. The Keystone of the lab stores its data in SQLite, and answers 500 if other
// requests have locked it for a long time; so send repeats the request.
func (k *Keystone) send(t *testing.T, method, path string, subject auth.Secret, body []byte) (status int, header http.Header, answer []byte) {
	t.Helper()
	for try := 1; ; try++ {
		req, err := http.NewRequest(method, k.URL+path, bytes.NewReader(body)) //nolint:noctx // cleanups make requests too, when the test's context has ended
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Auth-Token", k.token)
		if subject != "" {
			req.Header.Set("X-Subject-Token", subject.Reveal())
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		if resp.StatusCode != http.StatusInternalServerError || try == 5 {
			return resp.StatusCode, resp.Header, answer
		}
	}
}

// User creates a user with access to the storage of the project demo, for one test.
func (k *Keystone) User(t *testing.T) *KeystoneUser {
	t.Helper()
	var made struct{ User KeystoneUser }
	u := KeystoneUser{Name: "test-" + strings.ToLower(rand.Text()[:10]), Password: "secret"}
	k.call(t, http.MethodPost, "/users", map[string]any{"user": map[string]any{"name": u.Name, "password": u.Password, "domain_id": "default"}}, &made)
	u.ID = made.User.ID
	t.Cleanup(func() { k.call(t, http.MethodDelete, "/users/"+u.ID, nil, nil) })
	var roles struct{ Roles []struct{ ID string } }
	k.call(t, http.MethodGet, "/roles?name=swiftoperator", nil, &roles)
	var projects struct{ Projects []struct{ ID string } }
	k.call(t, http.MethodGet, "/projects?name=demo&domain_id=default", nil, &projects)
	if len(roles.Roles) != 1 || len(projects.Projects) != 1 {
		t.Fatalf("got %d roles and %d projects, want one of each", len(roles.Roles), len(projects.Projects))
	}
	k.call(t, http.MethodPut, "/projects/"+projects.Projects[0].ID+"/users/"+u.ID+"/roles/"+roles.Roles[0].ID, nil, nil)
	return &u
}

// EC2Credential creates an EC2 credential of a user for the project demo. remove deletes it.
func (k *Keystone) EC2Credential(t *testing.T, u *KeystoneUser) (access, secret string, remove func()) {
	t.Helper()
	var projects struct{ Projects []struct{ ID string } }
	k.call(t, http.MethodGet, "/projects?name=demo&domain_id=default", nil, &projects)
	var made struct {
		Credential struct{ Access, Secret string }
	}
	path := "/users/" + u.ID + "/credentials/OS-EC2"
	k.call(t, http.MethodPost, path, map[string]any{"tenant_id": projects.Projects[0].ID}, &made)
	c := made.Credential
	return c.Access, c.Secret, func() { k.call(t, http.MethodDelete, path+"/"+c.Access, nil, nil) }
}

// Change changes attributes of a user.
func (k *Keystone) Change(t *testing.T, u *KeystoneUser, what map[string]any) {
	t.Helper()
	k.call(t, http.MethodPatch, "/users/"+u.ID, map[string]any{"user": what}, nil)
}

// Shows reports whether Keystone accepts a token.
func (k *Keystone) Shows(t *testing.T, token auth.Secret) bool {
	t.Helper()
	return k.about(t, http.MethodHead, token)
}

// Again requests a token with a token, and returns when the new one expires.
func (k *Keystone) Again(t *testing.T, token auth.Secret) time.Time {
	t.Helper()
	var made struct {
		Token struct {
			Expires time.Time `json:"expires_at"`
		}
	}
	k.call(t, http.MethodPost, "/auth/tokens", map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": token.Reveal()}},
	}}, &made)
	return made.Token.Expires
}

// Revoke revokes a token, which may have expired already.
func (k *Keystone) Revoke(t *testing.T, token auth.Secret) {
	t.Helper()
	k.about(t, http.MethodDelete, token)
}

// SwiftTakes reports whether Swift accepts a token as valid. Swift caches its answer for a while.
func (k *Keystone) SwiftTakes(t *testing.T, token auth.Secret) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, k.storage, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token.Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return false
	case http.StatusForbidden: // the storage of another project
		return true
	}
	t.Fatalf("HEAD %s: %s, want 401 or 403", k.storage, resp.Status)
	return false
}
