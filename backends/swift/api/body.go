package api

import (
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"io"

	"filegate/core/vfs"
)

// Pieces is content in memory, in several parts.
type Pieces [][]byte

// Len returns the number of bytes.
func (p Pieces) Len() int64 {
	var n int64
	for _, b := range p {
		n += int64(len(b))
	}
	return n
}

// MD5 returns the MD5 of the content, in hex.
func (p Pieces) MD5() string {
	h := md5.New() //nolint:gosec // Swift's ETags are MD5
	for _, b := range p {
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// CopyAt copies bytes from off on to dst, and returns their number.
func (p Pieces) CopyAt(dst []byte, off int64) int {
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

// Reader returns a reader of the content for a request.
func (p Pieces) Reader() io.ReadSeeker { return &piecesReader{all: p, rest: p} }

// piecesReader reads the content. It can be rewound.
type piecesReader struct {
	all, rest Pieces
	off       int // in the first piece of rest
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

// Seek supports only the beginning; a request needs no other offset.
func (r *piecesReader) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, vfs.ErrUnsupported
	}
	r.rest, r.off = r.all, 0
	return 0, nil
}
