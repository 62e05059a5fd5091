package authplugin

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// checkOwners returns an error if another user of the machine could replace the program at path: if
// the file or a directory above it belongs neither to root nor to the gateway's user, or if others
// may write to it. In a directory with the sticky bit, such as /tmp, users cannot replace the files
// of others. The error names the file or directory.
func checkOwners(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("it cannot be looked at: %w", err)
	}
	for name := path; ; name = filepath.Dir(name) {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("it cannot be looked at: %w", err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil // this system has no owners
		}
		if uid := int(owner.Uid); uid != 0 && uid != os.Geteuid() {
			return fmt.Errorf("%s belongs to the user %d, who could replace the program: chown root %[1]s, or set any_owner = true", name, uid)
		}
		others := os.FileMode(0o002)
		if gid := int(owner.Gid); gid != 0 && gid != os.Getegid() {
			others |= 0o020
		}
		if info.Mode()&others != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Errorf("others may write to %s and could replace the program: chmod go-w %[1]s, or set any_owner = true", name)
		}
		if name == filepath.Dir(name) {
			return nil
		}
	}
}
