package ftp

import (
	"crypto/tls"
	"net/netip"

	"filegate/core/frontend"
)

// Server is a running frontend "ftp".
type Server struct {
	*frontend.Clients
	env frontend.Env
	cfg Config
	// Shared, so that data connections can resume the sessions of control connections; nil: no TLS.
	tls        *tls.Config
	activeDeny []netip.Prefix // networks to which active mode does not connect
	foreign    []netip.Prefix // networks for data connections beside the client's address
	dataPorts  portRange
	public     publicHosts
	plain      *naming // for clients that use UTF-8
	// For clients that do not, and at the beginning for all; nil: no character set is configured.
	old *naming
}

var (
	_ frontend.Server   = (*Server)(nil)
	_ frontend.Protocol = (*Server)(nil)
)

func newServer(env frontend.Env, cfg Config) *Server {
	s := &Server{env: env, cfg: cfg, plain: newNaming(nil)}
	s.Clients = frontend.NewClients("ftp "+env.Name, env, frontend.ClientsConfig{
		Listen: cfg.Listen, MaxConnections: cfg.MaxConnections, MaxStartups: cfg.MaxStartups, Proxy: &cfg.Proxy,
	}, s)
	return s
}

// Client implements [frontend.Protocol].
func (s *Server) Client(c *frontend.Conn) frontend.Client { return newClient(s, c) }

// Refuse implements [frontend.Protocol]. It returns nothing in implicit mode, because the client
// expects TLS.
func (s *Server) Refuse(r *frontend.Refusal) []byte {
	if s.cfg.TLS.Mode == implicit {
		return nil
	}
	return []byte((&reply{code: 421, text: r.Text}).line() + "\r\n")
}
