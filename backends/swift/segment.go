package swift

import (
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"filegate/core/vfs"
)

// segmentTail is what follows the object's name in a segment's, in bytes, with room to spare.
const segmentTail = 64

// segment is an object that holds a part of files. All but data is fixed once it is made.
type segment struct {
	name name
	size int64
	etag string // MD5 of the content in hex; empty where Swift need not compare it
	link *link  // its place in the sums of the file; nil: it has none

	// data is the content until Swift has it, then nil; the writer's mu guards it.
	data pieces
	// blocks go back to the budget when Swift has the content.
	blocks [][]byte
}

// newUploadID names one upload: sortable by time, and nobody else's.
func newUploadID(now time.Time) string {
	var r [4]byte
	rand.Read(r[:]) // never fails, by its documentation
	return now.UTC().Format(uploadTime) + "-" + hex.EncodeToString(r[:])
}

const uploadTime = "20060102T150405Z"

// isUploadID says whether s has the form of what newUploadID returns.
func isUploadID(s string) bool {
	begun, random, ok := strings.Cut(s, "-")
	_, timeErr := time.Parse(uploadTime, begun)
	_, hexErr := hex.DecodeString(random)
	return ok && timeErr == nil && hexErr == nil && len(random) == 8
}

// segmentName is where the sequence'th segment of an upload lies, of which the content belongs at off.
func segmentName(place name, off int64, sequence int) name {
	return place.with(fmt.Sprintf("%s%016d-%06d", place.object, off, sequence))
}

// newName is that of the next segment. It is called with mu held.
func (w *writer) newName(off int64) name {
	w.sequence++
	return segmentName(w.place, off, w.sequence-1)
}

// hiddenPlace is where the segments of an upload lie, as what their names begin with, unless they are to lie beside the file.
func hiddenPlace(target name, upload string) name {
	return target.segments().with(segmentsPrefix(target.object) + upload + "/")
}

// putSegment sends a segment of a file of of's container, and makes the container for segments if that is what is missing. It is eager where Swift has taken a segment of the
// same file already.
func (f *FS) putSegment(ctx context.Context, of name, seg *segment, data pieces, eager bool) error {
	req := request{
		method: http.MethodPut, target: seg.name, body: data.reader(), length: seg.size, eager: eager,
		header: map[string]string{"Etag": seg.etag, "Content-Type": "application/octet-stream"},
	}
	_, err := f.client.send(ctx, req)
	if status(err) == http.StatusNotFound && seg.name.top() == of.segments() {
		if err := f.makeSegmentsContainer(ctx, of); err != nil {
			return err
		}
		req.body = data.reader()
		_, err = f.client.send(ctx, req)
	}
	return err
}

// pieces is a content in parts.
type pieces [][]byte

func (p pieces) len() int64 {
	var n int64
	for _, b := range p {
		n += int64(len(b))
	}
	return n
}

func (p pieces) md5() string {
	h := md5.New() //nolint:gosec // Swift's ETags are MD5
	for _, b := range p {
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readAt copies what is at off, as far as there is anything.
func (p pieces) readAt(dst []byte, off int64) int {
	n := 0
	for _, b := range p {
		if off >= int64(len(b)) {
			off -= int64(len(b))
			continue
		}
		c := copy(dst[n:], b[off:])
		n, off = n+c, 0
		if n == len(dst) {
			break
		}
	}
	return n
}

func (p pieces) reader() io.ReadSeeker { return &piecesReader{all: p, rest: p} }

// piecesReader reads a content in parts, and can begin again.
type piecesReader struct {
	all, rest pieces
	off       int // into the first of the rest
}

func (r *piecesReader) Read(p []byte) (int, error) {
	n := 0
	for len(r.rest) > 0 && n < len(p) {
		c := copy(p[n:], r.rest[0][r.off:])
		n, r.off = n+c, r.off+c
		if r.off == len(r.rest[0]) {
			r.rest, r.off = r.rest[1:], 0
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Seek goes to the beginning; a request needs no other place.
func (r *piecesReader) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, vfs.ErrUnsupported
	}
	r.rest, r.off = r.all, 0
	return 0, nil
}
