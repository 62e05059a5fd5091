package ssh

import (
	"context"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/frontend"
)

// Server is a running frontend "ssh".
type Server struct {
	*frontend.Clients
	env          frontend.Env
	services     []Service
	ssh          ssh.ServerConfig // copied for each connection
	anyCipher    bool             // choose the ciphers by the client's list
	loginTimeout time.Duration
	keepalive    time.Duration // 0: none
	idleTimeout  time.Duration // 0: none
}

var (
	_ frontend.Server   = (*Server)(nil)
	_ frontend.Protocol = (*Server)(nil)
)

// Client implements [frontend.Protocol].
func (s *Server) Client(c *frontend.Conn) frontend.Client { return newConn(s, c) }

// Refuse implements [frontend.Protocol].
func (s *Server) Refuse(r *frontend.Refusal) []byte {
	return refusal(s.ssh.ServerVersion, r.Text)
}

// conn implements [frontend.Client].
var _ frontend.Client = (*conn)(nil)

// Dismiss implements [frontend.Client].
func (c *conn) Dismiss() { c.net.Close() }

// Cut implements [frontend.Client].
func (c *conn) Cut() { c.net.Close() }

// Serve implements [frontend.Client].
func (c *conn) Serve(ctx context.Context) { c.serve(ctx) }
