package ftp

import (
	"io/fs"
	"os"
	"path"
	"strings"

	"filegate/core/vfs"
)

// pattern reports whether name, as LIST or NLST has it, is a pattern for the names of a directory: its last element has a character that makes it one.
// A file of that very name comes first, see [driver.Stat].
func (d *driver) pattern(name string) (dir, glob string, ok bool) {
	switch d.client.cc.GetLastCommand() {
	case "LIST", "NLST":
	default:
		return "", "", false
	}
	dir, glob = path.Split(name)
	if !strings.ContainsAny(glob, "*?[") {
		return "", "", false
	}
	_, err := path.Match(glob, "")
	return dir, glob, err == nil
}

// matching returns the entries whose names match. Names that begin with a dot do so only where the pattern begins with one, as in a shell.
func matching(entries []os.FileInfo, glob string) []os.FileInfo {
	var found []os.FileInfo
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(glob, ".") {
			continue
		}
		if ok, _ := path.Match(glob, e.Name()); ok {
			found = append(found, e)
		}
	}
	return found
}

// patternInfo stands for a pattern where the library wants to know of a directory before it lists it.
func patternInfo(glob string) os.FileInfo {
	return fileInfo{vfs.Info{Name: glob, Mode: fs.ModeDir | 0o755}}
}

// besideInfo is an entry that NLST names: the library joins its name to the pattern, which is not the directory that it is in.
type besideInfo struct{ os.FileInfo }

func (b besideInfo) Name() string { return "../" + b.FileInfo.Name() }
