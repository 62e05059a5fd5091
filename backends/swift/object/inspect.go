package object

import (
	"context"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// This file is for programs that inspect a whole account, and so see objects without the files to
// which they belong.

// Part is a segment that the manifest of a static large object names.
type Part struct {
	Name   api.Name
	ETag   string // may be empty
	Size   int64  // of the whole segment
	Nested bool   // the segment is itself a static large object
}

// PartsOf returns the different segments in the manifest of a static large object, without those in
// nested manifests. The error is ErrNoManifest if the store does not return manifests; others are
// not translated.
func (lo *Large) PartsOf(ctx context.Context, n api.Name) ([]Part, error) {
	entries, err := lo.manifest(ctx, n)
	if err != nil {
		return nil, err
	}
	var all []Part
	seen := map[Part]bool{}
	for _, m := range entries {
		seg, ok := m.segment(n.Account)
		p := Part{Name: seg, ETag: m.Hash, Size: m.Bytes, Nested: m.SubSLO}
		if ok && !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	return all, nil
}

// nestedMark is in the names of nested manifests, after the name of a segment.
const nestedMark = "-manifest"

// CutOwnSegment divides the name of one of filegate's segments or nested manifests into the place,
// which is the prefix of the names of the upload's segments, and the rest. It returns false for
// other names.
func CutOwnSegment(object string) (place, rest string, ok bool) {
	i := strings.LastIndexByte(object, '/')
	place, rest = object[:i+1], object[i+1:]
	segment, level, nested := strings.Cut(rest, nestedMark)
	if _, _, ok := parseSegmentName(segment); !ok || nested && !isDigits(level) {
		return "", "", false
	}
	dir := strings.TrimSuffix(place, "/")
	j := strings.LastIndexByte(dir, '/')
	return place, rest, j > 0 && IsUploadID(dir[j+1:])
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// FileOfPlace returns the name of the file for which a place of segments was made, unless the place
// has a shortened name. The file may have another name now.
func FileOfPlace(place api.Name) (api.Name, bool) { return fileOfPlace(place) }

// UploadOf returns the file and the segments of a marker in a container for segments. It returns
// nil if the object is not a marker, or if the name of the container was shortened, so that the
// file's container is not known. The error is not translated.
func (u *Uploads) UploadOf(ctx context.Context, segments api.Name, marker listing.Entry) (target api.Name, p *CutOff, err error) {
	of := api.Name{Account: segments.Account, Container: strings.TrimSuffix(segments.Container, api.SegmentsSuffix)}
	target, upload, ok := parseMarker(of, marker.Name)
	if !ok || target.SegmentsContainer() != segments.Top() {
		return api.Name{}, nil, nil
	}
	p, err = u.replay(ctx, target, upload, marker)
	return target, p, err
}

// Changed returns when the last segment of the upload was stored, or when the upload was begun.
func (p *CutOff) Changed() time.Time { return p.modified }

// Segments returns the number of stored segments of the upload.
func (p *CutOff) Segments() int { return len(p.segments) }

// Stored returns how many bytes the segments of the upload have.
func (p *CutOff) Stored() int64 { return p.stored }

// UploadsPrefix is the prefix of the names of markers in a container for segments.
const UploadsPrefix = uploadsPrefix

// RenamesPrefix is the prefix of the names of records of renames in a container for segments.
const RenamesPrefix = renamesPrefix

// Record returns the rename in the record n, which must have a name with RenamesPrefix. The error
// is not translated.
func (j *Renames) Record(ctx context.Context, n api.Name) (Renaming, error) {
	return j.readRecord(ctx, n)
}
