package userfile

import (
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// Networks are where a client may come from. None at all means anywhere.
type Networks []network

// network is a network, or a pattern of OpenSSH's for an address.
type network struct {
	not     bool
	prefix  netip.Prefix
	pattern string // with * and ?, where there is no prefix
}

// ParseNetworks reads addresses and networks in CIDR form.
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

// parseFrom reads OpenSSH's option from="…": addresses, networks, and patterns of addresses, each
// perhaps with a ! for not.
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

// Contain says whether a client at addr may come in: something names the address, and nothing says
// not.
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
	ok, err := path.Match(n.pattern, addr.String()) // no address has a slash
	return ok && err == nil && addr.IsValid()
}
