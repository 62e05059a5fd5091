package keystone_test

import (
	"net/http"
	"testing"

	"filegate/authplugins/authtest"
	"filegate/core/auth"
)

// TestAccessRulesKeystone checks logins with an application credential whose access rules permit
// only reading.
func TestAccessRulesKeystone(t *testing.T) {
	admin := authtest.NewKeystone(t)
	a := configured(t, admin.URL, nil)
	resp, err := attempt(t, a, "app="+env(t, "_RESTRICTED_ID"), env(t, "_RESTRICTED_SECRET"))
	if err != nil {
		t.Fatal(err)
	}
	grant := resp.Identity.Grant
	for _, c := range []struct {
		method, path string
		want         int
	}{{http.MethodGet, "?limit=1", http.StatusOK}, {http.MethodHead, "", http.StatusNoContent}, {http.MethodPut, "/forbidden", http.StatusUnauthorized}} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, grant.Endpoint+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", grant.Token.Reveal())
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.StatusCode; got != c.want && (c.want != http.StatusOK || got != http.StatusNoContent) {
			t.Errorf("%s: status %d, want %d", c.method, got, c.want)
		}
	}
	if err := auth.Revalidate(t.Context(), a, *resp.Identity); err != nil {
		t.Errorf("revalidation: %v", err)
	}
	if _, err := a.Renew(t.Context(), grant); err != nil {
		t.Errorf("renewal: %v", err)
	}
	if err := auth.Release(t.Context(), a, grant); err != nil {
		t.Errorf("release: %v", err)
	}
}

// TestAccessRulesHeader checks that a revalidation says that access rules are understood. Without
// this, Keystone denies that the token exists, and the revalidation takes further requests.
func TestAccessRulesHeader(t *testing.T) {
	f := newFake(t)
	a := configured(t, f.URL+"/identity", nil)
	id, err := login(t, a, "demo.demo")
	if err != nil {
		t.Fatal(err)
	}
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("OpenStack-Identity-Access-Rules") != "1.0" {
			recorded(t, w, http.StatusNotFound, "401.json")
		}
	}
	before := f.Requests()
	if err := auth.Revalidate(t.Context(), a, *id); err != nil || f.Requests() != before+1 {
		t.Errorf("got %v after %d requests, want one", err, f.Requests()-before)
	}
}
