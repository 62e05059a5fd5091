package swift

import (
	"slices"
	"strings"
)

// hiddenSegments leaves the segments of dynamic large objects out of a listing that has the manifest too, wherever an old server or client put them in the same
// container: sftp-cloudfs has FILE and FILE.part/000000. They stay reachable by their own path.
//
// A manifest is known when it is given out, so that what is hidden are segments that are listed after it. Those of all programs in use are:
// their names begin with that of the file.
type hiddenSegments struct {
	prefixes []string // of objects in the listed container
}

// maxHidden bounds how many manifests are remembered whose segments have not come yet.
const maxHidden = 1000

// hides says whether an entry is the directory that segments of an earlier one lie in, or one of them, and remembers what it says of segments itself.
func (h *hiddenSegments) hides(dir name, s shown) bool {
	full := s.in(dir).object
	if s.IsDir() {
		full += "/"
	}
	// What begins before the place that the listing has come to, and is no part of it, will not come any more.
	h.prefixes = slices.DeleteFunc(h.prefixes, func(p string) bool { return p < full && !strings.HasPrefix(full, p) })
	hide := slices.ContainsFunc(h.prefixes, func(p string) bool {
		return strings.HasPrefix(full, p) && (s.IsDir() && (full == p || full == p+"/") || isDLOSegment(p, full))
	})
	if container, prefix, ok := strings.Cut(strings.TrimPrefix(s.segments, "/"), "/"); ok && container == dir.container && prefix != "" && !hide {
		if prefix > full && len(h.prefixes) < maxHidden {
			h.prefixes = append(h.prefixes, prefix)
		}
	}
	return hide
}
