package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"filegate/core/admin"
	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/config"
)

// adminServer is where operators ask the gateway.
type adminServer struct {
	server    *admin.Server
	listeners []net.Listener
	addr      net.Addr // of TCP; nil: it has none
}

func (g *Gateway) listenAdmin(cfg config.Admin) (*adminServer, error) {
	a := &adminServer{server: admin.New(admin.Options{
		Gateway: &overview{g}, Metrics: g.metrics.handler(g.log), Token: cfg.Token.Reveal(), Log: g.log,
	})}
	if cfg.Listen != "" {
		l, err := (&net.ListenConfig{}).Listen(g.life, "tcp", cfg.Listen)
		if err != nil {
			return nil, err
		}
		a.addr = l.Addr()
		if cfg.TLS != nil {
			l = tls.NewListener(l, adminTLS(*cfg.TLS))
		}
		a.listeners = append(a.listeners, l)
	}
	if cfg.Socket != "" {
		l, err := listenUnix(g.life, cfg.Socket)
		if err != nil {
			a.close()
			return nil, err
		}
		a.listeners = append(a.listeners, l)
	}
	return a, nil
}

// adminTLS reads the certificate for each client: they are few, and it may have been renewed.
func adminTLS(files config.AdminTLS) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(files.Cert, files.Key)
			return &cert, err
		},
	}
}

// listenUnix opens a unix socket that only the gateway's user and root can use. A socket that a gateway has left which is no more gives way.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("%s is there, and is no socket", path)
		}
		if c, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
			c.Close()
			return nil, &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: syscall.EADDRINUSE}
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	// Made under a name that nobody knows, so that nobody connects before its mode is right.
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", tmp)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(tmp, 0o600), os.Rename(tmp, path)); err != nil {
		l.Close()
		os.Remove(tmp)
		return nil, err
	}
	return &unixListener{l, path}, nil
}

// unixListener removes its socket when it is closed.
type unixListener struct {
	net.Listener
	path string
}

// Addr implements [net.Listener].
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

func (l *unixListener) Close() error {
	err := l.Listener.Close()
	if !errors.Is(err, net.ErrClosed) {
		os.Remove(l.path)
	}
	return err
}

func (m *metrics) handler(log errorLog) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: promLog{log}})
}

// errorLog is the part of a logger that the handler of metrics needs.
type errorLog interface{ Warn(msg string, args ...any) }

type promLog struct{ errorLog }

// Println implements promhttp.Logger.
func (l promLog) Println(v ...any) { l.Warn("metrics not told", "err", fmt.Sprint(v...)) }

// readiness returns why no client should be sent here: the gateway is on its way down, or cannot log anybody in at one of its frontends.
// Sessions that are running do not depend on it. Before the gateway is up nobody answers at all.
func (g *Gateway) readiness() error {
	if g.desk.IsShut() {
		return ErrShutdown
	}
	frontends := map[string]auth.Chain{}
	for _, d := range g.doors {
		frontends[d.kind+" "+d.name] = *d.chain.members.Load()
	}
	return g.auths.ready(frontends)
}

// serve answers until close.
func (a *adminServer) serve() {
	done := make(chan struct{})
	for _, l := range a.listeners {
		go func() {
			defer func() { done <- struct{}{} }()
			a.server.Serve(l)
		}()
	}
	for range a.listeners {
		<-done
	}
}

// close cuts whoever is being answered. The listeners are the server's only once it serves, so they are closed here too.
func (a *adminServer) close() {
	a.server.Close()
	for _, l := range a.listeners {
		l.Close()
	}
}

// overview tells operators of a gateway. It implements [admin.Gateway].
type overview struct{ g *Gateway }

var _ admin.Gateway = (*overview)(nil)

// Ready implements [admin.Gateway].
func (o *overview) Ready() error { return o.g.readiness() }

// Status implements [admin.Gateway].
func (o *overview) Status() admin.Status {
	g := o.g
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	s := admin.Status{
		Version: g.opts.Version, PID: os.Getpid(), Began: g.began, Ready: true, Bans: len(g.desk.Bans()),
		Memory: mem.Sys, Goroutines: runtime.NumGoroutine(), In: g.metrics.moved.in.Load(), Out: g.metrics.moved.out.Load(),
		Frontends: []admin.Frontend{}, Authenticators: []admin.Authenticator{}, Backends: []admin.Backend{},
	}
	if err := g.readiness(); err != nil {
		s.Ready, s.NotReady = false, err.Error()
	}
	for _, sess := range g.desk.Sessions() {
		st := sess.Status()
		s.Sessions++
		s.Transfers += len(st.Transfers)
	}
	for _, d := range g.doors {
		f := admin.Frontend{Kind: d.kind, Name: d.name}
		for _, a := range d.server.Addrs() {
			f.Listen = append(f.Listen, a.String())
		}
		s.Frontends = append(s.Frontends, f)
	}
	for name, r := range g.auths.current() {
		info := r.Info()
		a := admin.Authenticator{Name: name, Kind: r.config.Kind, Version: info.Version}
		if err := r.Healthy(); err != nil {
			a.Trouble = err.Error()
		}
		s.Authenticators = append(s.Authenticators, a)
	}
	for name, b := range g.stores() {
		made := admin.Backend{Kind: b.config.Kind, Name: name, Requests: b.observer.requests.Load(), Failed: b.observer.failed.Load()}
		if u, ok := backend.UsageOf(b.Backend); ok {
			made.Memory, made.Free, made.Waiting = u.Memory, u.Free, u.Waiting
		}
		s.Backends = append(s.Backends, made)
	}
	slices.SortFunc(s.Backends, func(a, b admin.Backend) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Authenticators, func(a, b admin.Authenticator) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// Sessions implements [admin.Gateway], the oldest first.
func (o *overview) Sessions() []admin.Session {
	all := []admin.Session{}
	for _, sess := range o.g.desk.Sessions() {
		s := sess.Status()
		all = append(all, admin.Session{
			ID: s.ID, User: s.User, Service: s.Service, Program: s.Program, Remote: s.Remote, Auth: s.Auth, Account: s.Account,
			Began: s.Began, In: s.In, Out: s.Out, Transfers: len(s.Transfers),
		})
	}
	slices.SortFunc(all, func(a, b admin.Session) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Transfers implements [admin.Gateway], the oldest first.
func (o *overview) Transfers() []admin.Transfer {
	all := []admin.Transfer{}
	for _, sess := range o.g.desk.Sessions() {
		s := sess.Status()
		for _, t := range s.Transfers {
			all = append(all, admin.Transfer{
				Session: s.ID, User: s.User, Op: string(t.Op), Path: string(t.Path), Bytes: t.Bytes, Size: t.Size, Began: t.Began,
			})
		}
	}
	slices.SortFunc(all, func(a, b admin.Transfer) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Path, b.Path)) })
	return all
}

// Bans implements [admin.Gateway].
func (o *overview) Bans() []admin.Ban {
	all := []admin.Ban{}
	for _, b := range o.g.desk.Bans() {
		all = append(all, admin.Ban{Of: b.Of, Name: b.Name, Until: b.Until.Truncate(time.Second)})
	}
	return all
}

// KickSession implements [admin.Gateway].
func (o *overview) KickSession(id string) int {
	if o.g.desk.KickSession(id) {
		return 1
	}
	return 0
}

// KickUser implements [admin.Gateway].
func (o *overview) KickUser(name string) int { return o.g.desk.KickUser(name) }

// SetBan implements [admin.Gateway].
func (o *overview) SetBan(ctx context.Context, of, name string, dur time.Duration) error {
	return o.g.desk.SetBan(ctx, of, name, dur)
}

// LiftBan implements [admin.Gateway].
func (o *overview) LiftBan(ctx context.Context, of, name string) error {
	return o.g.desk.LiftBan(ctx, of, name)
}

// Reload implements [admin.Gateway].
func (o *overview) Reload(ctx context.Context) ([]string, error) {
	if o.g.opts.Reload == nil {
		return nil, errors.New("this gateway has no configuration file to read again")
	}
	return o.g.opts.Reload(ctx)
}
