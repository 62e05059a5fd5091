package config

import (
	"filegate/core/backend"
	"filegate/core/frontend"
)

// Needs returns the requirements of all frontends together.
func (c *Config) Needs() frontend.Needs {
	var all frontend.Needs
	for _, f := range c.Frontends {
		n := frontend.NeedsOf(f.Config)
		all.Files += n.Files
		all.Public = all.Public || n.Public
	}
	return all
}

// Directories returns the local directories in which backends store files.
func (c *Config) Directories() []string {
	var all []string
	for _, b := range c.Backends {
		all = append(all, backend.Directories(b.Config)...)
	}
	return all
}

// Warnings returns the warnings about valid options with a risk or a price.
func (c *Config) Warnings() Diagnostics {
	all := c.permissionWarnings()
	for _, f := range c.Frontends {
		frontend.Warn(f.Config, func(attribute, summary, detail string) {
			d := f.Diagnose(attribute, summary, detail)
			d.Warning = true
			all = append(all, d)
		})
	}
	for _, h := range c.EventHooks {
		if h.Before && h.isPlain() {
			d := h.Diagnose("url", "Answers of the hook can be forged", "Its decisions come from another machine by unencrypted HTTP, and others on the network can change them. Use https.")
			d.Warning = true
			all = append(all, d)
		}
	}
	return all
}
