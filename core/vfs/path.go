package vfs

import (
	"path"
	"strings"
	"unicode/utf8"
)

// MaxPath is the maximum length of a path in bytes. It is PATH_MAX of Linux; a store may allow
// less.
const MaxPath = 4096

// Path is the cleaned, absolute name of a file or directory: "/" or "/a/b". Its elements are valid
// UTF-8 without NUL, and none is empty, "." or "..". Make one with [Resolve] or [Path.Join].
type Path string

// Root is the root directory.
const Root Path = "/"

// Resolve converts a name from a client to a Path. It resolves relative names against cwd, resolves
// "." and "..", removes repeated slashes, and escapes bytes that are not UTF-8, see [EscapeBytes].
// ".." does not go above the root. [Path.ToClient] is the reverse. Resolve returns ErrInvalidName,
// with a text for the client, for an invalid name.
func Resolve(cwd Path, name string) (Path, error) { return resolve(cwd, EscapeBytes(name)) }

// Clean converts a name that is not from a client, such as one from the configuration, to a Path,
// or checks a supposed Path. It escapes nothing, and returns ErrInvalidName for a name that is not
// UTF-8.
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

// ValidName reports whether name can be an element of a Path. A store omits other entries from its
// listings.
func ValidName(name string) bool {
	return name != "" && name != "." && name != ".." && utf8.ValidString(name) && !strings.ContainsAny(name, "/\x00")
}

// IsRoot reports whether p is the root.
func (p Path) IsRoot() bool { return p == Root }

// Dir returns the directory of p. The directory of the root is the root.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i > 0 {
		return p[:i]
	}
	return Root
}

// Base returns the last element of p, or "/" for the root.
func (p Path) Base() string {
	if p.IsRoot() {
		return "/"
	}
	return string(p[strings.LastIndexByte(string(p), '/')+1:])
}

// Join appends one element, which must satisfy ValidName.
func (p Path) Join(name string) Path {
	if p.IsRoot() {
		return Path("/" + name)
	}
	return p + Path("/"+name)
}

// Under appends all of sub to p, as to put a home directory in front of a path.
func (p Path) Under(sub Path) Path {
	switch {
	case p.IsRoot():
		return sub
	case sub.IsRoot():
		return p
	}
	return p + sub
}

// Contains reports whether sub is p or lies below p.
func (p Path) Contains(sub Path) bool {
	return p.IsRoot() || p == sub || strings.HasPrefix(string(sub), string(p)+"/")
}

// Elements returns the elements from the root to p; none for the root.
func (p Path) Elements() []string {
	if p.IsRoot() {
		return nil
	}
	return strings.Split(string(p[1:]), "/")
}

// ToClient returns p in the bytes that the client uses for it.
func (p Path) ToClient() string { return UnescapeBytes(string(p)) }

// String returns p for the log.
func (p Path) String() string { return string(p) }
