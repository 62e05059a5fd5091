package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"filegate/core/config"
)

// filesBeside is an estimate of the open files that do not belong to clients: logs, authenticators,
// connections to the storage.
const filesBeside = 500

// machineWarnings returns warnings about things outside of the configuration: the user that
// filegate runs as, and the limit of open files.
func machineWarnings(cfg *config.Config) config.Diagnostics {
	needs := cfg.Needs()
	needs.Files += filesBeside
	var all config.Diagnostics
	warn := func(summary, detail string) {
		all = append(all, config.Diagnostic{Warning: true, Summary: summary, Detail: detail})
	}
	if os.Geteuid() == 0 && needs.Public {
		warn("Strangers talk to a process of root",
			"Give filegate a user of its own: user = \"filegate\" in the configuration makes it give up root before it serves, ports below 1024 included. Or let systemd do it, see cmd/filegate/dist/filegate.service.")
	}
	var files syscall.Rlimit
	// The type of Max differs between systems, so both sides are converted.
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && float64(files.Max) < float64(needs.Files) {
		warn(fmt.Sprintf("At most %d files can be open, and full frontends need %d", files.Max, needs.Files),
			"Raise the limit (LimitNOFILE under systemd, ulimit -n in a shell), or lower max_connections.")
	}
	return all
}

// readableByOthers returns a warning if other users can read a file with secrets, else "". mask
// contains the permission bits that they must not have.
func readableByOthers(file string, mask fs.FileMode) string {
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&mask == 0 {
		return ""
	}
	return fmt.Sprintf("%s can be read by others (mode %04o): chmod 600 %s", file, info.Mode().Perm(), file)
}
