package ftp

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// resolveTimeout bounds the lookup of the public host.
	resolveTimeout = 5 * time.Second
	// resolveFor is how long its address is good for.
	resolveFor = time.Minute
)

// publicHost is where clients are told to connect to for data. Its name is looked up while clients come and go: the address behind it may change.
type publicHost struct {
	host string

	mu   sync.Mutex
	addr string
	good time.Time // until when
}

// address returns the IPv4 address. When the lookup fails, the last one that was found is good enough.
func (p *publicHost) address(ctx context.Context) (string, error) {
	if addr, err := netip.ParseAddr(p.host); err == nil {
		return addr.Unmap().String(), nil
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
		p.addr = addrs[0].Unmap().String()
	} else if p.addr == "" {
		return "", err
	}
	p.good = time.Now().Add(resolveFor)
	return p.addr, nil
}
