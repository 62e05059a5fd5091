package ftp

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// resolveTimeout is the time limit for resolving the public host.
	resolveTimeout = 5 * time.Second
	// resolveFor is how long the resolved address is used.
	resolveFor = time.Minute
)

// publicHosts are the public hosts for networks of clients, longest prefix first.
type publicHosts []networkHost

type networkHost struct {
	network netip.Prefix
	host    *publicHost // nil: the address to which the client has connected
}

// newPublicHosts returns the public hosts for the options public_host and public_hosts.
func newPublicHosts(all string, some map[string]string) (publicHosts, error) {
	var hosts publicHosts
	for network, host := range some {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, networkHost{prefix.Masked(), newPublicHost(host)})
	}
	slices.SortFunc(hosts, func(a, b networkHost) int { return cmp.Compare(b.network.Bits(), a.network.Bits()) })
	return append(hosts, networkHost{netip.PrefixFrom(netip.IPv4Unspecified(), 0), newPublicHost(all)}), nil
}

func newPublicHost(host string) *publicHost {
	if host == "" {
		return nil
	}
	return &publicHost{host: host}
}

// publicAddress returns the address for the client in the reply to PASV.
func (c *client) publicAddress() (netip.Addr, error) {
	remote := c.conn.Remote.Addr()
	for _, h := range c.srv.public {
		if !h.network.Contains(remote) {
			continue
		}
		if h.host == nil {
			break
		}
		return h.host.address(c.ctx)
	}
	return c.conn.Local.Addr(), nil
}

// publicHost is the host to which clients connect for data. Its name is resolved again while the
// server runs, because its address may change.
type publicHost struct {
	host string

	mu   sync.Mutex
	addr netip.Addr
	good time.Time // when addr expires
}

// address returns the IPv4 address. If the name cannot be resolved, it returns the previous
// address.
func (p *publicHost) address(ctx context.Context) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(p.host); err == nil {
		return addr.Unmap(), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.good) {
		return p.addr, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", p.host)
	if err == nil {
		p.addr = addrs[0].Unmap()
	} else if !p.addr.IsValid() {
		return netip.Addr{}, err
	}
	p.good = time.Now().Add(resolveFor)
	return p.addr, nil
}
