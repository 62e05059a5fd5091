package swift

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

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

// name is where a path lies in Swift: the account (both empty), a container (object empty), or an object.
type name struct{ container, object string }

func (n name) isAccount() bool   { return n.container == "" }
func (n name) isContainer() bool { return n.container != "" && n.object == "" }
func (n name) isObject() bool    { return n.object != "" }

// String is "/container/object", as Swift's manifests and headers want it, not quoted.
func (n name) String() string {
	if n.isObject() {
		return "/" + n.container + "/" + n.object
	}
	return "/" + n.container
}

// prefix is what the names of all objects below a directory begin with.
func (n name) prefix() string {
	if n.isObject() {
		return n.object + "/"
	}
	return ""
}

// locate tells where a path lies in Swift.
func locate(p vfs.Path) (name, error) {
	if p.IsRoot() {
		return name{}, nil
	}
	container, object, _ := strings.Cut(string(p[1:]), "/")
	switch {
	case len(container) > maxContainerName:
		return name{}, vfs.Errorf(vfs.ErrInvalidName, "a top-level directory is a container, and its name is longer than %d bytes", maxContainerName)
	case len(object) > maxObjectName:
		return name{}, vfs.Errorf(vfs.ErrInvalidName, "the path below %q is longer than the %d bytes that Swift allows", "/"+container, maxObjectName)
	}
	return name{container, object}, nil
}

// locateFile is locate for what must be an object: files lie in containers.
func locateFile(p vfs.Path) (name, error) {
	n, err := locate(p)
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
	hash := "~" + hex.EncodeToString(sum[:16])
	cut := n - len(hash)
	return strings.ToValidUTF8(s[:cut], "") + hash
}
