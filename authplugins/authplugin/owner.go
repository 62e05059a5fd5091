package authplugin

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// checkOwners returns an error that names the file or directory by which another user of the machine could replace the
// program at path: it, or a directory above it, belongs to neither root nor the gateway's user, or others may write to it.
// A directory with the sticky bit, such as /tmp, keeps others from replacing what is not theirs.
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
			return nil // a system without owners
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
