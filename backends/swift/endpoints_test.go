package swift

import (
	"errors"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

func TestAllowedEndpoints(t *testing.T) {
	e, err := parseEndpoints([]string{"https://swift.example.net", "http://10.0.0.1:8080/v1/AUTH_a/"})
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]bool{
		"https://swift.example.net/v1/AUTH_x":           true,
		"https://SWIFT.example.net:443/v1/AUTH_x/":      true,
		"http://swift.example.net/v1/AUTH_x":            false,
		"https://swift.example.net:8443/v1/AUTH_x":      false,
		"https://swift.example.net.evil.test/v1/AUTH_x": false,
		"https://swift.example.net@evil.test/v1/AUTH_x": false,
		"http://10.0.0.1:8080/v1/AUTH_a":                true,
		"http://10.0.0.1:8080/v1/AUTH_a/c":              true,
		"http://10.0.0.1:8080/v1/AUTH_ab":               false,
		"http://10.0.0.1:8080/v1/AUTH_a/../AUTH_b":      false,
		"http://10.0.0.1:8080/v1/AUTH_b/../AUTH_a":      false,
		"http://10.0.0.1:8080/v1/AUTH_b/%2e%2e/AUTH_a":  false,
		"http://10.0.0.1:8080//v1/AUTH_a":               false,
		"":                                              false,
	} {
		if got := e.allow(endpoint); got != want {
			t.Errorf("%s: %t, want %t", endpoint, got, want)
		}
	}
	if none, err := parseEndpoints(nil); err != nil || !none.allow("http://anywhere.test/v1/AUTH_x") {
		t.Errorf("without endpoints not all storage is allowed: %v", err)
	}
}

// A login whose grant has a storage URL that is not allowed is refused, at the login and at a
// renewal.
func TestGrantsElsewhere(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	grants := f.client.Grants
	grant, err := grants.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for allowed, want := range map[string]error{grant.Endpoint: nil, "https://swift.example.net": vfs.ErrPermission} {
		if f.backend.endpoints, err = parseEndpoints([]string{allowed}); err != nil {
			t.Fatal(err)
		}
		_, err := f.backend.Open(t.Context(), backend.Login{SessionID: "x", User: "x", Log: f.log, Grants: grants})
		if !errors.Is(err, want) {
			t.Errorf("Open with %s allowed: %v, want %v", allowed, err, want)
		}
		if _, err := f.backend.endpoints.bound(grants).Renew(t.Context(), grant); !errors.Is(err, want) {
			t.Errorf("Renew with %s allowed: %v, want %v", allowed, err, want)
		}
	}
	f.backend.endpoints = nil
}
