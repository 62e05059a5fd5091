package swift

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"filegate/core/vfs"
)

// Swift's limits of names, in bytes. They are constants of Swift's own that clusters do not change in practice; a smaller one is answered by 400.
const (
	maxContainerName = 256
	maxObjectName    = 1024
)

const (
	directoryType  = "application/directory"
	segmentsSuffix = "_segments"
)

// name is where a path lies in Swift: an account (container and object empty), a container (object empty), or an object.
// The account is empty for the login's own, which has no other name in here, so that what is one thing is one value.
type name struct{ account, container, object string }

func (n name) isAccount() bool   { return n.container == "" }
func (n name) isContainer() bool { return n.container != "" && n.object == "" }
func (n name) isObject() bool    { return n.object != "" }

// inAccount is "/container/object", as Swift's manifests and headers want it, not quoted. Which account is meant they have from elsewhere.
func (n name) inAccount() string {
	if n.isObject() {
		return "/" + n.container + "/" + n.object
	}
	return "/" + n.container
}

// String is the name for the log.
func (n name) String() string {
	if n, id := n.cutVersion(); id != "" {
		return n.String() + "?version-id=" + id
	}
	if n.account != "" {
		return "/" + accountMark + n.account + n.inAccount()
	}
	return n.inAccount()
}

// parseName reads what inAccount writes.
func parseName(account, s string) (name, bool) {
	container, object, _ := strings.Cut(strings.TrimPrefix(s, "/"), "/")
	return name{account, container, object}, container != ""
}

// with is another object of the same container.
func (n name) with(object string) name { return name{n.account, n.container, object} }

// top is the container that n is or lies in.
func (n name) top() name { return n.with("") }

// prefix is what the names of all objects below a directory begin with.
func (n name) prefix() string {
	if n.object == emptyObject {
		return "/"
	}
	if n.isObject() {
		return n.object + "/"
	}
	return ""
}

// accountMark begins the name of an account at the top level, where containers are otherwise: "/@AUTH_x/container".
const accountMark = "@"

// contains says whether m is n or lies below it.
func (n name) contains(m name) bool {
	switch {
	case n.account != m.account:
		return false
	case n.isAccount():
		return true
	case n.isContainer():
		return n.container == m.container
	}
	return n.container == m.container && (n.object == m.object || strings.HasPrefix(m.object, n.prefix()))
}

// locate tells where a path lies in Swift: in the login's own account, in one that is named in the path, or in what an alias stands for.
func (f *FS) locate(p vfs.Path) (name, error) {
	elements := p.Elements()
	if len(elements) == 0 {
		return name{}, nil
	}
	n := name{}
	if account, ok := strings.CutPrefix(elements[0], accountMark); ok && account != "" {
		n.account, elements = f.client.foreign(account), elements[1:]
	} else if target, ok := f.aliases[elements[0]]; ok {
		n = name{account: f.client.foreign(target.account), container: target.container}
		elements = elements[1:]
	}
	if n.container == "" && len(elements) > 0 {
		n.container, elements = unescapeElement(elements[0], true), elements[1:]
		if n.container == "" {
			return name{}, vfs.Errorf(vfs.ErrInvalidName, "a container cannot have an empty name")
		}
	}
	n.object = unescapeObject(elements)
	switch {
	case len(n.container) > maxContainerName:
		return name{}, vfs.Errorf(vfs.ErrInvalidName, "a top-level directory is a container, and its name is longer than %d bytes", maxContainerName)
	case len(n.object) > maxObjectName && !strings.HasPrefix(n.object, versionsDir+"/"): // the tree of versions has longer names
		return name{}, errLongName(n)
	}
	if err := n.checkDots(); err != nil {
		return name{}, err
	}
	return n, nil
}

func errLongName(n name) error {
	return vfs.Errorf(vfs.ErrInvalidName, "the path below the container %q is longer than the %d bytes that Swift allows", n.container, maxObjectName)
}

// foreign is an account as names have it: the login's own has no name there.
func (c *client) foreign(account string) string {
	if account == c.account {
		return ""
	}
	return account
}

// locateFile is locate for what must be an object: files lie in containers.
func (f *FS) locateFile(p vfs.Path) (name, error) {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return name{}, err
	case n.isAccount():
		return name{}, vfs.ErrIsDir
	case n.isContainer():
		return name{}, vfs.Errorf(vfs.ErrPermission,
			"files cannot lie at the top level: the directories there are containers; make one, or go into one, and put the file there")
	}
	return n, nil
}

// segments is the container that the segments of n's container lie in, in the same account: a manifest names nothing of another.
func (n name) segments() name {
	return name{account: n.account, container: segmentsContainer(n.container)}
}

// segmentsContainer is where the segments of a container's large objects lie.
func segmentsContainer(container string) string {
	if len(container)+len(segmentsSuffix) <= maxContainerName {
		return container + segmentsSuffix
	}
	return shorten(container, maxContainerName-len(segmentsSuffix)) + segmentsSuffix
}

// segmentsPrefix is what the names of all segments of an object begin with, whatever the upload:
// "object/", or for names so long that nothing could follow them a part of the name and its hash.
func segmentsPrefix(object string) string {
	if len(object) <= maxObjectName-segmentTail {
		return object + "/"
	}
	return shorten(object, maxObjectName-segmentTail) + "/"
}

// shorten cuts s to n bytes of which the last part is a hash of the whole.
func shorten(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	hash := shortMark + hex.EncodeToString(sum[:16])
	cut := n - len(hash)
	return strings.ToValidUTF8(s[:cut], "") + hash
}

// shortMark stands between what shorten leaves of a name and the hash of the whole.
const shortMark = "~"

// isShortened reports whether a container's name without segmentsSuffix is one that shorten has made.
func isShortened(container string) bool {
	const longest, hashLen = maxContainerName - len(segmentsSuffix), 32
	if len(container) <= longest-utf8.UTFMax || len(container) > longest {
		return false
	}
	_, err := hex.DecodeString(container[len(container)-hashLen:])
	return err == nil && strings.HasSuffix(container[:len(container)-hashLen], shortMark)
}
