package gateway

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"filegate/core/frontend"
)

// Socket is an open socket that another process has passed on.
type Socket struct {
	Addr string // the address in that gateway's configuration; empty: the address of the socket
	net.Listener
}

// settle is the time from the acceptance of a connection until it counts as logging in, because a
// proxy must first send its header.
const settle = time.Second

// Copies returns copies of all listening sockets, for a process that will replace this one. The
// caller must close them.
func (g *Gateway) Copies() ([]frontend.SocketFile, error) {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.desk.IsShut() || g.up.Err() != nil || g.isHandedOver() {
		return nil, ErrShutdown
	}
	all := new(frontend.Sockets)
	g.admin.offer(all)
	for _, d := range g.openDoors() {
		all.AddAll(d.server.Offer())
	}
	return all.Copies()
}

// HandOver makes Serve end, because another process has taken over copies of the sockets. This
// process accepts no more connections. It may be called twice.
func (g *Gateway) HandOver() { g.handing.Do(func() { close(g.handed) }) }

func (g *Gateway) isHandedOver() bool {
	select {
	case <-g.handed:
		return true
	default:
		return false
	}
}

// leave closes the sockets, of which another process has copies, and continues to serve the
// connected clients: for drain_delay, and until no client is logging in. It returns earlier if all
// clients have left or if ctx or now ends, and with the error of a frontend that fails.
func (g *Gateway) leave(ctx, now context.Context) error {
	g.admin.leave()
	g.reloading.Lock() // a running reload completes first, and its frontends leave too
	for _, d := range g.openDoors() {
		g.retire(d, nil)
	}
	g.mu.Lock()
	g.doors = nil
	var gone []<-chan struct{}
	for _, left := range g.retired {
		gone = append(gone, left)
	}
	delay := max(g.cfg.DrainDelay, settle)
	g.mu.Unlock()
	g.reloading.Unlock()
	g.log.Info("handed over to another process, and serving the clients that are here", "sessions", len(g.desk.Sessions()), "dur", delay)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	elapsed := false
	for _, left := range gone {
		for over := false; !over; {
			wait := timer.C
			var through <-chan struct{}
			if elapsed {
				wait, through = nil, g.knocking.empty()
			}
			select {
			case <-left:
				over = true
			case <-wait:
				elapsed = true
			case <-through:
				return nil
			case <-ctx.Done():
				return nil
			case <-now.Done():
				return nil
			case err := <-g.failed:
				return fmt.Errorf("after the sockets were handed over: %w", err)
			}
		}
	}
	return nil
}

// clientCount counts clients. The zero value counts none.
type clientCount struct {
	mu   sync.Mutex
	n    int
	gone chan struct{} // closed when n is 0; nil if no caller waits
}

func (c *clientCount) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *clientCount) exit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.gone != nil {
		close(c.gone)
		c.gone = nil
	}
}

// empty returns a channel that is closed when the count is 0.
func (c *clientCount) empty() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		nobody := make(chan struct{})
		close(nobody)
		return nobody
	}
	if c.gone == nil {
		c.gone = make(chan struct{})
	}
	return c.gone
}
