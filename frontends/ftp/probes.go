package ftp

import (
	"maps"
	"slices"

	"filegate/core/frontend"
)

// Probes implements [frontend.Prober].
func (c *Config) Probes() frontend.Probes {
	var p frontend.Probes
	if c.Passive.PublicHost != "" {
		p.PublicHosts = append(p.PublicHosts, c.Passive.PublicHost)
	}
	p.PublicHosts = append(p.PublicHosts, slices.Sorted(maps.Values(c.Passive.PublicHosts))...)
	if c.TLS.Mode != off {
		p.Certificates = append(slices.Sorted(maps.Keys(c.TLS.MoreCerts)), c.TLS.Cert)
	}
	return p
}
