package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// TestUsersByKeyReal logs in with a key from the users file, with OpenSSH's client, and uses a real
// Swift with an application credential of Keystone.
func TestUsersByKeyReal(t *testing.T) {
	login, secret := "app="+lab(t, "KEYSTONE_APPCRED_ID"), auth.Secret(lab(t, "KEYSTONE_APPCRED_SECRET"))
	dir := t.TempDir()
	file, id := filepath.Join(dir, "users.hcl"), filepath.Join(dir, "id")
	write(t, file, fmt.Sprintf("storage \"keystone\" \"cloud\" { auth_url = %q }\n", lab(t, "KEYSTONE")), 0o600)
	writeHostKey(t, id) // clients accept this form too
	const sealKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	key, err := userfile.ParseKey(sealKey)
	if err != nil {
		t.Fatal(err)
	}
	e, err := userfile.Edit(file, false)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{work: dir}
	public := s.run(t, "", "ssh-keygen", "-y", "-f", id)
	err = errors.Join(e.Add("alice", "correct horse", public[:len(public)-1]), e.SetCredential("alice", "cloud", login, secret, key), e.Save())
	if err != nil {
		t.Fatal(err)
	}
	s = openSiteWith(t, cluster{
		auth: fmt.Sprintf("auth \"users\" \"people\" {\n  config {\n    file = %q\n    key  = %q\n  }\n}\n", file, sealKey),
		user: "alice", password: "correct horse",
	}, true)
	content := filepath.Join(dir, "content")
	write(t, content, "What is in the file.\n", 0o600)
	byKey := func(commands string) {
		t.Helper()
		s.run(t, commands, "sftp", s.sshArgs("-o", "PreferredAuthentications=publickey", "-o", "IdentitiesOnly=yes", "-i", id, "-b", "-", "127.0.0.1")...)
	}
	path := "/" + s.container
	byKey(fmt.Sprintf("put %s %s/file\nget %s/file %s.back", content, path, path, content))
	got, err := os.ReadFile(content + ".back")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("What is in the file.\n", string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	byKey(fmt.Sprintf("rm %s/file\nrmdir %s", path, path))
}
