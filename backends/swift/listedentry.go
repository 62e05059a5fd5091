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
	// headsAtOnce is how many HEADs a listing has in progress at most.
	headsAtOnce = 32
	// measureAtOnce is how many entries of a listing are completed by HEADs before they are
	// returned: the first entries of a large page must not wait for the last.
	measureAtOnce = 512
	// measureFirst is that number for the first entries, because the client is waiting for them.
	measureFirst = 64
)

// listedEntry is an entry of a listing that is about to be returned.
type listedEntry struct {
	vfs.Info
	// segments is the prefix of its segments' names, "container/prefix", if the entry is the
	// manifest of a dynamic large object and the prefix is known.
	segments string
	// marker is the hash of the object of a directory; empty if the directory is only a prefix.
	marker string
	// contentType is that of a file in the listing.
	contentType string
	// asked is true if the entry's attributes are from a HEAD and not from a listing.
	asked bool
	// gone is true if a HEAD has not found the object of the row.
	gone bool
	// lies is the name of the object, if that is not the name of the entry in the directory.
	lies api.Name
}

// in returns the object of an entry in a directory.
func (s *listedEntry) in(dir api.Name) api.Name {
	if s.lies != (api.Name{}) {
		return s.lies
	}
	return dir.With(dir.Prefix() + api.UnescapeElement(s.Name, false))
}

// maxManifestBytes is the size of the largest file that is treated as a possible manifest of a
// dynamic large object, in bytes. Any file may be one, but programs that give a manifest bytes of
// its own write only a word or two.
const maxManifestBytes = 256

// mayBeManifest reports whether an entry may be the manifest of a large object, so that the listing
// does not show its size.
func (s *listedEntry) mayBeManifest() bool {
	return !s.IsDir() && (s.isLikelyManifest() || s.Size <= maxManifestBytes)
}

// isLikelyManifest reports whether an entry is listed with the checksum of an empty file, as
// manifests of dynamic large objects are, and in Ceph's RGW those of static ones of any size.
func (s *listedEntry) isLikelyManifest() bool { return s.Version == api.EmptyETag }

// measure completes entries of a listing with the attributes that only a HEAD shows: the time that
// a client gave the file and, for the manifest of a dynamic large object, the size. An entry whose
// HEAD fails keeps the attributes of the listing; an entry without an object is marked as gone.
// times limits the HEADs. Likely manifests always get a HEAD, which does not count.
func (f *FS) measure(ctx context.Context, dir api.Name, page []listedEntry, times *timesBudget) error {
	if dir.IsAccount() {
		return f.measureContainers(ctx, dir, page, times)
	}
	account, err := f.accountURL(ctx, dir)
	if err != nil {
		return api.Translate(err)
	}
	modes := f.backend.cfg.KeepModes
	var keys []cache.Key
	var wanted []*listedEntry
	for i := range page {
		s := &page[i]
		hash := cmp.Or(s.marker, s.Version)
		if hash == "" || s.asked || !f.backend.cfg.showsTimes() && !s.mayBeManifest() {
			continue
		}
		if t, ok := f.timeInType(s); ok {
			s.ModTime = t
			continue
		}
		keys = append(keys, attrKey(account, s.in(dir), hash, s.ModTime, modes))
		wanted = append(wanted, s)
	}
	known := f.backend.attrs.get(ctx, keys)
	f.fillStored(ctx, account, dir, wanted, known)
	defer times.begin()()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for i, s := range wanted {
		if known[i] != nil {
			s.become(*known[i])
			continue
		}
		if !s.isLikelyManifest() {
			if left, late := times.take(); !left {
				if late {
					f.keepLate(ctx, keys[i], s)
				}
				continue
			}
		}
		g.Go(func() error {
			o, err := f.client.Head(gctx, s.in(dir))
			switch {
			case f.isGhost(gctx, s.in(dir), err):
				s.gone = !s.IsDir() // a directory may still have entries
			case err == nil && o.IsDir() == s.IsDir():
				times.saw(o)
				a := attrsOf(o)
				if !o.Modified.After(s.ModTime) { // else the HEAD is of a later version than the listed one
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

// become sets the attributes that a HEAD has returned.
func (s *listedEntry) become(a attrs) {
	if !s.IsDir() {
		s.Size, s.Version, s.segments = a.Size, a.Version, a.Segments
	}
	s.Info = a.over(s.Info)
}

// attrsOf returns the attributes of an object that are cached.
func attrsOf(o api.Object) attrs {
	return attrs{Size: o.Size, ModTime: o.ModTime, Version: o.Version(), Segments: o.DLO, Modes: o.Modes}
}

// measureContainers completes containers with the attributes that clients gave them. Listings do
// not show when these change, so they are requested again after containerAttrsLife.
func (f *FS) measureContainers(ctx context.Context, account api.Name, page []listedEntry, times *timesBudget) error {
	if !f.backend.cfg.showsTimes() {
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
		if left, _ := times.take(); !left {
			continue
		}
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
