package sftp

import (
	"bytes"
	"io"
	"math"

	"filegate/core/session"
	"filegate/core/vfs"
)

// Checksums of a file or of its blocks: the extension check-file
// (draft-ietf-secsh-filexfer-extensions-00, section 3).

const (
	// minHashBlock is the smallest block size that the draft allows, in bytes.
	minHashBlock = 256
	// hashPiece is how much is read at a time for a checksum, in bytes.
	hashPiece = 256 << 10
)

// hashes returns the names of the checksums in the protocol, the preferred one first.
func hashes() []string { return []string{"sha256", "sha512", "sha384", "sha1", "md5", "crc32"} }

func checkFile(c *channel, r *request) ([]byte, error) {
	var h session.Hash
	known := false
	for _, name := range hashes() {
		if hasHash(r.raw[0], name) {
			h, known = session.HashNamed(name)
			break
		}
	}
	off, length, block := r.numbers[0], r.numbers[1], r.numbers[2]
	switch {
	case !known:
		return nil, vfs.Errorf(vfs.ErrUnsupported, "unsupported checksums: ask for sha256, sha512, sha1, md5 or crc32")
	case off > math.MaxInt64 || length > math.MaxInt64-off:
		return nil, errTooLarge
	case block != 0 && block < minHashBlock:
		return nil, vfs.Errorf(vfs.ErrInvalid, "a block must have at least %d bytes", minHashBlock)
	}
	sums, err := c.sums(r, h, int64(off), int64(length), int64(block))
	if err != nil {
		return nil, err
	}
	p := appendString(answer(typeExtendedReply, r.id), "check-file")
	return append(appendString(p, h.Name), sums...), nil
}

// sums returns the checksums of a part of a file: one for each block, or one for all if block is 0.
// A length of 0 means to the end.
func (c *channel) sums(r *request, kind session.Hash, off, length, block int64) ([]byte, error) {
	from, size, path, done, err := c.contentOf(r)
	if err != nil {
		return nil, err
	}
	defer done()
	if off > size {
		return nil, vfs.Errorf(vfs.ErrInvalid, "the file ends before that")
	}
	if length == 0 || length > size-off {
		length = size - off
	}
	h := kind.New()
	if block == 0 {
		block = max(length, 1)
	}
	if max((length+block-1)/block, 1)*int64(h.Size()) > maxNames {
		return nil, vfs.Errorf(vfs.ErrInvalid, "too many blocks for one answer: ask for larger ones, or for a part of the file")
	}
	if path != "" && length == size && block >= size {
		// A checksum of the whole file that the store keeps saves reading the file.
		if sum := c.sess.KeptChecksum(c.ctx, path, kind); len(sum) > 0 {
			return sum, nil
		}
	}
	var sums bytes.Buffer
	buf := make([]byte, min(hashPiece, block))
	for first := true; first || length > 0; first = false {
		h.Reset()
		for left := min(block, length); left > 0; {
			if err := c.ctx.Err(); err != nil {
				return nil, err
			}
			piece := buf[:min(left, int64(len(buf)))]
			n, err := from.ReadAt(piece, off)
			if n < len(piece) {
				if err == nil || err == io.EOF {
					err = vfs.ErrChanged
				}
				return nil, err
			}
			h.Write(piece)
			off, left, length = off+int64(n), left-int64(n), length-int64(n)
		}
		sums.Write(h.Sum(nil))
	}
	return sums.Bytes(), nil
}

// contentOf returns the content of the file of a request, its size, and the name under which the
// store may have checksums of exactly this content. The name is empty if there is none.
func (c *channel) contentOf(r *request) (from io.ReaderAt, size int64, path vfs.Path, done func(), err error) {
	if r.handle != nil {
		if !r.handle.reads() {
			return nil, 0, "", nil, vfs.Errorf(vfs.ErrInvalid, "the file is not open for reading")
		}
		from, err = r.handle.file.source()
		return from, r.handle.file.size(), "", func() {}, err
	}
	if err := c.present(r.names[0]); err != nil {
		return nil, 0, "", nil, err
	}
	f, err := c.sess.Open(c.ctx, r.names[0].Path, vfs.OpenOptions{})
	if err != nil {
		return nil, 0, "", nil, err
	}
	return f, f.Info().Size, r.names[0].Path, func() { _ = f.Close() }, nil
}
