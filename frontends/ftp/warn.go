package ftp

import (
	"fmt"
	"regexp"
)

// variable is what other servers put something in for, in their banners.
var variable = regexp.MustCompile("%[A-Za-z]")

// Warn implements [frontend.Warner].
func (c *Config) Warn(report func(attribute, summary, detail string)) {
	if c.TLS.Legacy && c.TLS.Mode != off {
		report("tls.legacy", "Weak TLS is offered to old devices",
			"Clients may come in by TLS 1.0, SHA-1 and 3DES, and without forward secrecy. Let such devices have a frontend of their own.")
	}
	if c.TLS.CCC && c.TLS.Mode != off {
		report("tls.ccc", "Clients may end the encryption of commands",
			"Who can change what is on the network can then give commands in the name of a client that is logged in.")
	}
	if v := variable.FindString(c.Banner); v != "" {
		report("banner", fmt.Sprintf("Clients read %s in the banner as it is", v), "The banner is plain text here: write what they are to read.")
	}
}
