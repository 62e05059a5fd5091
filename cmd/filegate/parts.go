package main

import (
	"fmt"
	"os"
	"path/filepath"

	"filegate/backends"
	"filegate/core/cache/builtin"
	"filegate/core/config"
	"filegate/frontends"
)

// configOptions returns the built-in backends, frontends and caches, and the directory of the
// authenticators, which is that of the program.
func configOptions() (config.Options, error) {
	program, err := os.Executable()
	if err != nil {
		return config.Options{}, fmt.Errorf("cannot tell where the program lies, which is where authenticators are looked for: %w", err)
	}
	return config.Options{
		Backends:  backends.All(),
		Frontends: frontends.All(),
		Caches:    builtin.All(),
		PluginDir: filepath.Dir(program),
	}, nil
}

// loadConfig reads a configuration file.
func loadConfig(file string) (*config.Config, error) {
	opts, err := configOptions()
	if err != nil {
		return nil, err
	}
	return config.Load(file, opts)
}
