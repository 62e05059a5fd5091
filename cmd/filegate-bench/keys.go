package main

import (
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// keys are the key files of the run: the host key of all servers, and the client's key for sshd.
type keys struct {
	host, client, authorized string
}

func makeKeys(dir string) (keys, error) {
	k := keys{
		host:       filepath.Join(dir, "host_key"),
		client:     filepath.Join(dir, "client_key"),
		authorized: filepath.Join(dir, "authorized_keys"),
	}
	if _, err := makeKey(k.host); err != nil {
		return keys{}, err
	}
	public, err := makeKey(k.client)
	if err != nil {
		return keys{}, err
	}
	return k, os.WriteFile(k.authorized, ssh.MarshalAuthorizedKey(public), 0o600)
}

func makeKey(file string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}
