package gateway

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"filegate/core/frontend"
)

// Socket is an open socket that this process was given.
type Socket struct {
	Addr string // as another gateway has asked for it; empty: whatever it listens on
	net.Listener
}

// settle is how long a connection may take from being accepted until it counts as one that is
// logging in: a proxy has to send its header first.
const settle = time.Second

// Copies returns copies of all sockets that are listened on, for a process that is to come in this
// one's place. The caller closes them.
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

// HandOver lets Serve end because another process has taken over copies of the sockets: nothing
// more is accepted here. It may be called twice.
func (g *Gateway) HandOver() { g.handing.Do(func() { close(g.handed) }) }

func (g *Gateway) isHandedOver() bool {
	select {
	case <-g.handed:
		return true
	default:
		return false
	}
}

// leave closes the sockets, of which others have copies, and goes on serving the clients that are
// there: for the drain_delay of the configuration, and until nobody is in the middle of a login. It
// ends before that when the clients have left, or ctx or now ends, and returns the error of a
// frontend that fails.
func (g *Gateway) leave(ctx, now context.Context) error {
	g.admin.leave()
	g.reloading.Lock() // one that is under way comes to its end first, and its frontends leave too
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

// crowd counts those who are somewhere. The zero value is nobody.
type crowd struct {
	mu   sync.Mutex
	n    int
	gone chan struct{} // closed when n is 0; nil: nobody waits for that
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *crowd) exit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.gone != nil {
		close(c.gone)
		c.gone = nil
	}
}

// empty returns a channel that is closed when nobody is there.
func (c *crowd) empty() <-chan struct{} {
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
