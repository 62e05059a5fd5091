package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"filegate/core/backend"
	"filegate/core/config"
	"filegate/core/frontend"
	"filegate/core/login"
)

// servedFrontend is one frontend of the configuration.
type servedFrontend struct {
	kind, name string
	config     *config.Frontend
	stamp      string // of the files that it has read
	server     frontend.Server
	logins     *login.Frontend
	chain      *chain
	listening  bool
	served     bool
}

// newDoor creates a frontend for a backend. It does not listen yet.
func (g *Gateway) newDoor(cfg *config.Config, f *config.Frontend, store backend.Backend) (*servedFrontend, error) {
	chain := &chain{all: g.auths}
	d := &servedFrontend{
		kind: f.Kind, name: f.Name, config: f, stamp: stampOf(frontend.FilesOf(f.Config)),
		logins: g.desk.Frontend(chain, f.Backend, store), chain: chain,
	}
	d.follow(cfg, f.Auth)
	var err error
	d.server, err = f.Config.New(frontend.Env{
		Name: f.Name, Version: g.opts.Version, Log: g.log.With("frontend", d.label()),
		Methods: chain.methods, Connect: g.connect(d.label()), Login: d.logins.Login, Unproved: d.logins.Unproved, Listens: g.listens,
		Refused: func(r *frontend.Refusal) { g.metrics.refused.WithLabelValues(d.label(), r.Kind).Inc() },
	})
	return d, err
}

// label returns the name of the frontend in the log and in metrics.
func (d *servedFrontend) label() string { return d.kind + "." + d.name }

// follow sets the authenticators, by their names in a configuration.
func (d *servedFrontend) follow(cfg *config.Config, names []string) {
	d.chain.set(names)
	d.logins.Follow(cfg.Fingerprint(names))
}

func (d *servedFrontend) String() string { return fmt.Sprintf("frontend %q %q", d.kind, d.name) }

// openDoors returns the frontends that accept clients.
func (g *Gateway) openDoors() []*servedFrontend {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*servedFrontend(nil), g.doors...)
}

// run serves a frontend in the background.
func (g *Gateway) run(d *servedFrontend) {
	d.served = true
	g.serving.Go(func() {
		if err := d.server.Serve(); err != nil {
			select {
			case g.failed <- fmt.Errorf("%s: %w", d, err):
			default: // another frontend has failed first
			}
		}
	})
}

// retire stops a frontend from accepting clients. Its connected clients stay.
func (g *Gateway) retire(d *servedFrontend, offered *frontend.Sockets) {
	gone := d.server.Retire(offered)
	g.mu.Lock()
	g.retired[d] = gone
	g.mu.Unlock()
	g.retiring.Go(func() {
		<-gone
		g.mu.Lock()
		delete(g.retired, d)
		g.mu.Unlock()
	})
}

// countedVisit is a visit that counts as an open connection of a frontend.
type countedVisit struct {
	frontend.Visit
	through func() // the client has logged in, or the visit has ended
	ended   func()
}

// LoggedIn implements [frontend.Visit].
func (c *countedVisit) LoggedIn() {
	c.through()
	c.Visit.LoggedIn()
}

// Ended implements [frontend.Visit].
func (c *countedVisit) Ended(how frontend.Ending) {
	c.through()
	c.ended()
	c.Visit.Ended(how)
}

// connect returns the function by which a frontend announces its clients, and counts them as its
// open connections.
func (g *Gateway) connect(label string) func(netip.Addr) (frontend.Visit, error) {
	open, all := g.metrics.connections.WithLabelValues(label), g.metrics.connected.WithLabelValues(label)
	return func(remote netip.Addr) (frontend.Visit, error) {
		v, err := g.desk.Connect(remote)
		if err != nil {
			return nil, err
		}
		all.Inc()
		open.Inc()
		g.knocking.enter()
		return &countedVisit{v, sync.OnceFunc(g.knocking.exit), sync.OnceFunc(open.Dec)}, nil
	}
}

// Addr is an address of a frontend.
type Addr struct {
	Kind, Name string // of the frontend
	net.Addr
}

// Addrs returns the addresses of all frontends, after Listen.
func (g *Gateway) Addrs() []Addr {
	var all []Addr
	for _, d := range g.openDoors() {
		for _, a := range d.server.Addrs() {
			all = append(all, Addr{d.kind, d.name, a})
		}
	}
	return all
}

// listens implements [frontend.Env].Listens.
func (g *Gateway) listens(port uint16) bool {
	for _, a := range g.Addrs() {
		if frontend.AddrPort(a.Addr).Port() == port {
			return true
		}
	}
	return slices.ContainsFunc(g.admin.addrs(), func(a net.Addr) bool { return frontend.AddrPort(a).Port() == port })
}
