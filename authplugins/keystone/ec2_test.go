package keystone_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"filegate/authplugins/authtest"
	"filegate/core/auth"
)

const accessKey = "8f3c3fc1d1df4a7a93e04de48f3a52ce"

// withEC2 makes the fake answer to EC2 credentials, as Keystone does: only to the account demo, and
// only if the credential has that access key.
func (f *fake) withEC2(code func() int) {
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/identity/v3/ec2tokens" {
			w.Header().Set("X-Subject-Token", "gAAAAABk-service")
			recorded(f.t, w, http.StatusCreated, "v3.json")
			return
		}
		f.mu.Lock()
		signature, _ := at(f.body, "credentials", "signature").(string)
		f.mu.Unlock()
		if sum, err := base64.StdEncoding.DecodeString(signature); err != nil || len(sum) != 32 {
			f.t.Errorf("the signature is %q", signature)
		}
		w.Header().Set("X-Subject-Token", "gAAAAABk-ec2")
		if c := code(); c != http.StatusOK {
			recorded(f.t, w, c, "401.json")
			return
		}
		recorded(f.t, w, http.StatusOK, "v3.json")
	}
}

// TestEC2 tests which names are access keys, and what Keystone gets.
func TestEC2(t *testing.T) {
	f := newFake(t)
	f.withEC2(func() int { return http.StatusOK })
	service := map[string]any{"ec2": true, "ec2_service_login": "service.filegate", "ec2_service_password": "servicepass"}
	a := configured(t, f.URL+"/identity", service)
	for range 2 {
		for _, name := range []string{accessKey, "ec2=" + accessKey, "ec2=AKIDEXAMPLE"} {
			id, err := login(t, a, name)
			f.mu.Lock()
			asked, token := at(f.body, "credentials", "access"), f.header.Get("X-Auth-Token")
			f.mu.Unlock()
			if err != nil || id.User != "demo" || asked != strings.TrimPrefix(name, "ec2=") || token != "gAAAAABk-service" {
				t.Errorf("%s: got %+v, %v; Keystone was asked for %v with the token %q", name, id, err, asked, token)
			}
		}
	}
	if n := f.Requests(); n != 7 {
		t.Errorf("6 logins took %d requests, want 7, one of them of the service account", n)
	}
	for _, name := range []string{accessKey + "@corp", "." + accessKey, strings.ToUpper(accessKey), accessKey + "0", "id=" + accessKey} {
		if _, err := login(t, a, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.mu.Lock()
		if at(f.body, "credentials") != nil {
			t.Errorf("%s was taken for an access key", name)
		}
		f.mu.Unlock()
	}
	if _, err := login(t, configured(t, f.URL+"/identity", nil), accessKey); err != nil || at(f.body, "credentials") != nil {
		t.Errorf("without the option: %v, or an access key", err)
	}
}

// TestEC2Refusals tests Keystone's refusals: whoever is to blame for them, the client or the
// operator.
func TestEC2Refusals(t *testing.T) {
	code := 0
	f := newFake(t)
	f.withEC2(func() int { return code })
	alone := map[string]any{"ec2": true}
	service := map[string]any{"ec2": true, "ec2_service_login": "service.filegate", "ec2_service_password": "servicepass"}
	for _, c := range []struct {
		options map[string]any
		code    int
		want    error
		says    string
	}{
		{alone, http.StatusUnauthorized, auth.ErrDenied, "ec2_service_login"},
		{alone, http.StatusForbidden, auth.ErrUnavailable, "ec2_service_login"},
		{service, http.StatusForbidden, auth.ErrUnavailable, "role service"},
		{service, http.StatusNotFound, auth.ErrDenied, ""}, // no such access key
	} {
		code = c.code
		if _, err := login(t, configured(t, f.URL+"/identity", c.options), accessKey); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, %d: got %v, want %v that says %q", c.options, c.code, err, c.want, c.says)
		}
	}
	for _, options := range []map[string]any{
		{"ec2_service_login": "x", "ec2_service_password": "y"}, {"ec2": true, "ec2_service_login": "x"}, {"ec2": true, "version": "2.0"},
	} {
		if _, diags := configure(t, f.URL, options); len(diags) == 0 || !strings.HasPrefix(diags[0].Attribute, "ec2") {
			t.Errorf("%v: got %+v", options, diags)
		}
	}
}

// TestEC2Keystone logs in with an EC2 credential to a real Keystone.
func TestEC2Keystone(t *testing.T) {
	admin := authtest.NewKeystone(t)
	user := admin.User(t)
	access, secret, remove := admin.EC2Credential(t, user)
	a := configured(t, admin.URL, map[string]any{"ec2": true, "ec2_service_login": "service.swift", "ec2_service_password": "swiftpass"})
	for name, c := range map[string]struct{ user, password string }{
		"wrong secret": {access, secret + "x"}, "unknown key": {strings.Repeat("0", 32), secret}, "code behind": {access, secret + "123456"},
	} {
		if _, err := attempt(t, a, c.user, c.password); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: got %v, want %v", name, err, auth.ErrDenied)
		}
	}
	resp, err := attempt(t, a, access, secret)
	if err != nil {
		t.Fatal(err)
	}
	id := resp.Identity
	if id.User != user.Name || id.Groups[0] != "demo" || !admin.Shows(t, id.Grant.Token) {
		t.Errorf("got %+v", id)
	}
	fresh, err := a.Renew(t.Context(), id.Grant)
	if err != nil || fresh.Endpoint != id.Grant.Endpoint {
		t.Errorf("renewal: %v, for %s, want %s", err, fresh.Endpoint, id.Grant.Endpoint)
	}
	if err := auth.Revalidate(t.Context(), a, *id); err != nil {
		t.Errorf("revalidation: %v", err)
	}
	remove()
	if err := auth.Revalidate(t.Context(), a, *id); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("revalidation after the credential was deleted: got %v, want %v", err, auth.ErrDenied)
	}
	for name, options := range map[string]map[string]any{
		"no service account":       {"ec2": true},
		"an account of no service": {"ec2": true, "ec2_service_login": "demo." + user.Name, "ec2_service_password": user.Password},
		"a wrong password":         {"ec2": true, "ec2_service_login": "service.swift", "ec2_service_password": "x"},
	} {
		_, err := attempt(t, configured(t, admin.URL, options), access, secret)
		if err == nil || !strings.Contains(err.Error(), "ec2_service_login") {
			t.Errorf("%s: got %v, want an error that names ec2_service_login", name, err)
		}
	}
}
