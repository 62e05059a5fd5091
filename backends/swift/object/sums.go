package object

import (

	//nolint:gosec // Swift's ETags are MD5
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/minio/crc64nvme"

	"filegate/backends/internal/digest"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// sums are the checksums of the beginning of a file: the configured ones, and always the CRC-64.
// Downloads are checked by the CRC-64. It detects accidental damage as well as the others, at a
// fiftieth of their cost. The zero value has no checksums.
type sums struct {
	known  bool
	crc64  uint64
	md5    *digest.MD5 // nil: not configured
	sha256 hash.Hash   // nil: not configured
}

// noSums returns the checksums of an empty file.
func (c *Writing) noSums() sums {
	s := sums{known: true}
	if c.MD5 {
		first := digest.NewMD5()
		s.md5 = &first
	}
	if c.SHA256 {
		s.sha256 = sha256.New()
	}
	return s
}

// add adds bytes to all checksums except the MD5.
func (s *sums) add(p []byte) {
	s.crc64 = crc64nvme.Update(s.crc64, p)
	if s.sha256 != nil {
		s.sha256.Write(p)
	}
}

// clone returns an independent copy.
func (s sums) clone() sums {
	if s.md5 != nil {
		md5 := *s.md5
		s.md5 = &md5
	}
	if s.sha256 != nil {
		// According to its documentation, Clone may fail only for hashes of other packages.
		s.sha256, _ = s.sha256.(hash.Cloner).Clone()
	}
	return s
}

// header adds the checksums to the metadata of the file.
func (s sums) header(h map[string]string) {
	if !s.known {
		return
	}
	h[api.MetaCRC64] = fmt.Sprintf("%016x", s.crc64)
	if s.md5 != nil {
		h[api.MetaMD5] = s.md5.Hex()
	}
	if s.sha256 != nil {
		h[api.MetaSHA256] = hex.EncodeToString(s.sha256.Sum(nil))
	}
}

// Sums implements [vfs.SummedWriter].
func (w *Writer) Sums() vfs.Sums {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pub.sums
}
