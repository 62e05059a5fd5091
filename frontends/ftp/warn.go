package ftp

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"filegate/core/frontend"
)

// variable matches placeholders that other servers replace in banners.
var variable = regexp.MustCompile("%[A-Za-z]")

// Needs implements [frontend.Needer]. A client has up to three sockets: its control connection, a
// listening port, and a data connection.
func (c *Config) Needs() frontend.Needs {
	return frontend.Needs{Files: 3 * c.MaxConnections, Public: frontend.Public(c.Listen)}
}

// Warn implements [frontend.Warner].
func (c *Config) Warn(report func(attribute, summary, detail string)) {
	c.TLS.warnOfSuites(report)
	if c.TLS.Legacy && c.TLS.Mode != off {
		report("tls.legacy", "Weak TLS is offered to old devices",
			"Clients may come in by TLS 1.0, SHA-1 and 3DES, and without forward secrecy. Let such devices have a frontend of their own.")
	}
	if c.TLS.CCC && c.TLS.Mode != off {
		report("tls.ccc", "Clients may end the encryption of commands",
			"Who can change what is on the network can then give commands in the name of a client that is logged in.")
	}
	switch public := frontend.Public(c.Listen); {
	case public && c.TLS.Mode == off:
		report("tls.mode", "Passwords and files go over the network in the clear",
			`Give a certificate and mode = "explicit", or listen on addresses of this machine only.`)
	case public && c.TLS.Mode == explicit && !c.TLS.Required:
		report("tls.required", "Clients that do not ask for TLS send passwords and files in the clear", "Leave out required = false once all clients can do TLS.")
	}
	for _, pair := range c.TLS.pairs() {
		if info, err := os.Stat(pair.key); c.TLS.Mode != off && err == nil && info.Mode().Perm()&0o077 != 0 {
			report("tls.key", fmt.Sprintf("The private key %s can be read by others (mode %04o)", pair.key, info.Mode().Perm()), "Make it chmod 600, and filegate's user its owner.")
		}
	}
	if v := variable.FindString(strings.ReplaceAll(c.Welcome, "%u", "")); v != "" {
		report("welcome", fmt.Sprintf("Clients read %s in the welcome as it is", v), "There is only %u, the user's name.")
	}
	if v := variable.FindString(c.Banner); v != "" {
		report("banner", fmt.Sprintf("Clients read %s in the banner as it is", v), "The banner is plain text here: write what they are to read.")
	}
}
