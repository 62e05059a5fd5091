package object

import "time"

// Writing is how files are written.
type Writing struct {
	// SegmentSize is the size of the first segments of a large object, in bytes. Up to it a file is
	// stored as a plain object.
	SegmentSize int64
	// MaxSegmentSize is what segments grow to as the file does, in bytes.
	MaxSegmentSize int64
	// Concurrency is how many segments of one file are sent at the same time, at most.
	Concurrency int
	// Dynamic makes large files dynamic large objects with their segments beside them, in the layout
	// of sftp-cloudfs.
	Dynamic bool
	// Retention is how long an upload that was cut off can be gone on with. 0: not at all, and nothing
	// of it is kept.
	Retention time.Duration
	// KeepModes keeps the permission bits and owners that clients set, as metadata.
	KeepModes bool
	// MD5 and SHA256 are the checksums of whole files that are kept with them.
	MD5, SHA256 bool
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)
