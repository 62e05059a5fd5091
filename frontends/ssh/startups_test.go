package ssh

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
)

// arrive is a client of an address that wants to log in.
func arrive(s *Server, addr string) (*conn, bool) {
	server, client := net.Pipe()
	client.Close()
	c := &conn{srv: s, net: server, log: s.log, remote: netip.MustParseAddr(addr), used: newActivity()}
	if !s.room(c) {
		return c, false
	}
	s.conns[c] = struct{}{}
	s.startups++
	return c, true
}

// One address that takes all places there are keeps nobody else out.
func TestRoomForOthers(t *testing.T) {
	s := &Server{log: slog.New(slog.NewTextHandler(t.Output(), nil)), maxStartups: 100, conns: map[*conn]struct{}{}}
	refused := 0
	for range 2000 {
		if _, ok := arrive(s, "192.0.2.1"); !ok {
			refused++
		}
	}
	if s.startups > 100 || refused < 1900 {
		t.Fatalf("%d places of 100 are taken, %d clients refused", s.startups, refused)
	}
	for range 100 - s.startups { // the rest, each by another
		arrive(s, "192.0.2.1")
	}
	for i := range 90 {
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String()
		if _, ok := arrive(s, addr); !ok {
			t.Fatalf("client %d of another address is refused, with %d places taken", i, s.startups)
		}
	}
	if s.startups > 100 {
		t.Errorf("%d places of 100 are taken", s.startups)
	}
}

func TestDropChance(t *testing.T) {
	for _, tt := range []struct {
		n    int
		want float64
	}{{0, 0}, {29, 0}, {30, 0.3}, {100, 1}} {
		if got := dropChance(tt.n, 100); got < tt.want-1e-9 || got > tt.want+1e-9 {
			t.Errorf("with %d of 100: %v, want %v", tt.n, got, tt.want)
		}
	}
}
