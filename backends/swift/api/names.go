package api

import (
	"strings"

	"filegate/core/vfs"
)

// Swift's limits of names, in bytes. They are constants of Swift's own that clusters do not change
// in practice; a smaller one is answered by 400.
const (
	MaxContainerName = 256
	MaxObjectName    = 1024
)

const (
	// DirectoryType is the content type of an object that stands for a directory.
	DirectoryType = "application/directory"
	// SegmentsSuffix ends the name of the container that the segments of a container's files lie
	// in.
	SegmentsSuffix = "_segments"
)

// Name names an account (container and object empty), a container (object empty), or an object. The
// account is empty for the login's own, and never has its name, so that names can be compared.
type Name struct{ Account, Container, Object string }

// IsAccount reports whether n names an account.
func (n Name) IsAccount() bool { return n.Container == "" }

// IsContainer reports whether n names a container.
func (n Name) IsContainer() bool { return n.Container != "" && n.Object == "" }

// IsObject reports whether n names an object.
func (n Name) IsObject() bool { return n.Object != "" }

// InAccount returns "/container/object", not quoted. Swift's manifests and headers have names of
// this form, and the account apart from them.
func (n Name) InAccount() string {
	if n.IsObject() {
		return "/" + n.Container + "/" + n.Object
	}
	return "/" + n.Container
}

// String returns the name for the log.
func (n Name) String() string {
	if n, id := n.CutVersion(); id != "" {
		return n.String() + "?version-id=" + id
	}
	if n.Account != "" {
		return "/" + AccountMark + n.Account + n.InAccount()
	}
	return n.InAccount()
}

// ParseName reads what InAccount returns.
func ParseName(account, s string) (Name, bool) {
	container, object, _ := strings.Cut(strings.TrimPrefix(s, "/"), "/")
	return Name{account, container, object}, container != ""
}

// With returns the name of another object of the same container.
func (n Name) With(object string) Name { return Name{n.Account, n.Container, object} }

// Top returns the container that n is or lies in.
func (n Name) Top() Name { return n.With("") }

// Prefix returns what the names of all objects below the directory n begin with.
func (n Name) Prefix() string {
	if n.Object == EmptyObject {
		return "/"
	}
	if n.IsObject() {
		return n.Object + "/"
	}
	return ""
}

// AccountMark begins the name of an account at the top level, where containers are otherwise:
// "/@AUTH_x/container".
const AccountMark = "@"

// Contains reports whether m is n or lies below it.
func (n Name) Contains(m Name) bool {
	switch {
	case n.Account != m.Account:
		return false
	case n.IsAccount():
		return true
	case n.IsContainer():
		return n.Container == m.Container
	}
	return n.Container == m.Container && (n.Object == m.Object || strings.HasPrefix(m.Object, n.Prefix()))
}

// Parent returns the directory that an object is in. There is none for objects that lie in the
// container itself, nor for names with empty elements, which only existing objects can have.
func (n Name) Parent() (Name, bool) {
	i := strings.LastIndexByte(strings.TrimSuffix(n.Object, "/"), '/')
	if i <= 0 || n.Object[i-1] == '/' {
		return Name{}, false
	}
	return n.With(n.Object[:i]), true
}

// ErrLongName refuses a name that is longer than Swift allows.
func ErrLongName(n Name) error {
	return vfs.Errorf(vfs.ErrInvalidName, "the path below the container %q is longer than the %d bytes that Swift allows", n.Container, MaxObjectName)
}
