package convert

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// uses names the blocks that a frontend uses. A name is empty if there is only one.
type uses struct{ auth, backend string }

// maxNumber is the largest number that the conversion accepts for limits and seconds.
const maxNumber = 1_000_000

// frontend writes the frontend for an old server.
func frontend(w *writer, o *Old, u uses) {
	kind, port := "ssh", 8022
	if o.server == ftpServer {
		kind, port = "ftp", 2021
	}
	w.open(fmt.Sprintf("frontend %q \"main\"", kind))
	defer w.close()
	if u.auth != "" {
		w.set("auth", []string{u.auth})
	}
	if u.backend != "" {
		w.set("backend", u.backend)
	}
	if n, ok := o.number(w, "port", 65535); ok {
		port = n
	}
	w.set("listen", []string{net.JoinHostPort(orPreset(o.get("bind-address"), "127.0.0.1"), strconv.Itoa(port))})
	if o.server == sftpServer {
		ssh(w, o)
	} else {
		ftp(w, o)
	}
}

func ssh(w *writer, o *Old) {
	w.note("The key of the old server stays, so that clients know this one. More types of keys: filegate hostkeys DIR makes them; name DIR here after copying the old key into it as the RSA key.")
	w.set("host_keys", []string{o.get("host-key-file")})
	services := []string{"sftp"}
	if o.yes(w, "scp-support", true) {
		services = append(services, "scp")
	}
	w.note("With \"exec\" clients may also use commands such as md5sum, df and tempurl.")
	w.set("services", services)
	if v := o.get("server-ident"); v != "" {
		ident(w, o, v)
	}
	if n, ok := o.number(w, "max-children", maxNumber); ok && n > 0 {
		w.note("max-children of %s. Further clients waited there. Filegate refuses them: the default is 1000.", o.file)
		w.set("max_connections", n)
	}
	sshTimes(w, o)
	algorithms(w, o, "ciphers", "ciphers", ciphers)
	algorithms(w, o, "digests", "macs", macs)
}

// ident writes the version string.
func ident(w *writer, o *Old, v string) {
	printable := !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' })
	if !printable || v[0] == '-' || len(v) > 200 {
		w.note("server-ident = %q in %s is left out: it must be short printable ASCII that does not begin with a minus.", v, o.file)
		return
	}
	w.set("version", v)
}

// sshTimes writes the times of SSH. Those of the old server are seconds.
func sshTimes(w *writer, o *Old) {
	authTime, ok := o.number(w, "auth-timeout", maxNumber)
	negotiation, also := o.number(w, "negotiation-timeout", maxNumber)
	if ok || also {
		if !ok || authTime == 0 {
			authTime = 60
		}
		w.note("negotiation-timeout and auth-timeout of %s together, in which a client must have logged in.", o.file)
		w.set("login_timeout", fmt.Sprintf("%ds", authTime+negotiation))
	}
	if n, ok := o.number(w, "keepalive", maxNumber); ok {
		w.note("keepalive of %s. A client that sends nothing for three times as long is disconnected.", o.file)
		w.set("keepalive", fmt.Sprintf("%ds", n))
	}
}

// The algorithms that a frontend accepts by name.
var (
	ciphers = []string{
		"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr",
		"aes128-cbc", "3des-cbc", "arcfour", "arcfour128", "arcfour256",
	}
	macs = []string{
		"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1", "hmac-sha1-96",
	}
	// weak are those that filegate check warns of.
	weak = []string{"aes128-cbc", "3des-cbc", "arcfour", "arcfour128", "arcfour256", "hmac-sha1", "hmac-sha1-96"}
)

// algorithms writes a list of algorithms without those that filegate does not have.
func algorithms(w *writer, o *Old, old, is string, known []string) {
	var have, lost []string
	for _, name := range o.list(old) {
		if slices.Contains(known, name) {
			have = append(have, name)
		} else {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		w.note("%s of %s: filegate does not have %s. The old server ignored names that it did not know.", old, o.file, strings.Join(quoteAll(lost), ", "))
	}
	switch {
	case len(have) == 0 && len(lost) > 0:
		w.note("None of %s is left: filegate offers all secure algorithms that it has.", old)
	case len(have) > 0:
		if bad := slices.DeleteFunc(slices.Clone(have), func(name string) bool { return !slices.Contains(weak, name) }); len(bad) > 0 {
			w.note("%s of %s names weak algorithms: %s. Remove them, unless one of your clients supports nothing else.", old, o.file, strings.Join(quoteAll(bad), ", "))
		}
		w.note("Without this line filegate offers all secure algorithms that it has.")
		w.set(is, have)
	}
}

func quoteAll(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return all
}

func ftp(w *writer, o *Old) {
	w.note("Passwords and files pass in clear text, as before. Add a tls block with a certificate: see gateway.hcl.example.")
	if v := o.get("banner"); v != "" {
		banner(w, o, v)
	}
	if o.yes(w, "permit-foreign-addresses", false) {
		w.note("permit-foreign-addresses of %s: data connections may go to and come from any address, which lets users attack other machines through this one. Better name the networks that need it.", o.file)
		w.set("foreign_data", []string{"0.0.0.0/0", "::/0"})
	}
	if o.get("workers") != "" {
		w.note("workers in %s has no equivalent: one process uses all processors.", o.file)
	}
	passive(w, o)
}

// banner writes the greeting.
func banner(w *writer, o *Old, v string) {
	if strings.Contains(v, "%v") || strings.Contains(v, "%f") || strings.Contains(v, "%s") {
		w.note("banner = %q in %s is left out: filegate does not show versions of programs, for which %%v, %%f and %%s stood.", v, o.file)
		return
	}
	w.set("banner", v)
}

func passive(w *writer, o *Old) {
	host, ports := o.get("masquerade-firewall"), o.get("passive-ports")
	if host == "" && ports == "" {
		return
	}
	w.open("passive")
	defer w.close()
	switch {
	case host == "":
	case strings.ContainsAny(host, ": /"):
		w.note("masquerade-firewall = %q in %s is left out: it must be an IPv4 address or a host name.", host, o.file)
	default:
		w.set("public_host", host)
	}
	if ports != "" {
		portRange(w, o, ports)
	}
}

// portRange writes the range of passive ports. The old server compared the ends as texts.
func portRange(w *writer, o *Old, ports string) {
	from, to, _ := strings.Cut(ports, ":")
	first, err1 := strconv.Atoi(strings.TrimSpace(from))
	last, err2 := strconv.Atoi(strings.TrimSpace(to))
	switch {
	case err1 != nil || err2 != nil || min(first, last) < 1 || max(first, last) > 65535:
		w.note("passive-ports = %q in %s is left out: it is not FIRST:LAST, with ports from 1 to 65535.", ports, o.file)
		return
	case first > last:
		w.note("passive-ports = %q in %s has the larger port first. The old server compared the ports as texts.", ports, o.file)
		first, last = last, first
	case from > to:
		w.note("passive-ports = %q in %s: the old server compared the ports as texts, and refused this range.", ports, o.file)
	}
	w.set("ports", fmt.Sprintf("%d-%d", first, last))
}
