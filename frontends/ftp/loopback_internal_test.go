package ftp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func TestParseSocket(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the lines are those of a little-endian machine")
	}
	for _, tt := range []struct {
		line string
		want string // "" for a line that is no socket
	}{
		{"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", ""},
		{"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0", "127.0.0.1:8080 0A 1000"},
		{"   1: 0100007F:CAFE 0100007F:0015 01 00000000:00000000 00:00000000 00000000     0        0 12346", "127.0.0.1:51966 01 0"},
		{"   2: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   104        0 1", "[::1]:22 0A 104"},
		{"   3: 0000000000000000FFFF00000100007F:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   104        0 1", "127.0.0.1:22 0A 104"},
		{"   4: 0100007F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000", ""},
		{"   5: 01007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000", ""},
		{"", ""},
	} {
		got := ""
		if s, ok := parseSocket(tt.line); ok {
			got = s.local.String() + " " + s.state + " " + s.user
		}
		if got != tt.want {
			t.Errorf("%q is %q, want %q", tt.line, got, tt.want)
		}
	}
}

// TestOwnsLoopback reads tables in which the client and the port belong to different users.
func TestOwnsLoopback(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the lines are those of a little-endian machine")
	}
	before := socketTables
	defer func() { socketTables = before }()
	socketTables = []string{filepath.Join(t.TempDir(), "tcp")}
	for _, tt := range []struct {
		client, listener string
		allowed          bool
	}{{"1000", "1000", true}, {"1000", "0", false}, {"0", "1000", false}, {"65534", "65534", false}} {
		text := fmt.Sprintf("   0: 0100007F:CAFE 0100007F:0015 01 0:0 00:0 0 %s 0 1\n   1: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 %s 0 2\n", tt.client, tt.listener)
		if err := os.WriteFile(socketTables[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port) }
		err := ownsLoopback(at(0xCAFE), at(0x15), at(0x1F90), true)
		if (err == nil) != tt.allowed {
			t.Errorf("a client of user %s to a port of user %s: %v", tt.client, tt.listener, err)
		}
	}
}
