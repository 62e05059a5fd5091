package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"filegate/core/admin"
	"filegate/core/config"
	"filegate/core/frontend"
)

// adminServer is where operators ask the gateway. A reload may change where, and by which token.
type adminServer struct {
	server *admin.Server
	life   context.Context // of what listens

	mu        sync.Mutex
	cfg       config.Admin
	listeners map[string]net.Listener // by [adminAddr], those that are open
	serving   bool
	running   sync.WaitGroup
	tls       atomic.Pointer[tls.Config] // of TCP; nil: none
}

// adminAddrs are the places that a configuration asks for, TCP before the socket.
func adminAddrs(cfg config.Admin) (all []string) {
	if cfg.Listen != "" {
		all = append(all, cfg.Listen)
	}
	if cfg.Socket != "" {
		all = append(all, cfg.Socket)
	}
	return all
}

func (g *Gateway) newAdmin() *adminServer {
	a := &adminServer{life: g.life, listeners: map[string]net.Listener{}}
	a.server = admin.New(admin.Options{Gateway: &overview{g}, Metrics: g.metrics.handler(g.log), Log: g.log})
	return a
}

// open opens the places of a configuration that are not open yet, or takes over the sockets that
// are offered for them. Either take or dropListeners follows.
func (a *adminServer) open(cfg config.Admin, offered *frontend.Sockets) (opened map[string]net.Listener, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	opened = map[string]net.Listener{}
	for _, addr := range adminAddrs(cfg) {
		if a.listeners[addr] != nil {
			continue
		}
		l := offered.Take(addr)
		switch {
		case l != nil && addr == cfg.Socket:
			l = &unixListener{Listener: l, path: addr}
		case addr == cfg.Socket:
			l, err = listenUnix(a.life, addr)
		case l == nil:
			l, err = (&net.ListenConfig{}).Listen(a.life, "tcp", addr)
		}
		if err == nil && addr == cfg.Listen {
			l = &maybeTLS{l, &a.tls}
		}
		if err != nil {
			dropListeners(opened)
			return nil, fmt.Errorf("admin: %w", addrHint(err))
		}
		opened[addr] = l
	}
	return opened, nil
}

func dropListeners(all map[string]net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

// take makes the configuration hold for which opened was opened. Places that it does not have are
// closed.
func (a *adminServer) take(cfg config.Admin, opened map[string]net.Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cfg = cfg
	a.server.SetToken(cfg.Token.Reveal())
	a.tls.Store(nil)
	if cfg.TLS != nil {
		a.tls.Store(adminTLS(*cfg.TLS))
	}
	wanted := map[string]bool{}
	for _, addr := range adminAddrs(cfg) {
		wanted[addr] = true
	}
	for addr, l := range a.listeners {
		if !wanted[addr] {
			l.Close()
			delete(a.listeners, addr)
		}
	}
	for addr, l := range opened {
		a.listeners[addr] = l
		if a.serving {
			a.running.Go(func() { a.server.Serve(l) })
		}
	}
}

// serve begins to answer, until close.
func (a *adminServer) serve() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serving = true
	for _, l := range a.listeners {
		a.running.Go(func() { a.server.Serve(l) })
	}
}

// addrs returns where it listens, TCP first.
func (a *adminServer) addrs() (all []net.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, addr := range adminAddrs(a.cfg) {
		if l := a.listeners[addr]; l != nil {
			all = append(all, l.Addr())
		}
	}
	return all
}

// offer offers what it listens on.
func (a *adminServer) offer(all *frontend.Sockets) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for addr, l := range a.listeners {
		switch w := l.(type) {
		case *maybeTLS:
			l = w.Listener
		case *unixListener:
			l = w.Listener
		}
		all.Add(addr, l)
	}
}

// leave takes no more requests, and leaves the sockets to those who have copies. Who is being
// answered is not cut.
func (a *adminServer) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for addr, l := range a.listeners {
		if u, ok := l.(*unixListener); ok {
			u.handed.Store(true)
		}
		l.Close()
		delete(a.listeners, addr)
	}
}

// close cuts whoever is being answered. The listeners are the server's only once it serves, so they
// are closed here too.
func (a *adminServer) close() {
	a.server.Close()
	a.mu.Lock()
	dropListeners(a.listeners)
	a.mu.Unlock()
	a.running.Wait()
}

// maybeTLS speaks TLS with its clients, if that is configured when they come.
type maybeTLS struct {
	net.Listener
	config *atomic.Pointer[tls.Config]
}

// Accept implements [net.Listener].
func (l *maybeTLS) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if cfg := l.config.Load(); err == nil && cfg != nil {
		c = tls.Server(c, cfg)
	}
	return c, err
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

// listenUnix opens a unix socket that only the gateway's user and root can use. A socket that a
// gateway has left which is no more gives way.
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
	return &unixListener{Listener: l, path: path}, nil
}

// unixListener removes its socket when it is closed, unless another process listens on it too.
type unixListener struct {
	net.Listener
	path   string
	handed atomic.Bool
}

// Addr implements [net.Listener].
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

func (l *unixListener) Close() error {
	err := l.Listener.Close()
	if !errors.Is(err, net.ErrClosed) && !l.handed.Load() {
		os.Remove(l.path)
	}
	return err
}
