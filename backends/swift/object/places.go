package object

import (
	"slices"
	"strings"

	"filegate/backends/swift/api"
)

// isHiddenSegment reports whether a segment is used only by manifests. A manifest can also consist
// of files that users see and use by their own names. Such files are never deleted with the
// manifest.
func isHiddenSegment(n, seg api.Name) bool {
	switch {
	case api.IsSegments(seg.Container):
		return true
	case seg.Container == n.Container:
		// The layout of sftp-cloudfs, and those of programs without a separate container for
		// segments.
		rest, ok := strings.CutPrefix(seg.Object, n.Object)
		return ok && strings.Contains(rest, ".part/") || inSegmentPlace(seg.Object) || IsOwnPart(seg.Object)
	}
	return false
}

// IsOwnPart reports whether an object is a segment beside a file, which may have been renamed
// since: FILE.part/<upload id>/<offset>-<sequence>.
func IsOwnPart(object string) bool {
	elements := strings.Split(object, "/")
	if len(elements) < 3 {
		return false
	}
	last := elements[len(elements)-3:]
	_, _, ok := parseSegmentName(last[2])
	return ok && IsUploadID(last[1]) && strings.HasSuffix(last[0], ".part")
}

// IsDLOSegment reports whether an object whose name begins with a manifest's prefix is one of its
// segments. If the prefix does not end in a slash, other names may begin with it too: "file.part"
// is a prefix of "file.partial".
func IsDLOSegment(prefix, object string) bool {
	rest := strings.TrimPrefix(object, prefix)
	if strings.HasSuffix(prefix, "/") {
		return rest != ""
	}
	rest = strings.TrimPrefix(rest, "/")
	return rest != "" && strings.Trim(rest, "0123456789") == ""
}

// inSegmentPlace reports whether an object is in one of the segmentPlaces of its container.
func inSegmentPlace(object string) bool {
	top, _, below := strings.Cut(object, "/")
	return below && slices.Contains(segmentPlaces, top)
}

// blindPlace returns the place of the segments of a file in a container that the login may write to
// but not read.
func blindPlace(n api.Name, upload string) (api.Name, error) {
	place := n.With(n.Object + PartSuffix + "/" + upload + "/")
	if len(place.Object)+api.SegmentTail > api.MaxObjectName {
		return api.Name{}, api.ErrLongName(n)
	}
	return place, nil
}

// PartSuffix is the suffix of the directory with a file's segments beside it.
const PartSuffix = ".part"

// segmentPlaces are top directories of a container in which other programs keep the segments of its
// files: Apache OpenDAL, and rclone if it uses no separate container.
var segmentPlaces = []string{".segments", ".file-segments"}

// IsSegmentPlace reports whether a top directory of a container is one in which other programs keep
// segments.
func IsSegmentPlace(name string) bool { return slices.Contains(segmentPlaces, name) }
