package gateway

import (
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
)

func TestMethodsOfAFrontend(t *testing.T) {
	w := newWorld()
	w.methods = []auth.Method{auth.PublicKey, auth.Password}
	g := start(t, w, `
auth "people" "a" { path = "@" }
auth "people" "b" { path = "@" }
backend "memory" "main" {}
frontend "door" "public" { auth = ["a", "b"] }
`)
	if got := g.door.env.Methods(); !slices.Equal(got, []auth.Method{auth.Password, auth.PublicKey}) {
		t.Errorf("the methods are %q, want those of both, once each", got)
	}
}

// TestChainOfAFrontend tests that a frontend asks the authenticators that it names, in that order.
func TestChainOfAFrontend(t *testing.T) {
	w := newWorld()
	_, log := build(t, w, `
auth "people" "a" { path = "@" }
auth "people" "b" { path = "@" }
auth "people" "c" { path = "@" }
backend "memory" "main" {}
frontend "door" "public" { auth = ["c", "a"] }
`)
	w.doors[0].env.Login(t.Context(), request(func(r *auth.Request) { r.User = "bob" }))
	text := log.String()
	if c, a := strings.Index(text, "c: unknown user"), strings.Index(text, "a: unknown user"); c < 0 || a < c || strings.Contains(text, "b: ") {
		t.Errorf("the log says %q, want the answers of c and a in that order", text)
	}
}

// TestGatewaysSealAlike tests that the authenticators of two gateways with a shared cache have the
// same sealing secret, and different ones without a shared cache.
func TestGatewaysSealAlike(t *testing.T) {
	secret := func(text string) string {
		w := newWorld()
		build(t, w, text)
		return string(w.launched[0].SealSecret)
	}
	shared := oneOfEach + `cache "shelf" {}`
	if one, two := secret(shared), secret(shared); one != two || one == "" {
		t.Errorf("two gateways with one cache seal with %q and %q", one, two)
	}
	if own := secret(oneOfEach); own != "" {
		t.Errorf("a gateway without a shared cache is told to seal with %q", own)
	}
}
