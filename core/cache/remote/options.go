package remote

import (
	"fmt"
	"net"
	"strings"
	"time"

	"filegate/core/cache/seal"
)

// Defaults of the options of all caches on servers.
const (
	DefaultTimeout = 200 * time.Millisecond
	DefaultPause   = 5 * time.Second
)

// Check reports mistakes in the options that all caches on servers have. The example is the address
// of a server.
func Check(o Options, timeout time.Duration, example string, report func(attribute, summary, detail string)) {
	if len(o.Servers) == 0 {
		report("servers", "No "+o.Kind+" server", fmt.Sprintf(`Name at least one, such as [%q].`, example))
	}
	seen := map[string]bool{}
	for _, s := range o.Servers {
		switch _, _, err := net.SplitHostPort(s); {
		case err != nil && !strings.HasPrefix(s, "/"):
			report("servers", fmt.Sprintf("Bad address %q", s), fmt.Sprintf(`Give host and port, such as %q, or the whole path of a socket.`, example))
		case seen[s]:
			report("servers", fmt.Sprintf("%q is named twice", s), "Name each server once.")
		}
		seen[s] = true
	}
	seal.Check(o.Secret, o.Kind, report)
	if timeout < time.Millisecond || timeout > 10*time.Second {
		report("timeout", "Timeout out of range", `Every request of a client may wait for it: give a time from "1ms" to "10s", such as "200ms".`)
	}
	if o.Pause < 100*time.Millisecond || o.Pause > time.Hour {
		report("pause", "Pause out of range", `Give a time from "100ms" to "1h", such as "5s".`)
	}
}

// Network returns the network of an address: "unix" for the path of a socket, otherwise "tcp".
func Network(address string) string {
	if strings.HasPrefix(address, "/") {
		return "unix"
	}
	return "tcp"
}
