//go:build !linux

package confine

import (
	"errors"

	"filegate/core/config"
)

// Only Linux has capabilities.
func limitPrivileges([]uintptr) error           { return nil }
func limitPrograms([]uintptr) error             { return nil }
func keepCapabilities()                         {}
func keptCapabilities(*config.Config) []uintptr { return nil }
func setCapabilities([]uintptr) error           { return nil }
func hideMemory() error                         { return nil }

func enterSandbox([]string) error { return errors.New("only Linux has the sandbox") }
