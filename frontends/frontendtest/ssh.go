package frontendtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// PrivateKey makes a new key.
func PrivateKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// HostKey writes a new host key for a server and returns its file.
func HostKey(t *testing.T) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(PrivateKey(t), "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "host_key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// OpenSSH runs one of OpenSSH's programs, logged in as the user of this package. In args, a leading
// ":" is put behind the server's name, and "@" alone is that name.
func OpenSSH(t *testing.T, srv *Server, dir, stdin, program string, args ...string) Result {
	t.Helper()
	return OpenSSHAs(t, srv, Password, dir, stdin, program, args...)
}

// OpenSSHAs is OpenSSH with another password.
func OpenSSHAs(t *testing.T, srv *Server, password, dir, stdin, program string, args ...string) Result {
	t.Helper()
	host, options, env := login(t, srv, password)
	return run(t, dir, stdin, env, program, append(options, atHost(host, args)...)...)
}

// login returns the host, options and environment that let OpenSSH's programs and sshfs log in with
// a password.
func login(t *testing.T, srv *Server, password string) (host string, options, env []string) {
	t.Helper()
	host, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	// The programs take a password from a terminal or from a program like this.
	ask := filepath.Join(t.TempDir(), "askpass")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\ncat <<'END'\n"+password+"\nEND\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{
		"Port=" + port, "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "NumberOfPasswordPrompts=1",
		"BatchMode=no", // which the option -b of sftp sets
	} {
		options = append(options, "-o", option)
	}
	return host, append([]string{"-F", "/dev/null"}, options...), []string{"SSH_ASKPASS=" + ask, "SSH_ASKPASS_REQUIRE=force"}
}

// DialSSH logs in with Go's client.
func DialSSH(addr, user, password string) (*ssh.Client, error) {
	return ssh.Dial("tcp", addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // the test made the key a moment ago
	})
}

// PuTTY runs one of PuTTY's programs, logged in as the user of this package. In args, a leading ":"
// is put behind the server's name, and "@" alone is that name.
func PuTTY(t *testing.T, srv *Server, dir, stdin, program string, args ...string) Result {
	t.Helper()
	host, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"-batch", "-pw", Password, "-P", port, "-hostkey", fingerprint(t, srv)}
	return run(t, dir, stdin, nil, program, append(all, atHost(host, args)...)...)
}

// atHost puts the server's name into arguments.
func atHost(host string, args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		switch {
		case strings.HasPrefix(arg, ":"):
			arg = User + "@" + host + arg
		case arg == "@":
			arg = User + "@" + host
		}
		out[i] = arg
	}
	return out
}

// fingerprint is that of the server's host key, learned by a connection that does not log in.
func fingerprint(t *testing.T, srv *Server) (print string) {
	t.Helper()
	_, err := ssh.Dial("tcp", srv.Addr, &ssh.ClientConfig{
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			print = ssh.FingerprintSHA256(key)
			return nil
		},
	})
	if print == "" {
		t.Fatal(err)
	}
	return print
}
