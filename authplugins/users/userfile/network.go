package userfile

import (
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// Networks are the networks that a client may log in from. An empty list means all networks.
type Networks []network

// network is a network, or an address pattern of OpenSSH.
type network struct {
	not     bool
	prefix  netip.Prefix
	pattern string // with * and ?, used instead of prefix
}

// ParseNetworks parses addresses and networks in CIDR form.
func ParseNetworks(texts []string) (Networks, error) {
	var all Networks
	for _, text := range texts {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		all = append(all, network{prefix: prefix})
	}
	return all, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix.Masked() != prefix {
			return netip.Prefix{}, fmt.Errorf("%q has bits outside of the network: write %s for the network, or the address alone", text, prefix.Masked())
		}
		return prefix, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network such as 192.0.2.0/24", text)
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// parseFrom parses the value of OpenSSH's option from: addresses, networks and address patterns,
// each of which may be negated with "!".
func parseFrom(list string) (Networks, error) {
	var all Networks
	for text := range strings.SplitSeq(list, ",") {
		bare, not := strings.CutPrefix(strings.TrimSpace(text), "!")
		n := network{not: not}
		if strings.ContainsAny(bare, "*?") {
			if strings.Trim(bare, "0123456789abcdefABCDEF.:*?") != "" {
				return nil, fmt.Errorf("%q is a pattern of host names: only addresses are looked at", bare)
			}
			n.pattern = bare
		} else {
			prefix, err := parsePrefix(bare)
			if err != nil {
				return nil, err
			}
			n.prefix = prefix
		}
		all = append(all, n)
	}
	return all, nil
}

// Contain reports whether a client at addr may log in: an element matches the address, and no
// negated element matches it.
func (n Networks) Contain(addr netip.Addr) bool {
	if len(n) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	in := false
	for _, one := range n {
		if !one.contains(addr) {
			continue
		}
		if one.not {
			return false
		}
		in = true
	}
	return in
}

func (n network) contains(addr netip.Addr) bool {
	if n.pattern == "" {
		return n.prefix.Contains(addr)
	}
	ok, err := path.Match(n.pattern, addr.String()) // addresses contain no slash
	return ok && err == nil && addr.IsValid()
}
