package main

import (
	"fmt"

	"filegate/cmd/filegate/confine"
	"filegate/core/config"
)

// loadConfined reads a configuration file, and gives up the rights that serving it does not need.
// within is the sandbox that this process was started in, or empty. If it returns a Confinement
// with an error, the rights are already given up.
func loadConfined(file, within string) (*config.Config, *confine.Confinement, error) {
	cfg, err := loadConfig(file)
	if err != nil {
		return nil, nil, err
	}
	confined, err := confine.Enter(cfg, within)
	if err != nil {
		return nil, nil, err
	}
	if !confined.Dropped() {
		return cfg, confined, nil
	}
	cfg, err = loadConfig(file) // read again with the rights that a reload will have
	return cfg, confined, err
}

// failConfined is e.fail with the hint of a Confinement, which may be nil.
func failConfined(e env, c *confine.Confinement, err error) int {
	code := e.fail(err)
	if hint := c.Hint(err); hint != "" {
		fmt.Fprintln(e.stderr, "filegate: "+hint)
	}
	return code
}
