package users_test

import (
	"errors"
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/conformance"
	"filegate/authplugins/users"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

func TestMain(m *testing.M) { authtest.Main(m, users.Kind()) }

func TestConformance(t *testing.T) {
	w := newWorld(t)
	authtest.Run(t, authtest.Subject{
		Kind:     users.Kind(),
		Values:   w.values(),
		User:     "alice",
		Password: password,
		Logins: []conformance.Login{
			{Method: auth.PublicKey, User: "alice", PublicKey: w.laptop.PublicKey().Marshal()},
			{Method: auth.PublicKey, User: "alice", PublicKey: w.sshCertificate("alice")},
			{Method: auth.Certificate, User: "alice", PublicKey: w.tlsCertificate(aliceName(), false, nil)},
			{Method: auth.Password, User: "kate", Password: password},
		},
		Unknown:  "nobody",
		Requests: w.requests,
	})
}

// TestConformanceLab checks that a login with a key from the file opens the account of the
// credential, on a real Swift and a real Keystone.
func TestConformanceLab(t *testing.T) {
	swift, keystone := authtest.Lab(t, "FILEGATE_TEST_SWIFT_AUTH"), authtest.Lab(t, "FILEGATE_TEST_KEYSTONE")
	w := newWorld(t)
	w.edit(w.swift.AuthURL(), swift)
	w.edit(w.swift.KeystoneURL(), keystone)
	w.change(func(e *userfile.Editor) error {
		return errors.Join(
			e.SetCredential("alice", "legacy", authtest.Lab(t, "FILEGATE_TEST_SWIFT_USER"), auth.Secret(authtest.Lab(t, "FILEGATE_TEST_SWIFT_KEY")), w.key),
			e.SetCredential("kate", "cloud", authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_PROJECT")+"."+authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_USER"),
				auth.Secret(authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_PASSWORD")), w.key),
		)
	})
	authtest.Run(t, authtest.Subject{
		Kind:   users.Kind(),
		Values: w.values(),
		Logins: []conformance.Login{
			{Method: auth.PublicKey, User: "alice", PublicKey: w.laptop.PublicKey().Marshal()},
			{Method: auth.Password, User: "kate", Password: password},
		},
		Unknown: "nobody",
	})
}
