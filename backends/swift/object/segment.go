package object

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"filegate/backends/swift/api"
	//nolint:gosec // Swift's ETags are MD5
	"crypto/rand"
)

// Segment is an object that holds a part of files. All but data is fixed once it is made.
type Segment struct {
	name api.Name
	size int64
	etag string // MD5 of the content in hex; empty where Swift need not compare it
	link *link  // its place in the sums of the file; nil: it has none

	// data is the content until Swift has it, then nil; the writer's mu guards it.
	data api.Pieces
	// blocks go back to the budget when Swift has the content.
	blocks [][]byte
}

// memory returns how many bytes of memory go back when Swift has the content.
func (s *Segment) memory() (bytes int64) {
	for _, b := range s.blocks {
		bytes += int64(len(b))
	}
	return bytes
}

// newUploadID names one upload: sortable by time, and nobody else's.
func newUploadID(now time.Time) string {
	var r [4]byte
	rand.Read(r[:]) // never fails, by its documentation
	return now.UTC().Format(uploadTime) + "-" + hex.EncodeToString(r[:])
}

const uploadTime = "20060102T150405Z"

// IsUploadID reports whether s has the form of what newUploadID returns.
func IsUploadID(s string) bool {
	begun, random, ok := strings.Cut(s, "-")
	_, timeErr := time.Parse(uploadTime, begun)
	_, hexErr := hex.DecodeString(random)
	return ok && timeErr == nil && hexErr == nil && len(random) == 8
}

// segmentName is where the sequence'th segment of an upload lies, of which the content belongs at
// off.
func segmentName(place api.Name, off int64, sequence int) api.Name {
	return place.With(fmt.Sprintf("%s%016d-%06d", place.Object, off, sequence))
}

// HiddenPlace is where the segments of an upload lie, as what their names begin with, unless they
// are to lie beside the file.
func HiddenPlace(target api.Name, upload string) api.Name {
	return target.SegmentsContainer().With(api.SegmentsPrefix(target.Object) + upload + "/")
}

// PutSegment sends a segment of a file of of's container, and makes the container for segments if
// that is what is missing. It is eager where Swift has taken a segment of the same file already.
func (lo *Large) PutSegment(ctx context.Context, of api.Name, seg *Segment, data api.Pieces, eager bool) error {
	req := api.Request{
		Method: http.MethodPut, Target: seg.name, Body: data.Reader(), Length: seg.size, Eager: eager,
		Header: map[string]string{"Etag": seg.etag, "Content-Type": "application/octet-stream"},
	}
	_, err := lo.client.Send(ctx, req)
	if api.StatusOf(err) == http.StatusNotFound && seg.name.Top() == of.SegmentsContainer() {
		if err := lo.containers.makeForSegments(ctx, of); err != nil {
			return err
		}
		req.Body = data.Reader()
		_, err = lo.client.Send(ctx, req)
	}
	return err
}

// copiesAtOnce is how many segments of a file, or records of uploads, are under way at a time.
const copiesAtOnce = 8
