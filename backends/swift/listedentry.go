package swift

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/core/cache"
	"filegate/core/vfs"
)

const (
	// headsAtOnce is how many HEADs a listing has under way.
	headsAtOnce = 32
	// measureAtOnce is how many entries of a listing are asked for before they are given out: the
	// first shall not wait for the last of a large page.
	measureAtOnce = 512
	// measureFirst is how many that are for the first entries, which somebody is waiting for.
	measureFirst = 64
)

// listedEntry is an entry of a listing that is about to be returned.
type listedEntry struct {
	vfs.Info
	// segments is what the names of its segments begin with, "container/prefix", where it is the
	// manifest of a dynamic large object and that is known.
	segments string
	// marker is the hash of the object that a directory has; empty where it is only a prefix.
	marker string
	// asked says that what the entry shows is from a HEAD, and not from a listing.
	asked bool
	// gone says that a HEAD has not found it: the row has outlived its object.
	gone bool
	// lies is where it is, unless that is at its name in the directory.
	lies api.Name
}

// in is the object of an entry in a directory.
func (s *listedEntry) in(dir api.Name) api.Name {
	if s.lies != (api.Name{}) {
		return s.lies
	}
	return dir.With(dir.Prefix() + api.UnescapeElement(s.Name, false))
}

// maxManifestBytes is the size of the largest file that is looked at as if it may be the manifest
// of a dynamic large object, in bytes. Any file may be one: programs that give it bytes of its own
// give it a word or two.
const maxManifestBytes = 256

// mayBeManifest reports whether an entry may be the manifest of a large object, of which a listing
// does not show the size.
func (s *listedEntry) mayBeManifest() bool {
	return !s.IsDir() && (s.isLikelyManifest() || s.Size <= maxManifestBytes)
}

// isLikelyManifest reports whether an entry is listed with the checksum of nothing: as the manifest
// of a dynamic large object, and by Ceph's RGW that of a static one, whatever the size.
func (s *listedEntry) isLikelyManifest() bool { return s.Version == api.EmptyETag }

// measure completes entries of a listing by what only a HEAD tells: the time that the file's owner
// gave it and, of the manifest of a dynamic large object, the size. What cannot be asked stays as
// the listing shows it, and what is not there is gone. At most so many HEADs are made as times
// says, which counts down; those that are likely to be manifests are always asked.
func (f *FS) measure(ctx context.Context, dir api.Name, page []listedEntry, times *int) error {
	if dir.IsAccount() {
		return f.measureContainers(ctx, dir, page, times)
	}
	grant, err := f.client.Grants.Current(ctx)
	if err != nil {
		return api.Translate(err)
	}
	account, err := api.AccountURL(grant.Endpoint, dir.Account)
	if err != nil {
		return api.Translate(err)
	}
	var keys []cache.Key
	var wanted []*listedEntry
	for i := range page {
		s := &page[i]
		hash := cmp.Or(s.marker, s.Version)
		if hash == "" || s.asked || !f.backend.cfg.ListTimes && !s.mayBeManifest() {
			continue
		}
		keys = append(keys, attrKey(account, s.in(dir), hash, s.ModTime, f.backend.cfg.KeepModes))
		wanted = append(wanted, s)
	}
	known := f.backend.attrs.get(ctx, keys)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, s := range wanted {
		if known[i] != nil {
			s.become(*known[i])
			continue
		}
		if !s.isLikelyManifest() {
			if *times == 0 {
				continue
			}
			*times--
		}
		g.Go(func() error {
			o, err := f.client.Head(gctx, s.in(dir))
			switch {
			case f.isGhost(gctx, s.in(dir), err):
				s.gone = !s.IsDir() // which may still have something in it
			case err == nil && o.IsDir() == s.IsDir():
				a := attrsOf(o)
				if !o.Modified.After(s.ModTime) { // else it is of another version than the one that is listed
					f.backend.attrs.put(gctx, keys[i], a)
				}
				s.become(a)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// become shows what a HEAD has told.
func (s *listedEntry) become(a attrs) {
	if !s.IsDir() {
		s.Size, s.Version, s.segments = a.Size, a.Version, a.Segments
	}
	s.Info = a.over(s.Info)
}

// attrsOf is what is kept of an object.
func attrsOf(o api.Object) attrs {
	return attrs{Size: o.Size, ModTime: o.ModTime, Version: o.Version(), Segments: o.DLO, Modes: o.Modes}
}

// measureContainers completes containers by the attributes that they were given. Listings do not
// show when those change, so that they are asked for again after some time.
func (f *FS) measureContainers(ctx context.Context, account api.Name, page []listedEntry, times *int) error {
	if !f.backend.cfg.ListTimes {
		return nil
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i := range page {
		s := &page[i]
		n := api.Name{Account: account.Account, Container: api.UnescapeElement(s.Name, true)}
		key, err := f.containerAttrsKey(ctx, n)
		if err != nil {
			return api.Translate(err)
		}
		var a attrs
		if text, ok := f.backend.local.Get(ctx, key); ok && json.Unmarshal(text, &a) == nil {
			s.become(a)
			continue
		}
		if *times == 0 {
			continue
		}
		*times--
		g.Go(func() error {
			resp, err := f.client.Send(gctx, api.Request{Method: http.MethodHead, Target: n, AnyPolicy: true})
			if err == nil {
				a := f.containerAttrs(resp.Header)
				s.become(a)
				if text, err := json.Marshal(a); err == nil {
					f.backend.local.Set(gctx, key, text, containerAttrsLife)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
