package ftp

import (
	"bytes"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// The telnet commands that matter here (RFC 854). Those from willOption to dontOption are followed
// by an option; the others stand alone.
const (
	firstTelnet = 240
	willOption  = 251
	dontOption  = 254
	telnetIAC   = 255
)

// urgentInline keeps urgent data in the stream. Clients send ABOR as urgent data (RFC 959, section
// 4.1.3), and otherwise its last byte, the end of the line, would be lost. If this cannot be set,
// ABOR takes effect only with the next line.
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

// withoutTelnet returns line without the telnet commands that clients send before ABOR and STAT. It
// modifies line. A byte 255 that is not followed by a command is part of a name.
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
		// The end of the line is not an option.
		case willOption <= b && b <= dontOption && i+1 < len(line)-1:
			i++
		}
	}
	return kept
}
