package vfs

import (
	"context"
	"crypto/md5" //nolint:gosec // it is what stores and clients compare
	"crypto/sha256"
)

// Algorithm is the name of a checksum algorithm.
type Algorithm string

// The algorithms that stores keep.
const (
	MD5    Algorithm = "md5"
	SHA256 Algorithm = "sha256"
)

// Size returns the length of a sum in bytes, or 0 for an unknown algorithm.
func (a Algorithm) Size() int {
	switch a {
	case MD5:
		return md5.Size
	case SHA256:
		return sha256.Size
	}
	return 0
}

// Sums are checksums of the whole content of a file.
type Sums map[Algorithm][]byte

// DigestFS is a store that has checksums of files without reading the files.
type DigestFS interface {
	FS
	// Digest returns the known checksums of the file name, possibly none, or ErrNotExist or
	// ErrIsDir. They belong to the content that is published at this time, and never to another.
	Digest(ctx context.Context, name Path) (Sums, error)
}

// Digest returns the checksums of the file name that are known without reading it, or
// ErrUnsupported if the store has none.
func Digest(ctx context.Context, fsys FS, name Path) (Sums, error) {
	if f, ok := fsys.(DigestFS); ok {
		return f.Digest(ctx, name)
	}
	return nil, Errorf(ErrUnsupported, "this store keeps no checksums")
}

// SummedWriter is a Writer that knows checksums of its published content.
type SummedWriter interface {
	Writer
	// Sums returns the checksums that are known without asking the store. It is called after a
	// successful Commit.
	Sums() Sums
}

// WriterSums returns the known checksums of the content that a writer has published.
func WriterSums(w Writer) Sums {
	if s, ok := w.(SummedWriter); ok {
		return s.Sums()
	}
	return nil
}

// SummedFile is a File that knows checksums of its whole content.
type SummedFile interface {
	File
	// Sums returns the checksums that are known without asking the store.
	Sums() Sums
}

// FileSums returns the known checksums of the whole content of an open file.
func FileSums(f File) Sums {
	if s, ok := f.(SummedFile); ok {
		return s.Sums()
	}
	return nil
}
