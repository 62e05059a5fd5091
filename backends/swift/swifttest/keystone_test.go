package swifttest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/objectstorage/v1/containers"
	"github.com/ncw/swift/v2"

	"filegate/backends/swift/swifttest"
)

// TestGophercloud logs in to Keystone with gophercloud, as the authenticator does, and uses the
// token and the endpoint.
func TestGophercloud(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{Region: "North"})
	login := gophercloud.AuthOptions{
		IdentityEndpoint: srv.KeystoneURL(), Username: "tester", Password: "testing", DomainName: "Default", TenantName: "test",
	}
	provider, err := openstack.AuthenticatedClient(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	storage, err := openstack.NewObjectStorageV1(provider, gophercloud.EndpointOpts{Region: "North"})
	if err != nil {
		t.Fatal(err)
	}
	if want := srv.URL() + "/v1/AUTH_test/"; storage.Endpoint != want {
		t.Errorf("endpoint %q, want %q", storage.Endpoint, want)
	}
	if _, err := containers.Create(t.Context(), storage, "c", nil).Extract(); err != nil {
		t.Error(err)
	}
	if _, err := openstack.NewObjectStorageV1(provider, gophercloud.EndpointOpts{Region: "South"}); err == nil {
		t.Error("there is an endpoint in a region that does not exist")
	}
	for name, change := range map[string]func(*gophercloud.AuthOptions){
		"password": func(o *gophercloud.AuthOptions) { o.Password = "wrong" },
		"user":     func(o *gophercloud.AuthOptions) { o.Username = "nobody" },
		"project":  func(o *gophercloud.AuthOptions) { o.TenantName = "test2" },
		"domain":   func(o *gophercloud.AuthOptions) { o.DomainName = "Elsewhere" },
	} {
		wrong := login
		change(&wrong)
		if _, err := openstack.AuthenticatedClient(t.Context(), wrong); !gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
			t.Errorf("with a wrong %s: %v, want a 401", name, err)
		}
	}
}

// TestKeystoneScope checks that a token without a project gives no access.
func TestKeystoneScope(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"tester","domain":{"id":"default"},"password":"testing"}}}}}`
	resp, err := http.Post(srv.KeystoneURL()+"/auth/tokens", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("unscoped login: %s", resp.Status)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, srv.URL()+"/v1/AUTH_test", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", resp.Header.Get("X-Subject-Token"))
	if resp, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("with an unscoped token: %s, want a 403", resp.Status)
	}
}

// TestKeystone2 logs in with version 2 of the API, with ncw/swift.
func TestKeystone2(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	c := swift.Connection{UserName: "tester", ApiKey: "testing", Tenant: "test", AuthUrl: srv.URL() + "/v2.0"}
	if err := c.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Account(t.Context()); err != nil {
		t.Error(err)
	}
	c = swift.Connection{UserName: "tester", ApiKey: "wrong", Tenant: "test", AuthUrl: srv.URL() + "/v2.0"}
	if err := c.Authenticate(t.Context()); err == nil {
		t.Error("a wrong password is good enough")
	}
}
