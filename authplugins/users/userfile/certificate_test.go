package userfile

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

var (
	noon   = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	laptop = netip.MustParseAddr("192.0.2.7")
)

// certificate returns a certificate for the key by the authority, valid for alice at noon unless
// change changes it.
func certificate(t testing.TB, authority, key ssh.Signer, change func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	cert := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.UserCert, KeyId: "test", ValidPrincipals: []string{"alice"},
		ValidAfter: uint64(noon.Add(-time.Hour).Unix()), ValidBefore: uint64(noon.Add(time.Hour).Unix()),
	}
	if change != nil {
		change(cert)
	}
	if len(cert.ValidPrincipals) == 0 {
		signForNobody(t, cert, authority)
	} else if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return cert
}

// signForNobody signs a certificate without principals. SignCert refuses that, but other programs
// do not.
func signForNobody(t testing.TB, cert *ssh.Certificate, authority ssh.Signer) {
	t.Helper()
	cert.Nonce = make([]byte, 32)
	if _, err := rand.Read(cert.Nonce); err != nil {
		t.Fatal(err)
	}
	cert.SignatureKey, cert.Signature = authority.PublicKey(), nil
	unsigned := cert.Marshal()
	unsigned = unsigned[:len(unsigned)-4] // without the length of the missing signature
	signature, err := authority.Sign(rand.Reader, unsigned)
	if err != nil {
		t.Fatal(err)
	}
	cert.Signature = signature
}

// parse parses a file that must be valid.
func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse([]byte(text), "users.hcl", Key{})
	if err != nil {
		t.Fatalf("a good file is refused:\n%v\n%s", err, text)
	}
	return f
}

func TestCheckKeyCertificates(t *testing.T) {
	office, home, key := newSigner(t), newSigner(t), newSigner(t)
	f := parse(t, fmt.Sprintf(`
ssh_authorities = [%q]
user "alice" {}
user "bob" { principals = ["ops", "alice"] }
user "carl" { keys = [%q] }
user "dora" { keys = [%q] }
`, line(office.PublicKey()), "cert-authority "+line(home.PublicKey()), `cert-authority,from="198.51.100.0/24",principals="alice" `+line(home.PublicKey())))
	for _, c := range []struct {
		name      string
		user      string
		authority ssh.Signer
		change    func(*ssh.Certificate)
		want      string // in the error; empty: accepted
	}{
		{"good", "alice", office, nil, ""},
		{"by a principal of the user's", "bob", office, nil, ""},
		{"another principal", "carl", office, nil, "other principals"},
		{"an unknown authority", "alice", home, nil, "authority is not trusted"},
		{"the user's own authority", "carl", home, func(c *ssh.Certificate) { c.ValidPrincipals = []string{"carl"} }, ""},
		{"the user's own authority, another principal", "carl", home, nil, "other principals"},
		{"an authority from elsewhere", "dora", home, nil, "from this address"},
		{"no principals", "alice", office, func(c *ssh.Certificate) { c.ValidPrincipals = nil }, "no principals"},
		{"for a host", "alice", office, func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, "for a host"},
		{"over", "alice", office, func(c *ssh.Certificate) { c.ValidBefore = uint64(noon.Unix()) }, "expired"},
		{"not yet", "alice", office, func(c *ssh.Certificate) { c.ValidAfter = uint64(noon.Unix()) + 1 }, "not yet valid"},
		{"for ever", "alice", office, func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 0, ssh.CertTimeInfinity }, ""},
		{"from here", "alice", office, option(sourceAddress, "198.51.100.1,192.0.2.0/24"), ""},
		{"from elsewhere", "alice", office, option(sourceAddress, "198.51.100.0/24"), "from this address"},
		{"from nowhere", "alice", office, option(sourceAddress, ""), sourceAddress},
		{"a forced command", "alice", office, option("force-command", "internal-sftp"), "force-command"},
		{"an unknown option", "alice", office, option("carrier-pigeon", ""), "carrier-pigeon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := certificate(t, c.authority, key, c.change)
			err := f.CheckKey(f.User(c.user), cert.Marshal(), laptop, noon)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	t.Run("changed after it was signed", func(t *testing.T) {
		cert := certificate(t, office, key, func(c *ssh.Certificate) { c.ValidPrincipals = []string{"eve"} })
		cert.ValidPrincipals = []string{"alice"}
		if err := f.CheckKey(f.User("alice"), cert.Marshal(), laptop, noon); err == nil {
			t.Error("let in")
		}
	})
	t.Run("the key in it is no key of the user's", func(t *testing.T) {
		if err := f.CheckKey(f.User("alice"), key.PublicKey().Marshal(), laptop, noon); err == nil {
			t.Error("the bare key is let in")
		}
		if err := f.CheckKey(f.User("carl"), home.PublicKey().Marshal(), laptop, noon); err == nil {
			t.Error("an authority is let in as if it were a key")
		}
	})
}

func option(name, value string) func(*ssh.Certificate) {
	return func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{name: value} }
}

// TestCheckKeySHA1 checks that SHA-1 signatures of authorities are refused, because they can be
// forged.
func TestCheckKeySHA1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, fmt.Sprintf("ssh_authorities = [%q]\nuser \"alice\" {}\n", line(plain.PublicKey())))
	for algorithm, want := range map[string]bool{ssh.KeyAlgoRSA: false, ssh.KeyAlgoRSASHA256: true, ssh.KeyAlgoRSASHA512: true} {
		signer, err := ssh.NewSignerWithAlgorithms(plain.(ssh.AlgorithmSigner), []string{algorithm})
		if err != nil {
			t.Fatal(err)
		}
		cert := certificate(t, signer, newSigner(t), nil)
		if cert.Signature.Format != algorithm {
			t.Fatalf("the test's certificate is signed with %s, want %s", cert.Signature.Format, algorithm)
		}
		if err := f.CheckKey(f.User("alice"), cert.Marshal(), laptop, noon); (err == nil) != want {
			t.Errorf("signed with %s: got %v, want it let in: %t", algorithm, err, want)
		}
	}
}

func TestCheckKey(t *testing.T) {
	own, second, foreign := newSigner(t).PublicKey(), newSigner(t).PublicKey(), newSigner(t).PublicKey()
	text := fmt.Sprintf(`
user "alice" {
  keys = [
    %q,
    %q,
  ]
}
`, line(own), `from="198.51.100.0/24" `+line(second))
	f := parse(t, text)
	alice := f.User("alice")
	for _, c := range []struct {
		name string
		key  []byte
		from netip.Addr
		want bool
	}{
		{"her own", own.Marshal(), laptop, true},
		{"from nowhere that is known", own.Marshal(), netip.Addr{}, true},
		{"another's", foreign.Marshal(), laptop, false},
		{"from the wrong place", second.Marshal(), laptop, false},
		{"from the right place", second.Marshal(), netip.MustParseAddr("198.51.100.9"), true},
		{"bound to a place, from nowhere that is known", second.Marshal(), netip.Addr{}, false},
		{"empty", nil, laptop, false},
		{"rubbish", []byte("rubbish"), laptop, false},
		{"cut", own.Marshal()[:20], laptop, false},
	} {
		if err := f.CheckKey(alice, c.key, c.from, noon); (err == nil) != c.want {
			t.Errorf("%s: got %v, want it let in: %t", c.name, err, c.want)
		}
	}
	revoked := parse(t, fmt.Sprintf("revoked_keys = [%q]\n", ssh.FingerprintSHA256(own))+text)
	if err := revoked.CheckKey(revoked.User("alice"), own.Marshal(), laptop, noon); err == nil {
		t.Error("a revoked key is let in")
	}
}

// TestCheckKeyRevokedCertificate checks that a certificate is refused if the authority, its key or
// the certificate itself is revoked.
func TestCheckKeyRevokedCertificate(t *testing.T) {
	office, key := newSigner(t), newSigner(t)
	cert := certificate(t, office, key, nil)
	for name, public := range map[string]ssh.PublicKey{"authority": office.PublicKey(), "key": key.PublicKey(), "certificate": cert} {
		f := parse(t, fmt.Sprintf("ssh_authorities = [%q]\nrevoked_keys = [%q]\nuser \"alice\" {}\n", line(office.PublicKey()), ssh.FingerprintSHA256(public)))
		if err := f.CheckKey(f.User("alice"), cert.Marshal(), laptop, noon); err == nil {
			t.Errorf("the %s is revoked, and the certificate let in", name)
		}
	}
}

// FuzzCheckKey checks arbitrary keys of clients: only the user's own keys are accepted.
func FuzzCheckKey(f *testing.F) {
	office, key, other := newSigner(f), newSigner(f), newSigner(f)
	file := parse(f, fmt.Sprintf("ssh_authorities = [%q]\nuser \"alice\" { keys = [%q] }\n", line(office.PublicKey()), line(key.PublicKey())))
	good := certificate(f, office, other, nil).Marshal()
	f.Add(good)
	f.Add(key.PublicKey().Marshal())
	f.Add(certificate(f, other, other, option(sourceAddress, "192.0.2.0/24")).Marshal())
	f.Fuzz(func(t *testing.T, blob []byte) {
		err := file.CheckKey(file.User("alice"), blob, laptop, noon)
		if err == nil && string(blob) != string(good) && string(blob) != string(key.PublicKey().Marshal()) {
			t.Fatalf("let in: %x", blob)
		}
	})
}
