package frontendtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"
)

// HostKey writes a new host key for a server and returns its file.
func HostKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "host_key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// OpenSSH returns the arguments that make sshpass run one of OpenSSH's programs with a password, against any host key.
// The program's own arguments follow, with the server's address from [Target].
func OpenSSH(program, addr, password string) []string {
	_, port, _ := net.SplitHostPort(addr)
	return []string{"-p", password, program,
		"-F", "none", "-o", "Port=" + port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-o", "NumberOfPasswordPrompts=1", "-o", "BatchMode=no"}
}

// Target is how OpenSSH's programs name a user at the server.
func Target(addr, user string) string {
	host, _, _ := net.SplitHostPort(addr)
	return user + "@" + host
}

// DialSSH logs in with Go's client.
func DialSSH(addr, user, password string) (*ssh.Client, error) {
	return ssh.Dial("tcp", addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // the test made the key a moment ago
	})
}
