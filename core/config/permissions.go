package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// permissionWarnings returns warnings about files with secrets that everybody on the machine can
// read, and about files and directories of the configuration that others can change.
func (c *Config) permissionWarnings() (all Diagnostics) {
	warn := func(summary, detail string) {
		all = append(all, Diagnostic{Warning: true, Summary: summary, Detail: detail})
	}
	for _, file := range c.opened { // these usually contain keys or passwords
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o007 != 0 {
			warn(fmt.Sprintf("Everybody on this machine can read %s (mode %04o)", file, info.Mode().Perm()),
				"If there is a key or a password in it: chmod 600 "+file+", and make filegate's user its owner.")
		}
	}
	for _, file := range c.secret {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o004 != 0 {
			warn(fmt.Sprintf("Everybody on this machine can read %s (mode %04o)", file, info.Mode().Perm()),
				"There is a password, a token or another secret in it: chmod o= "+file+", or take the secret from elsewhere with file() or env().")
		}
	}
	for _, file := range c.sources {
		if who := writers(file, false); who != "" {
			warn(who+" can change "+file, "Who writes the configuration controls the gateway: chmod go-w "+file+", and make root or filegate's user its owner.")
		}
	}
	// A file can also be replaced in its directory, and added to one whose files are included.
	dirs := map[string]bool{} // true: a new file is included
	for _, file := range append(slices.Clone(c.sources), c.opened...) {
		dirs[filepath.Dir(file)] = false
	}
	for _, dir := range c.dirs {
		dirs[dir] = true
	}
	names := make([]string, 0, len(dirs))
	for dir := range dirs {
		names = append(names, dir)
	}
	slices.Sort(names)
	for _, dir := range names {
		if who := writers(dir, !dirs[dir]); who != "" {
			warn(who+" can change the files of "+dir, "They are part of the configuration, which controls the gateway: chmod go-w "+dir+", and make root or filegate's user its owner.")
		}
	}
	return all
}

// writers returns which other users can write a file or directory, or "" if none can. With sticky,
// a directory is safe if its sticky bit keeps them from replacing files of others.
func writers(name string, sticky bool) string {
	info, err := os.Stat(name)
	if err != nil || sticky && info.Mode()&fs.ModeSticky != 0 {
		return ""
	}
	const forWriting = 2
	if errors.Is(syscall.Access(name, forWriting), syscall.EROFS) { // as what containers mount
		return ""
	}
	if info.Mode().Perm()&0o002 != 0 {
		return "Everybody on this machine"
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() == 0 { // the gateway may have another user, and root's own tools other groups
		return ""
	}
	switch {
	case info.Mode().Perm()&0o020 != 0 && stat.Gid != 0 && int(stat.Gid) != os.Getegid():
		return fmt.Sprintf("The group with ID %d", stat.Gid)
	case info.Mode().Perm()&0o200 != 0 && stat.Uid != 0 && int(stat.Uid) != os.Geteuid():
		return fmt.Sprintf("The user with ID %d", stat.Uid)
	}
	return ""
}
