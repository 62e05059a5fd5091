package main

import (
	"context"
	"net"
	"net/textproto"
	"os"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// goClient is the SFTP client in this program, for rows that no other client can measure: single
// reads, the first byte, very many sessions.
var goClient = client{
	name: "Go", protocol: "sftp",
	login: func(ctx context.Context, _ *bench, p *place) (func(), error) {
		s, err := p.dial(ctx)
		if err != nil {
			return nil, err
		}
		return s.close, nil
	},
}

// goFTP is the FTP client in this program, which only logs in.
var goFTP = client{
	name: "Go over FTP", protocol: "ftp",
	login: func(ctx context.Context, _ *bench, p *place) (func(), error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(p.host, p.port))
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		leave := func() {
			stop()
			conn.Close()
		}
		c := textproto.NewConn(conn)
		_, _, err = c.ReadResponse(220)
		for _, step := range []struct {
			command string
			code    int
		}{{"USER " + p.user, 331}, {"PASS " + p.password, 230}} {
			if err == nil {
				err = c.PrintfLine("%s", step.command)
			}
			if err == nil {
				_, _, err = c.ReadResponse(step.code)
			}
		}
		if err != nil {
			leave()
			return nil, err
		}
		return leave, nil
	},
}

// session is a session of goClient.
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
