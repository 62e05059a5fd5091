package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// CutSegmentsSuffix returns the name of a segments container without its suffix.
func CutSegmentsSuffix(container string) (of string, ok bool) {
	for _, suffix := range []string{SegmentsSuffix, "+segments"} {
		if of, ok := strings.CutSuffix(container, suffix); ok && of != "" {
			return of, true
		}
	}
	return "", false
}

// SegmentsContainer returns the container for the segments of n's container. It is in the same
// account, because a manifest cannot refer to another account.
func (n Name) SegmentsContainer() Name {
	return Name{Account: n.Account, Container: SegmentsContainer(n.Container)}
}

// SegmentsContainer returns the name of the container for the segments of a container's large
// objects.
func SegmentsContainer(container string) string {
	if len(container)+len(SegmentsSuffix) <= MaxContainerName {
		return container + SegmentsSuffix
	}
	return shorten(container, MaxContainerName-len(SegmentsSuffix)) + SegmentsSuffix
}

// SegmentsPrefix returns the prefix of the names of all segments of an object, for all uploads:
// "object/". If the object's name is too long for that, it is a part of the name and a hash.
func SegmentsPrefix(object string) string {
	if len(object) <= MaxObjectName-SegmentTail {
		return object + "/"
	}
	return shorten(object, MaxObjectName-SegmentTail) + "/"
}

// shorten returns s cut to n bytes, which end in a hash of s.
func shorten(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	hash := shortMark + hex.EncodeToString(sum[:16])
	cut := n - len(hash)
	return strings.ToValidUTF8(s[:cut], "") + hash
}

// shortMark separates the beginning of a shortened name from its hash.
const shortMark = "~"

// IsShortened reports whether a container's name, without SegmentsSuffix, was made by shorten.
func IsShortened(container string) bool {
	const longest, hashLen = MaxContainerName - len(SegmentsSuffix), 32
	if len(container) <= longest-utf8.UTFMax || len(container) > longest {
		return false
	}
	_, err := hex.DecodeString(container[len(container)-hashLen:])
	return err == nil && strings.HasSuffix(container[:len(container)-hashLen], shortMark)
}

// IfNoneMatch is the header that makes Swift refuse an object if its name exists.
const IfNoneMatch = "If-None-Match"

// SegmentTail is how many bytes the name of a segment may have after the name of its object.
const SegmentTail = 64

// OpenSegments returns a text that tells how others can be permitted to use the large files of n's
// container.
func OpenSegments(n Name) string {
	return fmt.Sprintf("ask the owner of %q to run \"swift post %s -r READ -w WRITE\", with the Read ACL and the Write ACL that \"swift stat %s\" shows",
		n.Container, n.SegmentsContainer().Container, n.Container)
}

// SegmentsOf returns the container with the file to which the segment n belongs: the container of
// n, or the one after which that is named.
func (n Name) SegmentsOf() Name {
	if of, ok := CutSegmentsSuffix(n.Container); ok {
		return Name{Account: n.Account, Container: of}
	}
	return n.Top()
}

// IsUnlogged reports whether an object is a segment, whose changes clients do not see, so that they
// need not be logged. Objects in a segments container whose names begin with a dot are records of
// filegate, and are logged.
func IsUnlogged(n Name) bool { return IsSegments(n.Container) && !strings.HasPrefix(n.Object, ".") }

// IsSegments reports whether a container has the name of a segments container.
func IsSegments(container string) bool {
	_, ok := CutSegmentsSuffix(container)
	return ok
}
