package object

import "time"

// Writing holds the options for writing files.
type Writing struct {
	// SegmentSize is the size of the first segments of a large object, in bytes. A file of up to
	// this size is stored as a plain object, unless parts of it were sent as segments because
	// memory was short or the client paused (see Writer.sealForRoom).
	SegmentSize int64
	// MaxSegmentSize is the size to which segments grow with the file, in bytes.
	MaxSegmentSize int64
	// Concurrency is the largest number of segments of one file that are sent in parallel.
	Concurrency int
	// Dynamic stores large files as dynamic large objects with their segments beside them, in the
	// layout of sftp-cloudfs.
	Dynamic bool
	// Retention is how long an interrupted upload can be resumed. 0: uploads are not kept and
	// cannot be resumed.
	Retention time.Duration
	// KeepModes stores the permission bits and owners that clients set, as metadata.
	KeepModes bool
	// MD5 and SHA256 select the checksums of whole files that are stored with them.
	MD5, SHA256 bool
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)
