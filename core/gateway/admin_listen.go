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

// adminServer is the server for operators. A reload may change its addresses and its token.
type adminServer struct {
	server *admin.Server
	life   context.Context // of the listeners

	mu        sync.Mutex
	cfg       config.Admin
	listeners map[string]net.Listener // the open listeners, by [adminAddrs]
	serving   bool
	running   sync.WaitGroup
	tls       atomic.Pointer[tls.Config] // for TCP; nil: none
}

// adminAddrs returns the addresses in a configuration, TCP before the unix socket.
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

// open opens those addresses of a configuration that are not open yet, or takes over offered
// sockets for them. The caller must then call take or dropListeners.
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

// take applies the configuration for which open has returned opened. It closes addresses that are
// not in it.
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

// serve starts serving, until close.
func (a *adminServer) serve() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serving = true
	for _, l := range a.listeners {
		a.running.Go(func() { a.server.Serve(l) })
	}
}

// addrs returns the addresses, TCP first.
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

// offer adds its listeners to the sockets for another process.
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

// leave stops accepting requests, and leaves the sockets to the processes that have copies. Running
// requests continue.
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

// close cancels running requests. The server closes the listeners only if it has served, so they
// are closed here too.
func (a *adminServer) close() {
	a.server.Close()
	a.mu.Lock()
	dropListeners(a.listeners)
	a.mu.Unlock()
	a.running.Wait()
}

// maybeTLS is a listener that uses TLS if it is configured when a client connects.
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

// adminTLS loads the certificate for each client, because it may have been renewed, and because
// clients are few.
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

// listenUnix opens a unix socket that only root and the gateway's user can use. It replaces a
// socket that a dead gateway has left.
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
	// Created under a temporary name, so that no client connects before the mode is right.
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

// unixListener removes its socket when it is closed, unless another process also listens on it.
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
