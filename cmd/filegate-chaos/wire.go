package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// wire is a network path to an address, which can be cut and can stand still.
type wire struct {
	target   string
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]net.Conn
	still chan struct{} // closed when the path is not standing still
}

func newWire(target string) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it waits for nothing
	if err != nil {
		return nil, err
	}
	w := &wire{target: target, listener: l, conns: map[net.Conn]net.Conn{}, still: make(chan struct{})}
	close(w.still)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.running.Go(w.accept)
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

// close cuts all connections and waits for all goroutines.
func (w *wire) close() {
	w.cancel()
	w.listener.Close()
	w.cut(func() bool { return true })
	w.running.Wait()
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.running.Go(func() { w.serve(near) })
	}
}

func (w *wire) serve(near net.Conn) {
	defer near.Close()
	far, err := new(net.Dialer).DialContext(w.ctx, "tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	w.conns[near] = far
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.conns, near)
		w.mu.Unlock()
	}()
	var both sync.WaitGroup
	both.Go(func() { w.pass(far, near) })
	both.Go(func() { w.pass(near, far) })
	both.Wait()
}

// pass forwards one direction of a connection. At its end it ends this direction only.
func (w *wire) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		still := w.still
		w.mu.Unlock()
		select {
		case <-still:
		case <-w.ctx.Done():
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				from.Close()
				return
			}
		}
		switch {
		case err == io.EOF:
			if tcp, ok := to.(*net.TCPConn); ok {
				_ = tcp.CloseWrite() // it may be closed already
			}
			return
		case err != nil:
			to.Close()
			return
		}
	}
}

// cut cuts the connections for which which returns true.
func (w *wire) cut(which func() bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for near, far := range w.conns {
		if which() {
			reset(near)
			reset(far)
		}
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it may be closed already
	}
	c.Close()
}

// stall lets the path stand still for a time.
func (w *wire) stall(ctx context.Context, d time.Duration) {
	still := make(chan struct{})
	w.mu.Lock()
	w.still = still
	w.mu.Unlock()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	close(still)
}
