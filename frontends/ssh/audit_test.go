package ssh_test

import (
	"net"
	"strings"
	"testing"

	"filegate/frontends/frontendtest"
)

// TestSSHAudit has a scanner find nothing bad. By default it finds the curves of NIST alone, which
// OpenSSH offers too, and without which older clients do not come in; the example configuration
// says how to leave them out.
func TestSSHAudit(t *testing.T) {
	for name, tt := range map[string]struct {
		kex   []string
		nists bool
	}{
		"default": {nists: true},
		"strict":  {kex: []string{"mlkem768x25519-sha256", "curve25519-sha256"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			cfg.KeyExchanges = tt.kex
			host, port, _ := net.SplitHostPort(start(t, cfg).Addr)
			r := frontendtest.Run(t, t.TempDir(), "", "ssh-audit", "-n", "-l", "fail", "-p", port, host)
			for line := range strings.Lines(r.Stdout) {
				if strings.Contains(line, "[fail]") && !(tt.nists && strings.Contains(line, "ecdh-sha2-nistp")) {
					t.Errorf("%s", line)
				}
			}
			if r.Status < 0 || r.Status == 1 {
				t.Errorf("the scanner failed: status %d", r.Status)
			}
		})
	}
}
