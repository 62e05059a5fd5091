package api

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func TestAccountURL(t *testing.T) {
	for _, tt := range []struct{ storage, own, other string }{
		{"http://swift:8080/v1/AUTH_own", "AUTH_own", "http://swift:8080/v1/AUTH_x"},
		{"https://swift/swift/v1/AUTH_own/", "AUTH_own", "https://swift/swift/v1/AUTH_x"},
		{"https://swift/v1.0/4f%2E", "4f.", "https://swift/v1.0/AUTH_x"},
		{"https://rgw/swift/v1", "", ""}, // the account is in the token
		{"https://rgw", "", ""},
	} {
		if got := accountOf(tt.storage); got != tt.own {
			t.Errorf("accountOf(%q) = %q, want %q", tt.storage, got, tt.own)
		}
		got, err := AccountURL(tt.storage, "AUTH_x")
		if got != tt.other || (err == nil) != (tt.other != "") {
			t.Errorf("accountURL(%q) = %q, %v; want %q", tt.storage, got, err, tt.other)
		}
		if got, err := AccountURL(tt.storage, ""); got != tt.storage || err != nil {
			t.Errorf("the URL of the own account is %q, %v; want %q", got, err, tt.storage)
		}
	}
}

// TestAccountURLHost checks that the token is sent only to the host of the login's storage URL, for
// any name of an account.
func TestAccountURLHost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"evil.example", "@evil.example", ":80@evil", "?x", "#x", "%2F..", "\\evil"})).
			Filter(vfs.ValidName).Draw(t, "account")
		s, err := AccountURL("https://swift:8080/v1/AUTH_own", account)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.Host != "swift:8080" || u.User != nil || u.Path != "/v1/"+account || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("the account %q is at %q: %+v, %v", account, s, u, err)
		}
	})
}
