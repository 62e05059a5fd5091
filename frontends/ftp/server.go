package ftp

import (
	"crypto/tls"
	"net/netip"

	"filegate/core/frontend"
)

// Server is a frontend "ftp" that is running.
type Server struct {
	*frontend.Clients
	env        frontend.Env
	cfg        Config
	tls        *tls.Config    // always the same one, so that data connections resume the control connection's session; nil: no TLS
	activeDeny []netip.Prefix // networks that active mode does not connect to
	foreign    []netip.Prefix // networks that data connections may lead to, beside the client's address
	dataPorts  portRange
	public     publicHosts
	plain      *naming // of clients that speak UTF-8
	old        *naming // of those that do not, which is how all begin; nil: no character set is configured
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

// Refuse implements [frontend.Protocol]. A client of implicit TLS would not understand it.
func (s *Server) Refuse(r *frontend.Refusal) []byte {
	if s.cfg.TLS.Mode == implicit {
		return nil
	}
	return []byte((&reply{code: 421, text: r.Text}).line() + "\r\n")
}
