package main

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// goClient is the SFTP client in this program, for what no other one does: single reads, the first byte, very many sessions.
var goClient = client{name: "Go", protocol: "sftp"}

// session is a login of goClient's.
type session struct {
	*sftp.Client
	ssh  *ssh.Client
	stop func() bool
}

// dial logs in. The session ends with the context.
func (p *place) dial(ctx context.Context) (*session, error) {
	auth := ssh.Password(p.password)
	if p.key != "" {
		text, err := os.ReadFile(p.key)
		if err != nil {
			return nil, err
		}
		signer, err := ssh.ParsePrivateKey(text)
		if err != nil {
			return nil, err
		}
		auth = ssh.PublicKeys(signer)
	}
	address := net.JoinHostPort(p.host, p.port)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &session{stop: context.AfterFunc(ctx, func() { conn.Close() })}
	transport, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: p.user, Auth: []ssh.AuthMethod{auth}, Timeout: time.Minute,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // a server of our own on loopback
	})
	if err != nil {
		s.stop()
		conn.Close()
		return nil, err
	}
	s.ssh = ssh.NewClient(transport, channels, requests)
	if s.Client, err = sftp.NewClient(s.ssh, sftp.UseConcurrentWrites(true)); err != nil {
		s.stop()
		s.ssh.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() {
	s.stop()
	s.Client.Close()
	s.ssh.Close()
}
