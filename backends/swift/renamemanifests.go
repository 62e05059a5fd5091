package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// A directory's rename would move segments that are in the directory away from the files that they
// belong to. So before anything is moved, each large file with segments there gets content of its
// own at its new name. When all have it, the old manifests are deleted, and then the segments that
// no other file needs: two manifests may name the same segments.
//
// Only a HEAD shows which objects are large. A listing does not: any object may be the manifest of
// a dynamic large object, and not every store marks those of static ones.

// settledFile is a large file that has content of its own at its new name, and still exists at the
// old one.
type settledFile struct {
	from api.Name
	own  []api.Name // the segments that are deleted with it
}

// preparing prepares the rename of a directory.
type preparing struct {
	*move
	mu    sync.Mutex
	files []settledFile
	bytes int // total length of the names in files
}

// maxSettled is the limit on the total length of the names that wait for deletion, in bytes.
const maxSettled = 64 * mib

// settleManifests gives the large files with segments in the directory content of their own at
// their new names.
func (m *move) settleManifests(ctx context.Context) error {
	s := &preparing{move: m}
	err := m.eachPageBelow(ctx, m.From, func(ctx context.Context, page []listing.Entry) error {
		manifests, err := m.manifestsIn(ctx, page)
		if err != nil {
			return err
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(movesAtOnce)
		for from, o := range manifests {
			g.Go(func() error { return s.settle(gctx, from, o) })
		}
		return g.Wait()
	})
	if err != nil {
		return err
	}
	if err := s.each(ctx, func(ctx context.Context, file settledFile) error { return m.client.Delete(ctx, file.from) }); err != nil {
		return api.Translate(err)
	}
	return s.each(ctx, func(ctx context.Context, file settledFile) error {
		m.renames.Release(ctx, file.from, slices.DeleteFunc(file.own, func(seg api.Name) bool {
			return m.From.Contains(seg) && m.behind.stays(seg.Object)
		}))
		return nil
	})
}

// each calls do for each settled file, several at a time.
func (s *preparing) each(ctx context.Context, do func(context.Context, settledFile) error) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(movesAtOnce)
	for _, file := range s.files {
		g.Go(func() error { return do(gctx, file) })
	}
	return g.Wait()
}

// manifestsIn returns the large objects of a page.
func (m *move) manifestsIn(ctx context.Context, page []listing.Entry) (map[api.Name]api.Object, error) {
	page, err := m.mayBeManifests(ctx, page)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := map[api.Name]api.Object{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for _, e := range page {
		g.Go(func() error {
			n := m.From.With(e.Name)
			o, err := m.client.Head(gctx, n)
			switch {
			case api.StatusOf(err) == http.StatusNotFound, api.CannotFollow(err):
				return nil
			case err != nil:
				// Its segments are not known, and may be among the other entries.
				return unknownEntry(n, api.Translate(err))
			case o.IsLarge() && !o.ThroughLink:
				mu.Lock()
				defer mu.Unlock()
				all[n] = o
			}
			return nil
		})
	}
	return all, g.Wait()
}

// mayBeManifests returns the entries of a page that may be large objects, as far as is known
// without a HEAD.
func (m *move) mayBeManifests(ctx context.Context, page []listing.Entry) ([]listing.Entry, error) {
	grant, err := m.client.Grants.Current(ctx)
	if err != nil {
		return nil, api.Translate(err)
	}
	account, err := api.AccountURL(grant.Endpoint, m.From.Account)
	if err != nil {
		return nil, api.Translate(err)
	}
	page = slices.DeleteFunc(slices.Clone(page), func(e listing.Entry) bool {
		// An entry with "." or ".." as an element stays, and cannot be requested.
		return api.IsDirectoryType(e.ContentType) || e.IsLink() || m.From.With(e.Name).CheckDots() != nil
	})
	keys := make([]cache.Key, len(page))
	for i, e := range page {
		keys[i] = attrKey(account, m.From.With(e.Name), e.Version(), e.Time(m.opened), m.backend.cfg.KeepModes)
	}
	known, i := m.backend.attrs.get(ctx, keys), -1
	return slices.DeleteFunc(page, func(e listing.Entry) bool {
		i++
		a := known[i]
		return a != nil && a.Segments == "" && a.Version == e.Hash && e.SLOEtag == ""
	}), nil
}

// settle gives a large file content of its own at its new name, if it has segments in the
// directory.
func (s *preparing) settle(ctx context.Context, from api.Name, o api.Object) error {
	all, err := s.large.EverySegment(ctx, from, o)
	switch {
	case errors.Is(err, object.ErrNoManifest): // its segments may be in the directory
	case api.StatusOf(err) == http.StatusNotFound:
		return nil
	case err != nil:
		return unknownEntry(from, api.Translate(err))
	}
	inside := slices.DeleteFunc(all, func(seg api.Name) bool { return !s.From.Contains(seg) })
	if len(inside) == 0 && err == nil {
		return nil
	}
	own, err := s.giveContent(ctx, from, o)
	if err != nil {
		if left := s.behind.leave(from, err); left != nil {
			return left
		}
		prefix := ""
		if container, p := o.DLOPrefix(from); o.DLO != "" && container == s.From.Top() {
			prefix = p
		}
		return s.behind.need(inside, prefix)
	}
	size := len(from.Object)
	for _, seg := range own {
		size += len(seg.Object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes += size; s.bytes > maxSettled {
		return vfs.Errorf(vfs.ErrTooLarge, "the parts of too many large files lie in this directory: rename the directories in it one by one first")
	}
	s.files = append(s.files, settledFile{from: from, own: own})
	return nil
}

// giveContent copies a large file to its new name, and returns the segments that are deleted with
// the old one.
func (s *preparing) giveContent(ctx context.Context, from api.Name, o api.Object) ([]api.Name, error) {
	to, _ := s.Sibling(from)
	if err := s.checkEntry(ctx, from, to); err != nil {
		return nil, err
	}
	own, err := s.large.FreedBy(ctx, from, o)
	if err != nil {
		return nil, api.Translate(err)
	}
	if s.resumed {
		switch twin, err := s.client.Head(ctx, to); {
		case err == nil && twin.Header.Get(api.MetaCopyOf) == o.ETag:
			return own, nil
		case err != nil && api.StatusOf(err) != http.StatusNotFound:
			return nil, api.Translate(err)
		}
	}
	return own, s.writers.Copy(ctx, from, o, to)
}

// unknownEntry returns the error of a failure to find out which segments an entry has.
func unknownEntry(n api.Name, err error) error {
	kind := vfs.Kind(err)
	if kind == nil {
		return err
	}
	return &vfs.Error{
		Kind: kind, Err: err,
		Text: fmt.Sprintf("nothing was moved: %q may be a large file, and the storage does not show which entries are its segments: %s", n.InAccount(), vfs.ClientText(err)),
	}
}
