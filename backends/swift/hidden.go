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

// hiddenSegments leaves the segments of dynamic large objects out of a listing that has the
// manifest too, wherever an old server or client put them in the same container: sftp-cloudfs has
// FILE and FILE.part/000000. They stay reachable by their own path.
//
// A manifest is known when it is given out, so that what is hidden are segments that are listed
// after it. Those of all programs in use are: their names begin with that of the file. Our own are
// known by their names too, where the file has another one by now, or is not there yet: a directory
// FILE.part with nothing in it but uploads is hidden, which takes one listing for each that no
// manifest has explained.
type hiddenSegments struct {
	prefixes []string // of objects in the listed container
}

// maxHidden bounds how many manifests are remembered whose segments have not come yet.
const maxHidden = 1000

// hides reports whether an entry is the directory that segments of an earlier one lie in, or one of
// them, and remembers what it says of segments itself.
func (h *hiddenSegments) hides(dir api.Name, s listedEntry) bool {
	full := s.in(dir).Object
	if s.IsDir() {
		full += "/"
	}
	// What begins before the place that the listing has come to, and is no part of it, will not
	// come any more.
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

// segmentContainers finds, in the listing of an account, the containers of the segments of another
// container's files: NAME_segments of filegate and others, and NAME+segments of Swift's own S3
// interface. One whose NAME is not there is an ordinary container.
type segmentContainers struct {
	open []string // the containers before with whose names the present one begins, the longest last
}

// has reports whether a container holds the segments of one that came before it. The containers
// must come in the order of their names: NAME comes before NAME_segments then, and all between the
// two begin with NAME.
func (s *segmentContainers) has(container string) bool {
	for n := len(s.open); n > 0 && !strings.HasPrefix(container, s.open[n-1]); n = len(s.open) {
		s.open = s.open[:n-1]
	}
	of, ok := api.CutSegmentsSuffix(container)
	known := ok && (slices.Contains(s.open, of) || api.IsShortened(of))
	s.open = append(s.open, container)
	return known
}

// visible returns what of a batch is to be seen.
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

// maxUploadPages bounds how many pages of a directory are looked at for anything but uploads.
const maxUploadPages = 3

// holdsUploads reports whether a directory has nothing in it but the segments of uploads.
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
