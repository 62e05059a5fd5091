package userfile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// newSigner returns a new key.
func newSigner(t testing.TB) ssh.Signer {
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

// line returns the line of a key in authorized_keys.
func line(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestParseAuthorizedKey(t *testing.T) {
	public := newSigner(t).PublicKey()
	for _, c := range []struct{ options, comment string }{
		{"", ""},
		{"", "alice@laptop with spaces"},
		{"restrict ", ""},
		{"no-pty,no-X11-forwarding,no-agent-forwarding,no-port-forwarding,no-user-rc ", "old habits"},
		{`from="192.0.2.0/24,!192.0.2.7" `, ""},
		{`from="192.0.2.0/24",expiry-time="20991231Z",restrict `, ""},
		{`FROM="192.0.2.*" `, ""},
		{`cert-authority,principals="alice,ops" `, "an authority"},
	} {
		k, err := ParseAuthorizedKey(c.options + line(public) + " " + c.comment)
		if err != nil {
			t.Errorf("%q: %v", c.options, err)
			continue
		}
		if !k.same(public.Marshal()) || k.Comment() != c.comment {
			t.Errorf("%q: another key or comment: %q", c.options, k.Comment())
		}
	}
}

func TestParseAuthorizedKeyRefuses(t *testing.T) {
	good := line(newSigner(t).PublicKey())
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakRSA, err := ssh.NewPublicKey(&weak.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	number := new(big.Int).Lsh(big.NewInt(1), 1023)
	oldDSA := ssh.Marshal(struct {
		Type       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", number, number, number, number}) // the library does not make DSA keys
	for name, text := range map[string]string{
		"nothing":                 "",
		"a comment":               "# " + good,
		"rubbish":                 "ssh-ed25519 AAAA",
		"two lines":               good + "\n" + good,
		"a command":               `command="/bin/sh" ` + good,
		"an unknown option":       "carrier-pigeon " + good,
		"environment":             `environment="A=b" ` + good,
		"verify-required":         "verify-required " + good,
		"from without quotes":     "from=192.0.2.1 " + good,
		"from without value":      "from " + good,
		"from with nothing":       `from="" ` + good,
		"from with a name":        `from="*.example.org" ` + good,
		"from twice":              `from="192.0.2.1",from="192.0.2.2" ` + good,
		"quote that does not end": `from="192.0.2.1 ` + good,
		"no such day":             `expiry-time="20991399" ` + good,
		"principals alone":        `principals="alice" ` + good,
		"an RSA key of 1024 bits": line(weakRSA),
		"a DSA key":               "ssh-dss " + base64.StdEncoding.EncodeToString(oldDSA),
		"a certificate":           line(certificate(t, newSigner(t), newSigner(t), nil)),
	} {
		if _, err := ParseAuthorizedKey(text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAuthorizedKeyAllows(t *testing.T) {
	k, err := ParseAuthorizedKey(`from="192.0.2.0/24",expiry-time="20300601120000Z" ` + line(newSigner(t).PublicKey()))
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	inside, outside := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("198.51.100.7")
	for _, c := range []struct {
		from netip.Addr
		at   time.Time
		want bool
	}{
		{inside, end.Add(-time.Second), true},
		{inside, end, false},
		{outside, end.Add(-time.Second), false},
		{netip.Addr{}, end.Add(-time.Second), false},
	} {
		if err := k.allows(c.from, c.at); (err == nil) != c.want {
			t.Errorf("from %s at %s: got %v, want it allowed: %t", c.from, c.at, err, c.want)
		}
	}
}

// FuzzParseAuthorizedKey checks that no option is ignored. A line with options is refused, or its
// key is restricted or an authority, or all its options restrict features that filegate does not
// have.
func FuzzParseAuthorizedKey(f *testing.F) {
	public := newSigner(f).PublicKey()
	key := line(public)
	for _, options := range []string{"", "restrict", `from="192.0.2.1"`, `from="a\"b"`, `cert-authority,principals="a,b"`, `expiry-time="20300101"`, `command="x"`, `,,`, `no-pty,from="192.0.2.1",restrict`} {
		f.Add(options)
	}
	f.Fuzz(func(t *testing.T, options string) {
		k, err := ParseAuthorizedKey(options + " " + key)
		if err != nil {
			return
		}
		if !bytes.Equal(k.key, public.Marshal()) {
			t.Skip("the options have another key in them")
		}
		lower := strings.ToLower(options)
		for word, kept := range map[string]bool{"from=": k.from != nil, "expiry-time=": !k.expires.IsZero(), "cert-authority": k.authority, "command": false} {
			if strings.Contains(lower, word) && !kept && !strings.Contains(options, `"`) && !strings.Contains(options, "#") {
				t.Fatalf("%q: the option %s was passed over", options, word)
			}
		}
	})
}
