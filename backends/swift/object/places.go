package object

import (
	"slices"
	"strings"

	"filegate/backends/swift/api"
)

// isHiddenSegment reports whether a segment is one that only manifests use. A manifest can also be
// made over files that people see and use by their own names; those stay.
func isHiddenSegment(n, seg api.Name) bool {
	switch {
	case api.IsSegments(seg.Container):
		return true
	case seg.Container == n.Container:
		// The layout of sftp-cloudfs, and those of programs without a container of its own for
		// segments.
		rest, ok := strings.CutPrefix(seg.Object, n.Object)
		return ok && strings.Contains(rest, ".part/") || inSegmentPlace(seg.Object) || IsOwnPart(seg.Object)
	}
	return false
}

// IsOwnPart reports whether an object is a segment beside a file, of whatever name by now:
// FILE.part/<upload id>/<offset>-<sequence>.
func IsOwnPart(object string) bool {
	elements := strings.Split(object, "/")
	if len(elements) < 3 {
		return false
	}
	last := elements[len(elements)-3:]
	_, _, ok := parseSegmentName(last[2])
	return ok && IsUploadID(last[1]) && strings.HasSuffix(last[0], ".part")
}

// IsDLOSegment reports whether an object that begins with a manifest's prefix is one of its
// segments. Where the prefix does not end in a slash it may be the beginning of a stranger's name
// too: "file.part" is that of "file.partial".
func IsDLOSegment(prefix, object string) bool {
	rest := strings.TrimPrefix(object, prefix)
	if strings.HasSuffix(prefix, "/") {
		return rest != ""
	}
	rest = strings.TrimPrefix(rest, "/")
	return rest != "" && strings.Trim(rest, "0123456789") == ""
}

// inSegmentPlace reports whether an object lies in one of the segmentPlaces of its container.
func inSegmentPlace(object string) bool {
	top, _, below := strings.Cut(object, "/")
	return below && slices.Contains(segmentPlaces, top)
}

// blindPlace returns where the segments of a file in a drop box lie.
func blindPlace(n api.Name, upload string) (api.Name, error) {
	place := n.With(n.Object + PartSuffix + "/" + upload + "/")
	if len(place.Object)+api.SegmentTail > api.MaxObjectName {
		return api.Name{}, api.ErrLongName(n)
	}
	return place, nil
}

// PartSuffix ends the name of the directory that the segments of a file lie in, beside it.
const PartSuffix = ".part"

// segmentPlaces are directories at the top of a container in which other programs keep the segments
// of the container's files: Apache OpenDAL, and rclone where it uses no container of its own for
// them.
var segmentPlaces = []string{".segments", ".file-segments"}

// IsSegmentPlace reports whether a directory at the top of a container is one in which other programs
// keep the segments of the container's files.
func IsSegmentPlace(name string) bool { return slices.Contains(segmentPlaces, name) }
