package session

import (
	"context"
	"crypto/md5"  //nolint:gosec // clients compare it
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"

	"filegate/core/vfs"
)

// Hash is a checksum algorithm that clients can ask for.
type Hash struct {
	Name string // md5, sha1, sha256, sha384, sha512, crc32
	New  func() hash.Hash
	kept vfs.Algorithm // algorithm under which a store may keep it; empty: none
}

// HashNamed returns the algorithm with this name, and reports whether it exists.
func HashNamed(name string) (h Hash, ok bool) {
	switch h.Name = name; name {
	case "md5":
		h.New, h.kept = md5.New, vfs.MD5
	case "sha1":
		h.New = sha1.New
	case "sha256":
		h.New, h.kept = sha256.New, vfs.SHA256
	case "sha384":
		h.New = sha512.New384
	case "sha512":
		h.New = sha512.New
	case "crc32":
		h.New = func() hash.Hash { return crc32.NewIEEE() }
	default:
		return Hash{}, false
	}
	return h, true
}

// KeptChecksum returns the checksum of a whole file from the store, or nil if the store does not
// keep it.
func (s *Session) KeptChecksum(ctx context.Context, name vfs.Path, h Hash) []byte {
	if h.kept == "" {
		return nil
	}
	sums, err := s.Digest(ctx, name)
	if err != nil {
		return nil // reading the file will report the error
	}
	return sums[h.kept]
}

// Checksum returns the checksum of a whole file. It uses the store's checksum, or reads the file.
func (s *Session) Checksum(ctx context.Context, name vfs.Path, h Hash) ([]byte, error) {
	if sum := s.KeptChecksum(ctx, name, h); len(sum) > 0 {
		return sum, nil
	}
	f, err := s.Open(ctx, name, vfs.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	made := h.New()
	if _, err := f.WriteTo(made); err != nil {
		return nil, err
	}
	return made.Sum(nil), nil
}
