package swift

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
)

// hiddenSegments removes the segments of dynamic large objects from a listing that has the manifest
// too, if an old server or client has put them in the same container: sftp-cloudfs has FILE and
// FILE.part/000000. They can still be reached by their own paths.
//
// A manifest is known when it is listed, so only segments that are listed after it are hidden. This
// includes the segments of all programs in use, because their names begin with that of the file.
// Filegate's own segments are also known by their names, if the file was renamed or does not exist
// yet: a directory FILE.part that contains only uploads is hidden. That takes one listing for each
// such directory that no manifest has explained.
type hiddenSegments struct {
	prefixes []string // of objects in the listed container
}

// maxHidden is how many manifests are remembered whose segments have not been listed yet.
const maxHidden = 1000

// hides reports whether an entry is a segment of an earlier entry, or the directory of such
// segments. It also remembers the prefix of the entry's own segments.
func (h *hiddenSegments) hides(dir api.Name, s listedEntry) bool {
	full := s.in(dir).Object
	if s.IsDir() {
		full += "/"
	}
	// A prefix that sorts before the entry, and that the entry does not begin with, matches no
	// later entry.
	h.prefixes = slices.DeleteFunc(h.prefixes, func(p string) bool { return p < full && !strings.HasPrefix(full, p) })
	hide := slices.ContainsFunc(h.prefixes, func(p string) bool {
		if upload, below := strings.CutPrefix(p, full); below && s.IsDir() && object.IsUploadID(strings.TrimSuffix(upload, "/")) {
			return true
		}
		return strings.HasPrefix(full, p) && (s.IsDir() && (full == p || full == p+"/") || object.IsDLOSegment(p, full))
	})
	if container, prefix, ok := strings.Cut(strings.TrimPrefix(s.segments, "/"), "/"); ok && container == dir.Container && prefix != "" && !hide {
		if prefix > full && len(h.prefixes) < maxHidden {
			h.prefixes = append(h.prefixes, prefix)
		}
	}
	return hide
}

// segmentContainers finds, in the listing of an account, the containers for segments of other
// containers' files: NAME_segments of filegate and other programs, and NAME+segments of Swift's own
// S3 interface. If NAME is not listed, such a container is an ordinary one.
type segmentContainers struct {
	open []string // listed containers whose names begin the current one's, the longest last
}

// has reports whether a container holds the segments of one that was listed before. The containers
// must be passed in the order of their names: then NAME comes before NAME_segments, and all names
// between the two begin with NAME.
func (s *segmentContainers) has(container string) bool {
	for n := len(s.open); n > 0 && !strings.HasPrefix(container, s.open[n-1]); n = len(s.open) {
		s.open = s.open[:n-1]
	}
	of, ok := api.CutSegmentsSuffix(container)
	known := ok && (slices.Contains(s.open, of) || api.IsShortened(of))
	s.open = append(s.open, container)
	return known
}

// visible returns the entries of a batch that are not hidden.
func (l *lister) visible(ctx context.Context, batch []listedEntry) ([]listedEntry, error) {
	if !l.fs.hideSegments {
		return batch, nil
	}
	batch = slices.DeleteFunc(batch, func(s listedEntry) bool { return l.hidden.hides(l.dir, s) })
	if l.dir.IsContainer() {
		batch = slices.DeleteFunc(batch, func(s listedEntry) bool { return s.IsDir() && object.IsSegmentPlace(s.Name) })
	}
	hide := make([]bool, len(batch))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, s := range batch {
		if s.IsDir() && l.dir.Container != "" && strings.HasSuffix(s.Name, object.PartSuffix) {
			g.Go(func() (err error) {
				hide[i], err = l.fs.holdsUploads(gctx, s.in(l.dir))
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	i := -1
	return slices.DeleteFunc(batch, func(listedEntry) bool { i++; return hide[i] }), nil
}

// maxUploadPages is how many pages of a directory are searched for entries other than uploads.
const maxUploadPages = 3

// holdsUploads reports whether a directory contains only the segments of uploads.
func (f *FS) holdsUploads(ctx context.Context, dir api.Name) (bool, error) {
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return false, api.Translate(err)
	}
	l := listing.Query{Prefix: dir.Prefix(), Delimiter: true, Limit: limits.Listing}
	for range maxUploadPages {
		page, err := f.lists.List(ctx, dir, l)
		if err != nil {
			return false, api.Translate(err)
		}
		if len(page) == 0 {
			return l.Marker != "", nil
		}
		for _, e := range page {
			upload, below := strings.CutSuffix(strings.TrimPrefix(e.Subdir, dir.Prefix()), "/")
			if !below || !object.IsUploadID(upload) {
				return false, nil
			}
		}
		l.Marker = page[len(page)-1].Key()
	}
	return false, nil
}
