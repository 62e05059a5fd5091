package auth_test

import (
	"testing"

	"filegate/core/auth"
)

func TestAsks(t *testing.T) {
	for _, tt := range []struct {
		req  auth.Request
		want bool
	}{
		{auth.Request{Method: auth.Password}, false}, // an empty password is one
		{auth.Request{Method: auth.PublicKey}, true},
		{auth.Request{Method: auth.PublicKey, Verified: true}, false},
		{auth.Request{Method: auth.PublicKey, State: []byte("x")}, true},
		{auth.Request{Method: auth.Certificate}, true},
		{auth.Request{Method: auth.Certificate, Verified: true}, false},
		{auth.Request{Method: auth.Interactive}, true},
		{auth.Request{Method: auth.Interactive, State: []byte("x")}, false}, // an answer to a step without prompts
		{auth.Request{Method: auth.Interactive, Answers: []auth.Secret{""}}, false},
		{auth.Request{Method: "carrier-pigeon"}, false},
	} {
		if got := tt.req.Asks(); got != tt.want {
			t.Errorf("Asks of %+v = %v", tt.req, got)
		}
	}
}
