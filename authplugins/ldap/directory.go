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

// idleFor is how long a connection is kept for the next login.
const idleFor = time.Minute

// directory is the servers, and the connections to them.
type directory struct {
	servers []*server
	tls     *tls.Config
	// slots has an element for each connection in use. No connection is opened while one is idle,
	// so its capacity is the most that there ever are.
	slots chan struct{}

	mu   sync.Mutex
	idle []*conn // that which was used last at the end
}

// do calls ask with a connection. If connection or server fail, it calls ask again, with the next
// server, and ask must begin anew.
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
		// The server may just have ended it. Then it has ended those too that were idle for longer.
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

// use calls ask with a connection, which is kept if it is still good. The server may take its share
// of the time that is left for so many, so that one that never answers leaves time for the others.
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

// take returns the idle connection that was used last, or nil.
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

// order returns the servers, those last that could not be reached lately.
func (d *directory) order() []*server {
	servers := slices.Clone(d.servers)
	slices.SortStableFunc(servers, func(a, b *server) int {
		rank := map[bool]int{true: 1}
		return rank[a.avoid()] - rank[b.avoid()]
	})
	return servers
}
