package users_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"filegate/authplugins/users/userfile"
	"filegate/backends/swift/swifttest"
)

const (
	password = "correct horse"
	// sealKey is 32 bytes in base64.
	sealKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// world is a Swift, a file of users with credentials for it, and the keys of these users.
type world struct {
	t     *testing.T
	swift *swifttest.Server
	file  string
	key   userfile.Key

	office, laptop ssh.Signer // an authority, and the key of a user
	clients        *x509.Certificate
	clientsKey     ed25519.PrivateKey
}

func newWorld(t *testing.T) *world {
	t.Helper()
	swift, err := swifttest.New(swifttest.Config{Users: swifttest.DefaultUsers(), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := swift.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { swift.Close() })
	key, err := userfile.ParseKey(sealKey)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, swift: swift, key: key, file: filepath.Join(t.TempDir(), "users.hcl"), office: newSigner(t), laptop: newSigner(t)}
	_, w.clientsKey, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clients"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clients"}}, w.clientsKey.Public(), w.clientsKey)
	if err != nil {
		t.Fatal(err)
	}
	if w.clients, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	authorities := filepath.Join(filepath.Dir(w.file), "clients.pem")
	if err := os.WriteFile(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.write(w.usual())
	return w
}

// usual returns a file with alice, who has one of everything and a storage with auth 1.0, and kate,
// whose storage uses Keystone.
func (w *world) usual() string {
	return fmt.Sprintf(`
ssh_authorities = [%[1]q]
tls_authorities = %[2]q
storage "swiftv1" "legacy" { auth_url = %[3]q }
storage "keystone" "cloud" { auth_url = %[4]q }
user "alice" {
  password         = %[5]q
  keys             = [%[6]q]
  tls_certificates = ["CN=alice,O=Example"]
  storage          = "legacy"
  storage_login    = "test:tester"
  storage_secret   = %[7]q
}
user "kate" {
  password       = %[5]q
  storage        = "cloud"
  storage_login  = "test.tester"
  storage_secret = %[8]q
}
`, line(w.office.PublicKey()), filepath.Join(filepath.Dir(w.file), "clients.pem"), w.swift.AuthURL(), w.swift.KeystoneURL(),
		hash(w.t), line(w.laptop.PublicKey()),
		w.key.Seal("alice", "legacy", "test:tester", "testing"), w.key.Seal("kate", "cloud", "test.tester", "testing"))
}

// write replaces the file.
func (w *world) write(text string) {
	w.t.Helper()
	if err := os.WriteFile(w.file+".new", []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(w.file+".new", w.file); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces a text that occurs once in the file.
func (w *world) edit(old, new string) {
	w.t.Helper()
	text, err := os.ReadFile(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	if bytes.Count(text, []byte(old)) != 1 {
		w.t.Fatalf("%q is not in the file just once:\n%s", old, text)
	}
	w.write(strings.Replace(string(text), old, new, 1))
}

// requests returns the number of requests to Swift.
func (w *world) requests() int { return len(w.swift.Requests()) }

// values returns the configuration of the authenticator.
func (w *world) values() map[string]any {
	return map[string]any{"file": w.file, "key": sealKey}
}

// sshCertificate returns a certificate by the office, for a key that is not in the file.
func (w *world) sshCertificate(principals ...string) []byte {
	w.t.Helper()
	cert := &ssh.Certificate{
		Key: w.laptop.PublicKey(), CertType: ssh.UserCert, KeyId: "test", ValidPrincipals: principals,
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()),
	}
	if err := cert.SignCert(rand.Reader, w.office); err != nil {
		w.t.Fatal(err)
	}
	return cert.Marshal()
}

// tlsCertificate returns a client certificate in DER, signed by the authority or, if selfSigned is
// set, by itself.
func (w *world) tlsCertificate(subject pkix.Name, selfSigned bool, change func(*x509.Certificate)) []byte {
	w.t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	parent, signer := w.clients, w.clientsKey
	if selfSigned {
		parent, signer = template, private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, private.Public(), signer)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

func aliceName() pkix.Name {
	return pkix.Name{CommonName: "alice", Organization: []string{"Example"}}
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func line(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// hash returns a hash of the password that is cheap to check.
func hash(t *testing.T) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// otherKey returns a key for sealing that is not the file's key.
func otherKey() string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) }
