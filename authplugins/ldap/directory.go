package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"filegate/core/auth"
)

// idleFor is the time after which an idle connection is closed.
const idleFor = time.Minute

// directory contains the servers and the connections to them.
type directory struct {
	servers []*server
	tls     *tls.Config
	// slots has an element for each connection in use. No connection is opened while another one is
	// idle, so the capacity of slots is the maximum number of connections.
	slots chan struct{}

	mu   sync.Mutex
	idle []*conn // the most recently used connection is last
}

// do calls ask with a connection. If the connection or the server fails, do calls ask again with
// the next server. ask must then start from the beginning.
func (d *directory) do(ctx context.Context, ask func(*conn) error) error {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return fmt.Errorf("all %d connections to the directory are in use: %w: %w", cap(d.slots), ctx.Err(), auth.ErrUnavailable)
	}
	servers := d.order()
	if c := d.take(); c != nil {
		if err := d.use(ctx, c, len(servers)+1, ask); !isLost(err) || ctx.Err() != nil {
			return err
		}
		// The server may have ended the connection because it was idle. Then it has also ended the
		// connections that were idle for longer.
		d.drop(c.server)
	}
	var lost []error
	for i, s := range servers {
		c, err := dial(ctx, s, d.tls)
		if err == nil {
			err = d.use(ctx, c, len(servers)-i, ask)
		}
		if ctx.Err() == nil {
			s.mark(isLost(err))
		}
		if !isLost(err) {
			return err
		}
		lost = append(lost, fmt.Errorf("%s: %w", s.url, err))
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("no server of the directory has answered: %w", errors.Join(lost...))
}

// use calls ask with a connection, and keeps the connection if it is usable. The remaining time is
// divided by share, the number of attempts that are left, so that a server that does not answer
// leaves time for the others.
func (d *directory) use(ctx context.Context, c *conn, share int, ask func(*conn) error) error {
	if deadline, ok := ctx.Deadline(); ok {
		own, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
		ctx = own
	}
	err := c.within(ctx, func() error { return ask(c) })
	if isLost(err) || !c.usable() {
		c.close()
		return err
	}
	c.used = time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, c)
	return err
}

// take returns the most recently used idle connection, or nil.
func (d *directory) take() *conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = slices.DeleteFunc(d.idle, func(c *conn) bool {
		old := !c.usable() || time.Since(c.used) > idleFor
		if old {
			c.close()
		}
		return old
	})
	if len(d.idle) == 0 {
		return nil
	}
	c := d.idle[len(d.idle)-1]
	d.idle = d.idle[:len(d.idle)-1]
	return c
}

// drop closes the idle connections to a server.
func (d *directory) drop(s *server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = slices.DeleteFunc(d.idle, func(c *conn) bool {
		if c.server == s {
			c.close()
		}
		return c.server == s
	})
}

// order returns the servers. Servers that have failed recently come last.
func (d *directory) order() []*server {
	servers := slices.Clone(d.servers)
	slices.SortStableFunc(servers, func(a, b *server) int {
		rank := map[bool]int{true: 1}
		return rank[a.avoid()] - rank[b.avoid()]
	})
	return servers
}
