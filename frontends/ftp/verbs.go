package ftp

import (
	"crypto/rand"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"filegate/core/vfs"
)

// errRefusedPort is the answer to an address that the server does not connect to.
var errRefusedPort = &reply{501, "The server does not connect to that address or port."}

// rewrite returns the command as the library is to see it, or what the client is to be answered in its place: the library lacks some commands, and some forms of others.
func (c *control) rewrite(verb, arg string) (string, *reply) {
	switch verb {
	case "XCUP":
		return "CDUP", nil
	case "ALLO":
		return allo(arg)
	case "OPTS":
		if option, _, _ := strings.Cut(arg, " "); strings.EqualFold(option, "MLST") {
			return "", &reply{200, "MLST OPTS Type;Size;Modify;"}
		}
	case "MODE":
		return "MODE " + strings.ToUpper(strings.TrimSpace(arg)), nil
	case "MDTM":
		if setsTime.MatchString(arg) {
			return "MFMT " + arg, nil
		}
	case "MFF":
		return mff(arg)
	case "STOU":
		name := "ftp-" + strings.ToLower(rand.Text()[:16]) // nobody has a file of that name
		c.unique.Store(&name)
		return "STOR " + name, nil
	case "LIST", "NLST":
		return "RETR " + c.listings.name(parseListing(verb, arg)), nil
	case "MLSD":
		return joinCommand(verb, literal(arg)), nil
	case "PASV", "EPSV":
		return c.passive(verb, arg)
	case "PORT", "EPRT":
		return c.activeMode(verb, arg)
	}
	return joinCommand(verb, arg), nil
}

func joinCommand(verb, arg string) string {
	if arg == "" {
		return verb
	}
	return verb + " " + arg
}

// setsTime is MDTM with a time in front of the name, as devices set it that know nothing of MFMT.
var setsTime = regexp.MustCompile(`^[0-9]{14} +[^ ]`)

// allo reads "n" and "n R m" (RFC 959, section 4.1.3). A size that cannot be counted is none: it is only a hint.
func allo(arg string) (string, *reply) {
	fields := strings.Fields(arg)
	if len(fields) != 1 && (len(fields) != 3 || !strings.EqualFold(fields[1], "R")) {
		return "", &reply{501, "It is ALLO size, or ALLO size R size."}
	}
	for i, f := range fields {
		if i != 1 && strings.Trim(f, "0123456789") != "" {
			return "", &reply{501, "ALLO takes a number of bytes."}
		}
	}
	if n, err := strconv.ParseInt(fields[0], 10, 64); err != nil || n == 0 {
		return "", &reply{202, "No space needs to be allocated."}
	}
	return "ALLO " + fields[0], nil
}

// mff reads MFF with the one fact that can be changed, the time of the last change.
func mff(arg string) (string, *reply) {
	facts, name, _ := strings.Cut(arg, " ")
	fact, value, _ := strings.Cut(strings.TrimSuffix(facts, ";"), "=")
	switch {
	case name == "" || value == "":
		return "", &reply{501, "It is MFF Modify=YYYYMMDDHHMMSS; path."}
	case !strings.EqualFold(fact, "Modify") || strings.Contains(value, ";"):
		return "", &reply{504, "Only the fact Modify can be changed."}
	}
	return "MFMT " + value + " " + name, nil
}

// literal returns a path that the library does not take for an option.
func literal(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

// passive checks PASV and EPSV (RFC 2428, section 3).
func (c *control) passive(verb, arg string) (string, *reply) {
	local := addrPort(c.LocalAddr()).Addr()
	switch family := strings.ToUpper(strings.TrimSpace(arg)); {
	case verb == "PASV" && c.epsvAll, verb == "PASV" && !local.Is4():
		return "", &reply{501, "Use EPSV."}
	case verb == "PASV", family == "":
	case family == "ALL":
		c.epsvAll = true
		return "", &reply{200, "From now on only EPSV opens data connections."}
	case family == "1" && local.Is4(), family == "2" && !local.Is4():
	case local.Is4():
		return "", &reply{522, "The network protocol is not supported here, use (1)"}
	default:
		return "", &reply{522, "The network protocol is not supported here, use (2)"}
	}
	return verb, nil
}

// activeMode checks PORT and EPRT, and writes them as the library reads them. The server connects only to the client itself, and to none of the ports that
// belong to services.
func (c *control) activeMode(verb, arg string) (string, *reply) {
	switch {
	case !c.active:
		return "", &reply{502, "There is no active mode here, use EPSV or PASV."}
	case c.epsvAll:
		return "", &reply{501, "After EPSV ALL only EPSV opens data connections."}
	}
	to, r := parsePort(arg)
	if verb == "EPRT" {
		to, r = parseEPRT(arg)
	}
	if r != nil {
		return "", r
	}
	peer, ip := addrPort(c.RemoteAddr()).Addr().WithZone(""), to.Addr()
	denied := func(p netip.Prefix) bool { return p.Contains(ip) }
	if ip != peer || to.Port() < 1024 || slices.ContainsFunc(c.activeDeny, denied) || !ip.IsLoopback() && ownAddress(ip) {
		return "", errRefusedPort
	}
	family := "1"
	if !ip.Is4() {
		family = "2"
	}
	if verb == "PORT" {
		p := to.Port()
		return "PORT " + strings.ReplaceAll(ip.String(), ".", ",") + "," + strconv.Itoa(int(p>>8)) + "," + strconv.Itoa(int(p&255)), nil
	}
	return "EPRT |" + family + "|" + ip.String() + "|" + strconv.Itoa(int(to.Port())) + "|", nil
}

// parsePort reads "h1,h2,h3,h4,p1,p2", with zeros and spaces as devices write them.
func parsePort(arg string) (netip.AddrPort, *reply) {
	wrong := &reply{501, "It is PORT h1,h2,h3,h4,p1,p2."}
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

// parseEPRT reads "|protocol|address|port|", with any delimiter (RFC 2428, section 2).
func parseEPRT(arg string) (netip.AddrPort, *reply) {
	wrong := &reply{501, "It is EPRT |protocol|address|port|."}
	arg = strings.TrimSpace(arg)
	if arg == "" || arg[0] < 33 || arg[0] > 126 {
		return netip.AddrPort{}, wrong
	}
	fields := strings.Split(arg, arg[:1])
	if len(fields) != 5 || fields[4] != "" {
		return netip.AddrPort{}, wrong
	}
	if fields[1] != "1" && fields[1] != "2" {
		return netip.AddrPort{}, &reply{522, "The network protocol is not supported here, use (1,2)"}
	}
	ip, err := netip.ParseAddr(fields[2])
	port, errPort := strconv.ParseUint(fields[3], 10, 16)
	if err != nil || errPort != nil || ip.Is4() != (fields[1] == "1") {
		return netip.AddrPort{}, wrong
	}
	return netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(port)), nil
}

// ownAddress reports whether ip is one of this machine.
func ownAddress(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		own, _ := netip.AddrFromSlice(n.IP)
		return ok && own.Unmap() == ip
	})
}

// libraryReplies are replies of the library that say something untrue to a client, or something in the words of Go, by how they begin.
var libraryReplies = []struct {
	prefix string
	reply
}{
	{"421 unable to open transfer: TLS is required", reply{522, "Data goes over TLS only: PROT P."}},
	{"421 Could not listen for passive connection", reply{425, "No port for data is free, try again later."}},
	{"421 Cannot get a TLS config", reply{451, "TLS is not possible at the moment, try again later."}},
	{"550 unable to open transfer: no transfer connection", reply{425, "EPSV, PASV, EPRT or PORT comes first."}},
	{"425 ", reply{425, "The data connection was not opened."}},
	{"501 Problem parsing", *errRefusedPort},
	{"501 Your request does not meet", *errRefusedPort},
	{"550 Issue during transfer close", *errDataLost},
	{"550 Issue during transfer", *errDataLost},
	{"450 Could not list: listing a file", reply{550, "That is not a directory."}},
	{"550 Could not list: listing a file", reply{550, "That is not a directory."}},
	{"501 Couldn't parse mtime", reply{501, "A time is YYYYMMDDHHMMSS."}},
	{"500 Couldn't set mtime", reply{501, "A time YYYYMMDDHHMMSS and a path are needed."}},
	{"500 Unhandled internal error", reply{451, vfs.ClientText(nil)}},
	{"500 Error: ", reply{451, vfs.ClientText(nil)}},
	{"502 This command hasn't been implemented", reply{502, "There is no such command here."}},
}

// amend returns a line of a reply as it should be.
func (c *control) amend(line string) string {
	switch {
	case line == " MLST": // of FEAT: RFC 3659, section 7.8, wants the facts
		return " MLST Type*;Size*;Modify*;"
	case line == " AVBL": // of FEAT: without a quota every answer is a refusal
		if !c.spaceKnown() {
			return ""
		}
	case line == " UTF8":
		return " UTF8\r\n TVFS"
	case strings.HasPrefix(line, " %s"): // of STAT with a directory: the library's slip
		return line[len(" %s"):]
	case strings.HasPrefix(line, `257 Created dir "`): // RFC 959, appendix II: the path comes first
		return "257 " + strings.TrimPrefix(line, "257 Created dir ") + " is made."
	case strings.HasPrefix(line, "350 Sure"):
		c.renaming.Store(true)
	case strings.HasPrefix(line, "150 "):
		if name := c.unique.Swap(nil); name != nil { // RFC 1123, section 4.1.2.9
			return "150 FILE: " + *name
		}
	}
	if own := unwrapReply(line); own != line {
		return own
	}
	for i := range libraryReplies {
		if r := &libraryReplies[i]; strings.HasPrefix(line, r.prefix) {
			return r.line()
		}
	}
	return withoutGo(line)
}
