package userfile

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestHash(t *testing.T) {
	made, err := NewHash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	blowfish, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"our own":           made.String(),
		"bcrypt":            string(blowfish),
		"htpasswd's bcrypt": "$2y$" + string(blowfish[4:]),
	} {
		h, err := ParseHash(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if h.String() != text {
			t.Errorf("%s: String is %s", name, h)
		}
		if !h.Matches("correct horse") {
			t.Errorf("%s: the right password does not match", name)
		}
		for _, wrong := range []string{"", "correct hors", "correct horse ", "Correct horse", strings.Repeat("x", 1<<17)} {
			if h.Matches(wrong) {
				t.Errorf("%s: a wrong password of %d bytes matches", name, len(wrong))
			}
		}
	}
	if again, err := NewHash("correct horse"); err != nil || again.String() == made.String() {
		t.Errorf("two hashes of a password are the same: no salt? %v", err)
	}
	if _, err := NewHash(""); err == nil {
		t.Error("an empty password was hashed")
	}
	if decoy().Matches("") {
		t.Error("the decoy has a password")
	}
}

// TestHashOfOthers checks a hash from the reference implementation.
func TestHashOfOthers(t *testing.T) {
	h, err := ParseHash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil {
		t.Fatal(err)
	}
	if !h.Matches("password") || h.Matches("Password") {
		t.Error("another argon2id than the reference's")
	}
}

func TestParseHashRefuses(t *testing.T) {
	const salt, sum = "c2FsdHNhbHRzYWx0", "9OExLEy6Ac4BdKXCLFMS1e0kI9Ehp0jWn6Sr0bbzXiE"
	for name, text := range map[string]string{
		"empty":          "",
		"plain":          "hunter2",
		"SHA-512 crypt":  "$6$salt$hash",
		"argon2i":        "$argon2i$v=19$m=4096,t=3,p=1$" + salt + "$" + sum,
		"cut":            "$argon2id$v=19$m=4096,t=3,p=1$" + salt,
		"no version":     "$argon2id$m=4096,t=3,p=1$" + salt + "$" + sum,
		"old version":    "$argon2id$v=16$m=4096,t=3,p=1$" + salt + "$" + sum,
		"short salt":     "$argon2id$v=19$m=4096,t=3,p=1$c2Fs$" + sum,
		"short sum":      "$argon2id$v=19$m=4096,t=3,p=1$" + salt + "$c2Fs",
		"rubbish behind": "$argon2id$v=19$m=4096,t=3,p=1x$" + salt + "$" + sum,
		"no memory":      "$argon2id$v=19$m=0,t=3,p=1$" + salt + "$" + sum,
		"no threads":     "$argon2id$v=19$m=4096,t=3,p=0$" + salt + "$" + sum,
		"no time":        "$argon2id$v=19$m=4096,t=0,p=1$" + salt + "$" + sum,
		"much memory":    "$argon2id$v=19$m=4194304,t=3,p=1$" + salt + "$" + sum,
		"much time":      "$argon2id$v=19$m=4096,t=1000000,p=1$" + salt + "$" + sum,
		"dear bcrypt":    "$2b$31$KIX4fq3Z9lZJ6nq5mZtY6uQ3Zy7Jx5n4Yl1kq9vE0x7w6oQ8sT2uK",
		"cut bcrypt":     "$2b$05$KIX4fq3Z9lZJ6nq5mZtY6uQ3Zy7Jx5n4Yl1kq9vE0x7w6oQ8sT",
	} {
		if _, err := ParseHash(text); err == nil {
			t.Errorf("%s: %q was taken", name, text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error shows the hash: %v", name, err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(decoy().String())
	f.Add("$2y$05$KIX4fq3Z9lZJ6nq5mZtY6uQ3Zy7Jx5n4Yl1kq9vE0x7w6oQ8sT2uK")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHash(text)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Fatalf("String of %q is %q", text, h)
		}
		if !h.bcrypt && (h.memory > maxArgonMemory || h.time > maxArgonTime || h.threads == 0 || len(h.sum) < 16) {
			t.Fatalf("%q would cost too much, or protect nothing", text)
		}
	})
}
