package api

import (
	"strings"

	"filegate/core/vfs"
)

// Swift's limits for names, in bytes. They are constants in Swift, which clusters do not change in
// practice. A cluster with smaller limits answers with status 400.
const (
	MaxContainerName = 256
	MaxObjectName    = 1024
)

const (
	// DirectoryType is the content type of an object that stands for a directory.
	DirectoryType = "application/directory"
	// SegmentsSuffix is the suffix of the container with the segments of a container's files.
	SegmentsSuffix = "_segments"
)

// Name is the name of an account (container and object empty), a container (object empty), or an
// object. The account is empty for the login's own account, and never contains its name, so that
// names can be compared.
type Name struct{ Account, Container, Object string }

// IsAccount reports whether n names an account.
func (n Name) IsAccount() bool { return n.Container == "" }

// IsContainer reports whether n names a container.
func (n Name) IsContainer() bool { return n.Container != "" && n.Object == "" }

// IsObject reports whether n names an object.
func (n Name) IsObject() bool { return n.Object != "" }

// InAccount returns "/container/object", not quoted. Manifests and headers of Swift contain names
// in this form, without the account.
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

// ParseName parses the form that InAccount returns.
func ParseName(account, s string) (Name, bool) {
	container, object, _ := strings.Cut(strings.TrimPrefix(s, "/"), "/")
	return Name{account, container, object}, container != ""
}

// With returns the name of another object of the same container.
func (n Name) With(object string) Name { return Name{n.Account, n.Container, object} }

// Top returns the container that n is, or that n is in.
func (n Name) Top() Name { return n.With("") }

// Prefix returns the prefix of the names of all objects below the directory n.
func (n Name) Prefix() string {
	if n.Object == EmptyObject {
		return "/"
	}
	if n.IsObject() {
		return n.Object + "/"
	}
	return ""
}

// AccountMark is the beginning of the name of an account at the top level, where all other names
// are containers: "/@AUTH_x/container".
const AccountMark = "@"

// Contains reports whether m is n or is below it.
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

// Parent returns the directory that an object is in. It returns false for objects directly in the
// container, and for names with empty elements, which only existing objects can have.
func (n Name) Parent() (Name, bool) {
	i := strings.LastIndexByte(strings.TrimSuffix(n.Object, "/"), '/')
	if i <= 0 || n.Object[i-1] == '/' {
		return Name{}, false
	}
	return n.With(n.Object[:i]), true
}

// ErrLongName returns the error for a name that is longer than Swift allows.
func ErrLongName(n Name) error {
	return vfs.Errorf(vfs.ErrInvalidName, "the path below the container %q is longer than the %d bytes that Swift allows", n.Container, MaxObjectName)
}
