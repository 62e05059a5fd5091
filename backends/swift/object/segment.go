package object

import (
	"context"
	"net/http"

	"filegate/backends/swift/api"
)

// Segment is an object that holds a part of a file. Its fields do not change after its creation,
// except for data.
type Segment struct {
	name api.Name
	size int64
	etag string         // MD5 of the content in hex; empty: Swift does not check it
	link *chainPosition // its position in the chain of checksums; nil: none
	// opaque is set for a large object whose parts are not known, and which the store cannot copy.
	// Its content is read and written again.
	opaque bool

	// data is the content until it is stored, then nil. The writer's mu guards it.
	data api.Pieces
	// blocks are given back to the budget when the content is stored.
	blocks [][]byte
}

// memory returns the number of bytes of memory that are given back when the content is stored.
func (s *Segment) memory() (bytes int64) {
	for _, b := range s.blocks {
		bytes += int64(len(b))
	}
	return bytes
}

// PutSegment sends a segment of a file in of's container. If the container for segments does not
// exist, PutSegment creates it. eager reports whether Swift has already stored a segment of the
// same file.
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

// copiesAtOnce is the number of copies of segments, or of requests for markers of uploads, that run
// in parallel.
const copiesAtOnce = 8
