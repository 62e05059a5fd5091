package ldap_test

import (
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/conformance"
	"filegate/authplugins/ldap"
	"filegate/authplugins/users/userfile"
	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

func TestMain(m *testing.M) { authtest.Main(m, ldap.Kind()) }

// sealKey is 32 bytes in base64.
const sealKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

const password = "correct horse"

// seal encrypts the secret of a storage login, as filegate users seal does.
func seal(t *testing.T, user, login, secret string) string {
	t.Helper()
	key, err := userfile.ParseKey(sealKey)
	if err != nil {
		t.Fatal(err)
	}
	return key.Seal(user, "ldap", login, auth.Secret(secret))
}

func newSwift(t *testing.T) *swifttest.Server {
	t.Helper()
	swift, err := swifttest.New(swifttest.Config{Users: swifttest.DefaultUsers(), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := swift.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { swift.Close() })
	return swift
}

// TestConformance tests the authenticator against the rules with Debian's slapd, for each way to
// find users and to encrypt connections.
func TestConformance(t *testing.T) {
	s := startSlapd(t)
	swift := newSwift(t)
	laptop := newSSHKey(t)
	s.add(t, "alice", password, person{
		"sshPublicKey": {authorizedLine(laptop)}, "swiftLogin": {"test:tester"}, "swiftSecret": {seal(t, "alice", "test:tester", "testing")},
	})
	s.group(t, "staff", "groups", "alice")
	for name, c := range map[string]struct {
		values map[string]any
		to     string
		scheme string
		key    bool
	}{
		"a search, by ldaps": {
			map[string]any{
				"bind_dn": readerDN, "bind_password": "readerpass", "search_base": people, "key_attribute": "sshPublicKey", "groups": []string{"staff"},
				"storage": "swiftv1", "storage_options": map[string]string{"auth_url": swift.AuthURL()}, "storage_login": "{swiftLogin}",
				"storage_secret_attribute": "swiftSecret", "key": sealKey,
			}, s.tls, "ldaps://", true,
		},
		"a bind, by StartTLS": {
			map[string]any{
				"user_dn": "uid={user}," + people,
				"storage": "keystone", "storage_options": map[string]string{"auth_url": swift.KeystoneURL()}, "storage_login": "test.tester", "storage_secret": "testing",
			}, s.plain, "ldap://", false,
		},
		"without a storage, in clear text on this machine": {
			map[string]any{"user_dn": "uid={user}," + people, "bind_dn": readerDN, "bind_password": "readerpass", "start_tls": false}, s.plain, "ldap://", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			between := newCounter(t, c.to)
			c.values["servers"] = []string{c.scheme + between.address}
			c.values["ca_file"] = s.ca
			subject := authtest.Subject{Kind: ldap.Kind(), Values: c.values, User: "alice", Password: password, Unknown: "nobody", Requests: between.requests}
			if c.key {
				subject.Logins = []conformance.Login{{Method: auth.PublicKey, User: "alice", PublicKey: laptop.Marshal()}}
			}
			authtest.Run(t, subject)
		})
	}
}
