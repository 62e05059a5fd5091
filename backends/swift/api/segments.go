package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// CutSegmentsSuffix returns the name that the name of a container of segments begins with.
func CutSegmentsSuffix(container string) (of string, ok bool) {
	for _, suffix := range []string{SegmentsSuffix, "+segments"} {
		if of, ok := strings.CutSuffix(container, suffix); ok && of != "" {
			return of, true
		}
	}
	return "", false
}

// SegmentsContainer returns the container that the segments of n's container lie in. It is in the
// same account: a manifest names nothing of another.
func (n Name) SegmentsContainer() Name {
	return Name{Account: n.Account, Container: SegmentsContainer(n.Container)}
}

// SegmentsContainer returns the container that the segments of a container's large objects lie in.
func SegmentsContainer(container string) string {
	if len(container)+len(SegmentsSuffix) <= MaxContainerName {
		return container + SegmentsSuffix
	}
	return shorten(container, MaxContainerName-len(SegmentsSuffix)) + SegmentsSuffix
}

// SegmentsPrefix returns what the names of all segments of an object begin with, whatever the
// upload: "object/", or for names so long that nothing could follow them a part of the name and its
// hash.
func SegmentsPrefix(object string) string {
	if len(object) <= MaxObjectName-SegmentTail {
		return object + "/"
	}
	return shorten(object, MaxObjectName-SegmentTail) + "/"
}

// shorten returns s cut to n bytes, of which the last are a hash of s.
func shorten(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	hash := shortMark + hex.EncodeToString(sum[:16])
	cut := n - len(hash)
	return strings.ToValidUTF8(s[:cut], "") + hash
}

// shortMark stands between what shorten leaves of a name and the hash of the whole.
const shortMark = "~"

// IsShortened reports whether a container's name without SegmentsSuffix is one that shorten has
// made.
func IsShortened(container string) bool {
	const longest, hashLen = MaxContainerName - len(SegmentsSuffix), 32
	if len(container) <= longest-utf8.UTFMax || len(container) > longest {
		return false
	}
	_, err := hex.DecodeString(container[len(container)-hashLen:])
	return err == nil && strings.HasSuffix(container[:len(container)-hashLen], shortMark)
}

// IfNoneMatch is the header by which Swift takes a new object only where there is none of its name.
const IfNoneMatch = "If-None-Match"

// SegmentTail is how many bytes the name of a segment may have after that of its object.
const SegmentTail = 64

// OpenSegments tells what has to be done so that others may use the large files of n's container.
func OpenSegments(n Name) string {
	return fmt.Sprintf("ask the owner of %q to run \"swift post %s -r READ -w WRITE\", with the Read ACL and the Write ACL that \"swift stat %s\" shows",
		n.Container, n.SegmentsContainer().Container, n.Container)
}

// SegmentsOf returns the container whose files the segment n belongs to: the one that n lies in, or
// the one that this is named after.
func (n Name) SegmentsOf() Name {
	if of, ok := CutSegmentsSuffix(n.Container); ok {
		return Name{Account: n.Account, Container: of}
	}
	return n.Top()
}

// IsUnlogged reports whether an object lies in a container of segments, where no client waits to
// see it. What begins with a dot there is a record of this package's, and logged.
func IsUnlogged(n Name) bool { return IsSegments(n.Container) && !strings.HasPrefix(n.Object, ".") }

// IsSegments reports whether a container is named as one that only manifests use.
func IsSegments(container string) bool {
	_, ok := CutSegmentsSuffix(container)
	return ok
}
