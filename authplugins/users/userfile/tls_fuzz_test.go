package userfile

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzCheckTLS checks arbitrary client certificates and subjects: only certificates by a trusted
// authority are accepted.
func FuzzCheckTLS(f *testing.F) {
	trusted, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clients"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, trusted, key)
	if err != nil {
		f.Fatal(err)
	}
	pemFile := filepath.Join(f.TempDir(), "clients.pem")
	if err := os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		f.Fatal(err)
	}
	file := parse(f, fmt.Sprintf("tls_authorities = %q\nuser \"alice\" { tls_certificates = [\"CN=alice,O=Example\"] }\n", pemFile))
	issue := func(name pkix.Name, by ed25519.PrivateKey) []byte {
		cert := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: name, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, cert, authority, stranger.Public(), by)
		if err != nil {
			return nil // no certificate has such a name
		}
		return der
	}
	alice := pkix.Name{CommonName: "alice", Organization: []string{"Example"}}
	good := issue(alice, key)
	f.Add(good, "alice", "Example")
	f.Add(issue(alice, stranger), "alice,O=Example", "")
	f.Add([]byte("no certificate"), "alice", "Example\\,CN=alice")
	f.Add([]byte{}, "alice\x00", "Example+CN=x")
	f.Fuzz(func(t *testing.T, der []byte, cn, o string) {
		if err := file.CheckTLS(file.User("alice"), der, now); err == nil && string(der) != string(good) {
			t.Errorf("let in: %x", der)
		}
		name := pkix.Name{CommonName: cn, Organization: []string{o}}
		if err := file.CheckTLS(file.User("alice"), issue(name, key), now); err == nil && (cn != "alice" || o != "Example") {
			t.Errorf("the name %q of %q is taken for alice's", cn, o)
		}
	})
}
