package api

import (
	"testing"
)

// FuzzParseLocation checks that a header of an answer is never parsed as a name that is not an
// object.
func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"", "/v1/a/c/o", "/v1/a/c/", "/v1/a//o", "/v1/a/%00versions%00c/o", "/v1/a/c/o?version-id=1", "/v1/a/c%2Fd/o%2", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := (&Client{Account: "a"}).parseLocation(s); ok && (!n.IsObject() || n.IsContainer() || n.Account == "a") {
			t.Errorf("%q is read as %q", s, n)
		}
	})
}
