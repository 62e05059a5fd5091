package object

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"filegate/backends/swift/api"
)

// newUploadID returns a unique ID for an upload. IDs sort by time.
func newUploadID(now time.Time) string {
	var r [4]byte
	rand.Read(r[:]) // never fails, by its documentation
	return now.UTC().Format(uploadTime) + "-" + hex.EncodeToString(r[:])
}

const uploadTime = "20060102T150405Z"

// IsUploadID reports whether s has the form of an upload ID.
func IsUploadID(s string) bool {
	begun, random, ok := strings.Cut(s, "-")
	_, timeErr := time.Parse(uploadTime, begun)
	_, hexErr := hex.DecodeString(random)
	return ok && timeErr == nil && hexErr == nil && len(random) == 8
}

// segmentName returns the name of a segment of an upload with its number in sequence. Its content
// belongs at off.
func segmentName(place api.Name, off int64, sequence int) api.Name {
	return place.With(fmt.Sprintf("%s%016d-%06d", place.Object, off, sequence))
}

// HiddenPlace returns the usual place of the segments of an upload, which is the prefix of their
// names. It is used unless the segments must be beside the file.
func HiddenPlace(target api.Name, upload string) api.Name {
	return target.SegmentsContainer().With(api.SegmentsPrefix(target.Object) + upload + "/")
}
