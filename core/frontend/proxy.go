package frontend

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pires/go-proxyproto"
)

// ProxyProtocol is the block "proxy_protocol" of a frontend. It names the proxies that send the
// address of the client in front of the client's data.
type ProxyProtocol struct {
	// From has the networks of the proxies. A connection from these networks must begin with a
	// header of the PROXY protocol, version 1 or 2. Any other connection comes from a client
	// directly, and a header on it is not accepted.
	From []string `hcl:"from,optional"`
}

// ValidateProxy reports the mistakes in a block "proxy_protocol" with their attributes.
func (p *ProxyProtocol) ValidateProxy(report func(attribute, summary, detail string)) {
	for _, text := range p.From {
		if _, err := parseNetwork(text); err != nil {
			report("proxy_protocol.from", fmt.Sprintf("%q is not a network", text), `Write the networks of your proxies, such as "10.0.0.0/8", or single addresses.`)
		}
	}
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Prefix(addr.BitLen())
}

// networks returns the valid networks of From.
func (p *ProxyProtocol) networks() []netip.Prefix {
	if p == nil {
		return nil
	}
	var all []netip.Prefix
	for _, text := range p.From {
		if n, err := parseNetwork(text); err == nil {
			all = append(all, n.Masked())
		}
	}
	return all
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Trusts reports whether a connection from addr has to begin with a header.
func (p *ProxyProtocol) Trusts(addr netip.Addr) bool { return contains(p.networks(), addr) }

// proxyHeaderTime is the maximum time for a proxy to send its header.
const proxyHeaderTime = 5 * time.Second

var errProxyHeader = errors.New("no header of the PROXY protocol")

// readProxyHeader reads the header and nothing behind it. It returns the addresses in the header,
// or none for a connection of the proxy itself. It may wait for the header, so a listener must not
// call it while other connections wait.
func readProxyHeader(nc net.Conn) (client, server netip.AddrPort, err error) {
	nc.SetReadDeadline(time.Now().Add(proxyHeaderTime))
	text, err := readHeaderText(nc)
	if err != nil {
		return client, server, err
	}
	header, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return client, server, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	nc.SetReadDeadline(time.Time{})
	if header.Command.IsLocal() || header.TransportProtocol.IsUnspec() {
		return client, server, nil
	}
	client, server = AddrPort(header.SourceAddr), AddrPort(header.DestinationAddr)
	if !client.IsValid() || !client.Addr().IsValid() || client.Addr().IsUnspecified() {
		return netip.AddrPort{}, netip.AddrPort{}, fmt.Errorf("%w: it names no client by TCP", errProxyHeader)
	}
	return client, server, nil
}

// ProxiedRemote reads the header of a connection that p trusts, and returns the address of the
// client.
func (p *ProxyProtocol) ProxiedRemote(nc net.Conn) (netip.AddrPort, error) {
	client, _, err := readProxyHeader(nc)
	if err == nil && !client.IsValid() {
		err = fmt.Errorf("%w: it is of the proxy itself", errProxyHeader)
	}
	return client, err
}

const (
	maxProxyLine   = 107     // bytes of a header of version 1, by the protocol's description
	proxyHead      = 16      // bytes of one of version 2 up to the addresses, the last two of which are the length of the rest
	maxProxyHeader = 4 << 10 // bytes of that rest, in which proxies may say more
)

// readHeaderText reads the text of a header and nothing behind it: the library would read ahead.
func readHeaderText(r io.Reader) ([]byte, error) {
	text := make([]byte, 8, proxyHead) // no header is shorter
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	more := func(n int) error {
		from := len(text)
		text = append(text, make([]byte, n)...)
		_, err := io.ReadFull(r, text[from:])
		return err
	}
	var err error
	switch {
	case bytes.HasPrefix(text, proxyproto.SIGV1):
		for text[len(text)-1] != '\n' && err == nil {
			if len(text) == maxProxyLine {
				return nil, fmt.Errorf("%w: its line is too long", errProxyHeader)
			}
			err = more(1)
		}
	case bytes.HasPrefix(proxyproto.SIGV2, text):
		if err = more(proxyHead - len(text)); err != nil {
			break
		}
		rest := int(binary.BigEndian.Uint16(text[proxyHead-2:]))
		if rest > maxProxyHeader {
			return nil, fmt.Errorf("%w: it is too long", errProxyHeader)
		}
		err = more(rest)
	default:
		return nil, errProxyHeader
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProxyHeader, err)
	}
	return text, nil
}
