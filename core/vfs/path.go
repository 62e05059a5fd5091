package vfs

import (
	"path"
	"strings"
	"unicode/utf8"
)

// MaxPath is the longest path that filegate takes, in bytes. It is that of Linux (PATH_MAX); a
// store may allow less.
const MaxPath = 4096

// Path is the cleaned, absolute name of a file or directory: "/" or "/a/b". Its elements are valid
// UTF-8 without NUL, and none is empty, "." or "..". Make one with [Resolve] or [Path.Join].
type Path string

// Root is the directory that everything is in.
const Root Path = "/"

// Resolve makes a Path of the name that a client sent: relative ones are taken from cwd, "." and
// ".." and repeated slashes are resolved, ".." stops at the root, and bytes that are not UTF-8 are
// escaped, see [EscapeBytes]. What a Path is called to the client is [Path.ToClient]. It returns
// ErrInvalidName, with a text for the client, for a name that can be none.
func Resolve(cwd Path, name string) (Path, error) { return resolve(cwd, EscapeBytes(name)) }

// Clean makes a Path of a name that no client has sent, such as one from a configuration, or checks
// one that should be a Path already. Nothing in it is escaped: it is ErrInvalidName for a name that
// is not UTF-8.
func Clean(name string) (Path, error) {
	if !utf8.ValidString(name) {
		return "", Errorf(ErrInvalidName, "the name is not valid UTF-8")
	}
	return resolve(Root, name)
}

func resolve(cwd Path, name string) (Path, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return "", Errorf(ErrInvalidName, "a name cannot contain a NUL byte")
	}
	if !strings.HasPrefix(name, "/") {
		name = string(cwd) + "/" + name
	}
	p := Path(path.Clean(name))
	if strings.HasPrefix(string(p), "//") { // path.Clean never leaves two, but a Path rests on it
		p = p[1:]
	}
	if len(p) > MaxPath {
		return "", Errorf(ErrInvalidName, "the path is longer than %d bytes", MaxPath)
	}
	return p, nil
}

// ValidName says whether name can be one element of a Path. A store leaves entries out of its
// listings whose names cannot.
func ValidName(name string) bool {
	return name != "" && name != "." && name != ".." && utf8.ValidString(name) && !strings.ContainsAny(name, "/\x00")
}

// IsRoot says whether p is the root.
func (p Path) IsRoot() bool { return p == Root }

// Dir is the directory that p is in. The root is in itself.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i > 0 {
		return p[:i]
	}
	return Root
}

// Base is the last element of p, and "/" for the root.
func (p Path) Base() string {
	if p.IsRoot() {
		return "/"
	}
	return string(p[strings.LastIndexByte(string(p), '/')+1:])
}

// Join adds one element, which must satisfy ValidName.
func (p Path) Join(name string) Path {
	if p.IsRoot() {
		return Path("/" + name)
	}
	return p + Path("/"+name)
}

// Under adds all of sub below p: how a home directory is put in front of what its owner sees.
func (p Path) Under(sub Path) Path {
	switch {
	case p.IsRoot():
		return sub
	case sub.IsRoot():
		return p
	}
	return p + sub
}

// Contains says whether sub is p or lies below it.
func (p Path) Contains(sub Path) bool {
	return p.IsRoot() || p == sub || strings.HasPrefix(string(sub), string(p)+"/")
}

// Elements are the names from the root to p; none for the root.
func (p Path) Elements() []string {
	if p.IsRoot() {
		return nil
	}
	return strings.Split(string(p[1:]), "/")
}

// ToClient returns p as a client writes it, in whatever bytes.
func (p Path) ToClient() string { return UnescapeBytes(string(p)) }

// String returns p for the log.
func (p Path) String() string { return string(p) }
