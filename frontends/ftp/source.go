package ftp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"filegate/core/frontend"
)

// errRefusedPort is the reply for an address to which the server does not connect.
var errRefusedPort = &reply{code: 501, text: "The server does not connect to that address or port."}

// passiveSource waits for a connection of the client (PASV, EPSV).
type passiveSource struct {
	*net.TCPListener
	client *client
}

// open waits for a connection of the client. It closes connections from other addresses, and
// continues to wait.
func (s *passiveSource) open(ctx context.Context) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		nc, err := s.Accept()
		if err != nil {
			return nil, err
		}
		from, err := s.client.sender(ctx, nc)
		switch {
		case ctx.Err() != nil:
			nc.Close()
			return nil, ctx.Err()
		case err != nil:
			s.client.log.Warn("data connection refused", "from", nc.RemoteAddr().String(), "err", err)
		case s.client.isPeer(from):
			return nc, nil
		default:
			s.client.log.Warn("data connection refused", "from", from, "reason", "it is not from the client's address")
		}
		nc.Close()
	}
}

// sender returns the address that has opened a data connection. A trusted proxy tells the client's
// address.
func (c *client) sender(ctx context.Context, nc net.Conn) (netip.Addr, error) {
	from := frontend.AddrPort(nc.RemoteAddr()).Addr().WithZone("")
	proxy := &c.srv.cfg.Proxy
	if !proxy.Trusts(from) {
		return from, nil
	}
	defer context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })()
	remote, err := proxy.ProxiedRemote(nc)
	return remote.Addr().WithZone(""), err
}

// activeSource connects to the client (PORT, EPRT).
type activeSource struct {
	client *client
	to     netip.AddrPort
}

func (s *activeSource) open(ctx context.Context) (net.Conn, error) {
	if err := s.client.activeTo(s.to, true); err != nil { // another program may listen there by now
		return nil, err
	}
	d := net.Dialer{}
	if local := s.client.conn.Socket().Addr(); ownAddress(local, false) && local.Is4() == s.to.Addr().Is4() {
		// The address that firewalls know.
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d.DialContext(ctx, "tcp", s.to.String())
}

func (s *activeSource) Close() error { return nil }

// isPeer reports whether data connections with addr are allowed: the client's own address, and the
// networks in foreign_data.
func (c *client) isPeer(addr netip.Addr) bool {
	return addr == c.conn.Remote.Addr().WithZone("") || contains(c.srv.foreign, addr)
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// passive executes PASV and EPSV (RFC 2428, section 3).
func (c *client) passive(verb, arg string) *reply {
	local := c.conn.Local.Addr()
	family := strings.ToUpper(strings.TrimSpace(arg))
	switch {
	case verb == "PASV" && c.params.epsvAll, verb == "PASV" && !local.Is4():
		return &reply{code: 501, text: "Use EPSV."}
	case verb == "PASV", family == "":
	case family == "ALL":
		c.params.epsvAll = true
		return &reply{code: 200, text: "From now on only EPSV opens data connections."}
	case family == "1" && local.Is4(), family == "2" && !local.Is4():
	case local.Is4():
		return &reply{code: 522, text: "The network protocol is not supported here, use (1)"}
	default:
		return &reply{code: 522, text: "The network protocol is not supported here, use (2)"}
	}
	c.setSource(nil) // so that its port is free again
	l, err := c.srv.dataPorts.listen(c.conn.Socket().Addr())
	if err != nil {
		c.log.Warn("no port for a data connection", "err", err)
		return &reply{code: 425, text: "All ports for data connections are in use; try again later."}
	}
	port := frontend.AddrPort(l.Addr()).Port()
	if verb == "EPSV" {
		c.setSource(&passiveSource{l, c})
		return &reply{code: 229, text: fmt.Sprintf("Entering extended passive mode (|||%d|)", port)}
	}
	ip, err := c.publicAddress()
	if err != nil || !ip.Is4() {
		l.Close()
		c.log.Error("public_host is of no use", "err", err)
		return &reply{code: 425, text: "The address for data connections is unknown at the moment; use EPSV, or try again later."}
	}
	c.setSource(&passiveSource{l, c})
	return &reply{code: 227, text: "Entering passive mode (" + portArgument(netip.AddrPortFrom(ip, port)) + ")."}
}

func portArgument(a netip.AddrPort) string {
	return fmt.Sprintf("%s,%d,%d", strings.ReplaceAll(a.Addr().String(), ".", ","), a.Port()>>8, a.Port()&255)
}

// portRange is the range of ports for passive data connections. The zero value stands for any free
// port.
type portRange struct{ first, last int }

// listen opens a random port of the range on the address of the control connection. Other addresses
// need not be able to reach it. The port must not be predictable, because an attacker could connect
// to it before the client.
func (r portRange) listen(on netip.Addr) (*net.TCPListener, error) {
	if r.first == 0 {
		return listenOn(on, 0)
	}
	n := r.last - r.first + 1
	start := rand.IntN(n)
	for i := range n {
		l, err := listenOn(on, r.first+(start+i)%n)
		if err == nil {
			return l, nil
		}
	}
	return nil, errors.New("all ports of passive.ports are in use")
}

func listenOn(on netip.Addr, port int) (*net.TCPListener, error) {
	return net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(on, uint16(port))))
}

// activeMode executes PORT and EPRT. The server connects only to the client's address or to a
// network in foreign_data, and never to the ports of services.
func (c *client) activeMode(verb, arg string) *reply {
	switch {
	case !c.srv.cfg.Active:
		return &reply{code: 502, text: "Active mode is not available; use EPSV or PASV."}
	case c.params.epsvAll:
		return &reply{code: 501, text: "After EPSV ALL only EPSV opens data connections."}
	}
	to, r := parsePort(arg)
	if verb == "EPRT" {
		to, r = parseEPRT(arg)
	}
	if r != nil {
		return r
	}
	if err := c.activeTo(to, false); err != nil {
		c.log.Warn("active mode refused", "to", to, "reason", err)
		return errRefusedPort
	}
	c.setSource(&activeSource{c, to})
	return &reply{code: 200, text: verb + " is understood."}
}

// activeTo returns nil if active mode may connect to an address. With connect, it is about to do so,
// and a client on this machine must already listen.
func (c *client) activeTo(to netip.AddrPort, connect bool) error {
	ip := to.Addr()
	switch {
	case ip.IsUnspecified() || ip.IsMulticast():
		return errors.New("it is not the address of one machine")
	case !c.isPeer(ip):
		return errors.New("it is not the client's address, nor in foreign_data")
	case to.Port() < 1024:
		return errors.New("the port belongs to a service")
	case contains(c.srv.activeDeny, ip):
		return errors.New("it is in active_deny")
	case c.srv.cfg.Proxy.Trusts(ip):
		return errors.New("it is the address of a proxy")
	case !ip.IsLoopback() && ownAddress(ip, true):
		return errors.New("it is an address of this machine")
	case ip.IsLoopback() && c.srv.env.Listens(to.Port()):
		return errors.New("the gateway itself listens there")
	case ip.IsLoopback() && !slices.ContainsFunc(c.srv.foreign, func(p netip.Prefix) bool { return p.Addr().IsLoopback() && p.Contains(ip) }):
		return ownsLoopback(c.conn.Remote, c.conn.Socket(), to, connect)
	}
	return nil
}

// parsePort parses "h1,h2,h3,h4,p1,p2", with leading zeros and spaces as some devices write them.
func parsePort(arg string) (netip.AddrPort, *reply) {
	wrong := &reply{code: 501, text: "Usage: PORT h1,h2,h3,h4,p1,p2."}
	fields := strings.Split(strings.TrimSpace(arg), ",")
	if len(fields) != 6 {
		return netip.AddrPort{}, wrong
	}
	var b [6]byte
	for i, f := range fields {
		n, err := strconv.ParseUint(strings.TrimSpace(f), 10, 8)
		if err != nil {
			return netip.AddrPort{}, wrong
		}
		b[i] = byte(n)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[:4])), uint16(b[4])<<8|uint16(b[5])), nil
}

// parseEPRT parses "|protocol|address|port|", with any delimiter (RFC 2428, section 2).
func parseEPRT(arg string) (netip.AddrPort, *reply) {
	wrong := &reply{code: 501, text: "Usage: EPRT |protocol|address|port|."}
	arg = strings.TrimSpace(arg)
	if arg == "" || arg[0] < 33 || arg[0] > 126 {
		return netip.AddrPort{}, wrong
	}
	fields := strings.Split(arg, arg[:1])
	if len(fields) != 5 || fields[4] != "" {
		return netip.AddrPort{}, wrong
	}
	if fields[1] != "1" && fields[1] != "2" {
		return netip.AddrPort{}, &reply{code: 522, text: "The network protocol is not supported here, use (1,2)"}
	}
	ip, err := netip.ParseAddr(fields[2])
	port, errPort := strconv.ParseUint(fields[3], 10, 16)
	if err != nil || errPort != nil || ip.Is4() != (fields[1] == "1") {
		return netip.AddrPort{}, wrong
	}
	return netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(port)), nil
}

// ownAddress reports whether ip is an address of this machine. If that cannot be found out, it
// returns unknown.
func ownAddress(ip netip.Addr, unknown bool) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return unknown
	}
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		if !ok {
			return false
		}
		own, _ := netip.AddrFromSlice(n.IP)
		return own.Unmap() == ip
	})
}
