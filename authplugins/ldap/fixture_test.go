package ldap_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/ldap"
	"filegate/core/auth"
)

func newSSHKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func authorizedLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// configured returns the authenticator for a configuration, or the mistakes in it.
func configured(t *testing.T, values map[string]any) (auth.Authenticator, auth.Diagnostics) {
	t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	sealer, err := authplugin.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	return ldap.Kind().Configure(authplugin.Config{Values: text, Sealer: sealer})
}

// authenticator returns an authenticator. The configuration must be correct. The values in more
// take precedence.
func authenticator(t *testing.T, values, more map[string]any) *ldap.Authenticator {
	t.Helper()
	all := maps.Clone(values)
	maps.Copy(all, more)
	a, diags := configured(t, all)
	if len(diags) > 0 {
		t.Fatalf("the configuration is not taken: %v", diags)
	}
	return a.(*ldap.Authenticator)
}

func byPassword(user, password string) auth.Request {
	return auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password), Service: "ssh", SessionID: "test"}
}

func byKey(user string, key ssh.PublicKey) auth.Request {
	return auth.Request{User: user, Method: auth.PublicKey, PublicKey: key.Marshal(), Verified: true, Service: "ssh", SessionID: "test"}
}
