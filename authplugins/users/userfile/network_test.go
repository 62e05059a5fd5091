package userfile

import (
	"net/netip"
	"testing"
)

func TestFrom(t *testing.T) {
	for _, c := range []struct {
		from, addr string
		want       bool
	}{
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},
		{"192.0.2.7", "::ffff:192.0.2.7", true},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.0/24,198.51.100.7", "198.51.100.7", true},
		{"192.0.2.0/24,!192.0.2.7", "192.0.2.7", false},
		{"!192.0.2.7,192.0.2.0/24", "192.0.2.7", false},
		{"192.0.2.0/24,!192.0.2.7", "192.0.2.8", true},
		{"!192.0.2.7", "192.0.2.8", false},
		{"192.0.2.*", "192.0.2.99", true},
		{"192.0.2.?", "192.0.2.99", false},
		{"*", "2001:db8::1", true},
		{"2001:db8::/32", "2001:db8::1", true},
		{"2001:db8::/32", "fe80::1%eth0", false},
		{"fe80::1", "fe80::1%eth0", true},
		{"0.0.0.0/0", "::1", false},
	} {
		networks, err := parseFrom(c.from)
		if err != nil {
			t.Errorf("%s: %v", c.from, err)
			continue
		}
		if got := networks.Contain(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("from=%q lets %s in: %t, want %t", c.from, c.addr, got, c.want)
		}
		if networks.Contain(netip.Addr{}) {
			t.Errorf("from=%q lets a client without an address in", c.from)
		}
	}
	for _, bad := range []string{"", ",", "localhost", "*.example.org", "192.0.2.1/24", "192.0.2.0/33", "192.0.2", "fe80::1%eth0", "192.0.2.0/24,", "!"} {
		if networks, err := parseFrom(bad); err == nil {
			t.Errorf("from=%q was taken as %v", bad, networks)
		}
	}
	if !Networks(nil).Contain(netip.Addr{}) {
		t.Error("no networks at all must mean anywhere")
	}
}
