package ftp

import (
	"bytes"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// The commands of telnet that matter here (RFC 854): those from willOption to dontOption are
// followed by an option, the others stand alone.
const (
	firstTelnet = 240
	willOption  = 251
	dontOption  = 254
	telnetIAC   = 255
)

// urgentInline has urgent data stay where it is in the stream: clients send ABOR as such (RFC 959,
// section 4.1.3), and without this its last byte, the end of the line, is lost. Where it cannot be
// set ABOR waits for the next line.
func urgentInline(c net.Conn) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_OOBINLINE, 1) })
}

// withoutTelnet returns line without the commands of telnet that clients put in front of ABOR and
// STAT. It changes line itself. A byte of 255 that no command follows belongs to a name.
func withoutTelnet(line []byte) []byte {
	if bytes.IndexByte(line, telnetIAC) < 0 {
		return line
	}
	kept := line[:0]
	for i := 0; i < len(line); i++ {
		if line[i] != telnetIAC || i+1 == len(line) || line[i+1] < firstTelnet {
			kept = append(kept, line[i])
			continue
		}
		i++
		switch b := line[i]; {
		case b == telnetIAC:
			kept = append(kept, b)
		case willOption <= b && b <= dontOption && i+1 < len(line)-1: // the end of the line is no option
			i++
		}
	}
	return kept
}
