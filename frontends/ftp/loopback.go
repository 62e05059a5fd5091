package ftp

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// socketTables are the kernel's tables of TCP sockets (proc(5)). A unit with ProcSubset=pid has no
// /proc/net.
var socketTables = []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"}

// ownsLoopback returns nil if active mode may connect to a port of a client that has connected from
// this machine: what listens there must belong to the user who runs the client. A program may
// connect to a port of its own user anyway, so it gains nothing by making the server do it. Without
// this condition, each client behind a balancer on this machine could reach each service here,
// because the balancer's connections come from this machine too. server is the other end of the
// control connection. With listens, something must already listen: a port where nothing does may
// be redirected to another machine.
func ownsLoopback(client, server, to netip.AddrPort, listens bool) error {
	var owner string // of the client's end of the control connection
	var listening []string
	err := eachSocket(func(s socket) {
		switch {
		case s.state == tcpEstablished && s.local == client && s.remote == server:
			owner = s.user
		case s.state == tcpListen && s.local.Port() == to.Port() && (s.local.Addr() == to.Addr() || s.local.Addr().IsUnspecified()):
			listening = append(listening, s.user)
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("the owner of the port is unknown: %w", err)
	case owner == "":
		return errors.New("the client's own socket is not on this machine")
	case owner == unknownUser:
		return errors.New("the gateway runs in a user namespace and does not know whose the client's socket is")
	case listens && len(listening) == 0:
		return errors.New("nothing listens there")
	}
	for _, user := range listening {
		if user != owner {
			return fmt.Errorf("the port belongs to the user with ID %s, the client to %s", user, owner)
		}
	}
	return nil
}

// unknownUser is the user ID that a user namespace shows for all users that it does not have
// (user_namespaces(7)).
const unknownUser = "65534"

// socket is a line of a table of sockets.
type socket struct {
	local, remote netip.AddrPort
	state         string
	user          string // numeric
}

// States of sockets (include/net/tcp_states.h of Linux).
const (
	tcpEstablished = "01"
	tcpListen      = "0A"
)

// eachSocket calls visit for each TCP socket of this machine. Other systems than Linux have no such
// tables; it fails there.
func eachSocket(visit func(socket)) error {
	read := false
	for _, table := range socketTables {
		f, err := os.Open(table)
		if errors.Is(err, os.ErrNotExist) {
			continue // such as a kernel without IPv6
		}
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if s, ok := parseSocket(lines.Text()); ok {
				visit(s)
			}
		}
		f.Close()
		if err := lines.Err(); err != nil {
			return err
		}
		read = true
	}
	if !read {
		return errors.New("this system has no table of sockets in /proc")
	}
	return nil
}

// parseSocket parses a line "sl local_address rem_address st queues timer retrnsmt uid …".
func parseSocket(line string) (socket, bool) {
	const local, remote, state, user = 1, 2, 3, 7
	fields := strings.Fields(line)
	if len(fields) <= user {
		return socket{}, false
	}
	here, ok := parseSocketAddr(fields[local])
	there, valid := parseSocketAddr(fields[remote])
	return socket{here, there, fields[state], fields[user]}, ok && valid
}

// parseSocketAddr parses "0100007F:0015". The address is in words of four bytes, each of them
// printed as a number of this machine's byte order.
func parseSocketAddr(s string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(b, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	ip, ok := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), ok && err == nil
}
