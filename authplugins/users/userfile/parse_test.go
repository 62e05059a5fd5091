package userfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// TestDocumentedFile checks that the example in the package comment is valid, with values for its
// dots.
func TestDocumentedFile(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for l := range strings.Lines(string(doc)) {
		if code, ok := strings.CutPrefix(l, "//\t"); ok {
			text.WriteString(code)
		}
	}
	key := mustKey(t, testKey)
	public := strings.Fields(line(newSigner(t).PublicKey()))[1]
	pem := filepath.Join(t.TempDir(), "clients.pem")
	if err := os.WriteFile(pem, []byte(clientsPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	file := strings.NewReplacer(
		"AAAA…", public,
		"SHA256:jIqh…", "SHA256:"+strings.Repeat("j", 43),
		"SHA256:0b5f…", "SHA256:"+strings.Repeat("0b5f", 16),
		"/etc/filegate/clients.pem", pem,
		"$argon2id$v=19$m=19456,t=2,p=1$…$…", decoy().String(),
		"sealed:1:…", key.Seal("alice", "cloud", "demo.alice", "secret"),
	).Replace(text.String())
	f, err := Parse([]byte(file), "users.hcl", key)
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	if f.Len() != 3 || !f.User("anonymous").Anonymous || !f.User("carl").Disabled || f.User("alice").Storage.Name != "cloud" {
		t.Errorf("not what it says: %d users", f.Len())
	}
}

// clientsPEM is a certificate: openssl req -x509 -newkey ed25519 -nodes -subj /CN=clients
const clientsPEM = `-----BEGIN CERTIFICATE-----
MIIBOjCB7aADAgECAhRZTfrHdNHUMbm9BmXAc6i0Zo6znjAFBgMrZXAwEjEQMA4G
A1UEAwwHY2xpZW50czAgFw0yNjExMjUwOTQzNTJaGA8yMTI2MTEwMTA5NDM1Mlow
EjEQMA4GA1UEAwwHY2xpZW50czAqMAUGAytlcAMhADB2aDFoekrGg0Wkvit5YAAn
gMdePJyKcDe8OjIgFKBJo1MwUTAdBgNVHQ4EFgQUvdKXCw2w82xxcsD+hY2D+06C
oKswHwYDVR0jBBgwFoAUvdKXCw2w82xxcsD+hY2D+06CoKswDwYDVR0TAQH/BAUw
AwEB/zAFBgMrZXADQQBaNSDKsBpSQyNfaYXzs2n59KryDICFU2a65s+h8xXVVT9G
oKc02JwiTfuHoGFM25VaTQzxZuO1K4XllUT3RZ4K
-----END CERTIFICATE-----
`

// TestDecoy checks that an unknown name is checked against a hash from the file, and each name
// always against the same one.
func TestDecoy(t *testing.T) {
	var text strings.Builder
	var hashes []string
	for i := range 4 {
		h, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost+i%2)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, string(h))
		fmt.Fprintf(&text, "user \"u%d\" { password = %q }\n", i, h)
	}
	f := parse(t, text.String())
	used := map[string]bool{}
	for i := range 200 {
		name := fmt.Sprint("nobody", i)
		h := f.decoy(name).String()
		if !slices.Contains(hashes, h) || f.decoy(name).String() != h {
			t.Fatalf("%s costs %s", name, h)
		}
		used[h] = true
	}
	if len(used) != len(hashes) {
		t.Errorf("only %d of %d hashes are used, so names tell apart what they cost", len(used), len(hashes))
	}
	// Not even the password of the decoy logs the unknown user in.
	if u, ok := f.CheckPassword("nobody", "secret"); u != nil || ok {
		t.Error("nobody is let in")
	}
	if u, ok := f.CheckPassword("u1", "secret"); u == nil || !ok {
		t.Error("the right password is refused")
	}
	empty := parse(t, "user \"keyed\" {}\n")
	if u, ok := empty.CheckPassword("keyed", ""); u == nil || ok {
		t.Error("a user without a password is let in by one")
	}
}

func TestEditorSave(t *testing.T) {
	name := filepath.Join(t.TempDir(), "users.hcl")
	if _, err := Edit(name, false); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	first, err := Edit(name, true)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Edit(name, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Editor{first, second} {
		if err := e.Add("alice", "", line(newSigner(t).PublicKey())); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Save(); err != nil {
		t.Fatal(err)
	}
	if err := second.Save(); err == nil || !strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("two edited the same file, and the second got %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(name), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %q, %v", left, err)
	}
}
