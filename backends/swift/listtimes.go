package swift

import (
	"context"
	"sync/atomic"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// The values of Config.ListTimes.
const (
	timesByHead  = "true"
	timesOfSwift = "false"
	timesInType  = "type"
)

// showsTimes reports whether listings show the times that clients gave files.
func (c *Config) showsTimes() bool { return c.ListTimes != timesOfSwift }

// timeInType returns the modification time in the content type of an entry, if listings are to use
// it. It returns false if a HEAD is needed anyway: for the modes, or because the entry may be a
// manifest of another program.
func (f *FS) timeInType(s *listedEntry) (time.Time, bool) {
	if f.backend.cfg.ListTimes != timesInType || f.backend.cfg.KeepModes || s.isLikelyManifest() {
		return time.Time{}, false
	}
	return api.TimeOfType(s.contentType)
}

// timesBudget limits the HEADs that one listing makes for times.
type timesBudget struct {
	heads int           // how many may still be made; negative: any number
	wait  time.Duration // how long the listing may still wait for them; negative: any time
	since time.Time     // when the listing began to wait
	// own is true if a HEAD has found a file that filegate has stored. Clients that mirror to a
	// gateway compare the times of such files, so the listing then waits for all of them.
	own atomic.Bool
}

// timesBudget returns the budget of a listing.
func (c *Config) timesBudget() *timesBudget {
	b := &timesBudget{heads: c.ListTimesLimit, wait: c.ListTimesWait}
	if b.heads == 0 {
		b.heads = -1
	}
	if b.wait == 0 {
		b.wait = -1
	}
	return b
}

// begin starts to count the time, until the returned function is called.
func (b *timesBudget) begin() (end func()) {
	b.since = time.Now()
	return func() {
		if b.wait >= 0 {
			b.wait = max(b.wait-time.Since(b.since), 0)
		}
	}
}

// saw notes what a HEAD has found.
func (b *timesBudget) saw(o api.Object) {
	if o.IsOwn() {
		b.own.Store(true)
	}
}

// take takes one HEAD. If there is none left, late reports whether it is for the time.
func (b *timesBudget) take() (ok, late bool) {
	switch {
	case b.wait >= 0 && !b.own.Load() && time.Since(b.since) >= b.wait:
		return false, true
	case b.heads == 0:
		return false, false
	case b.heads > 0:
		b.heads--
	}
	return true, false
}

// If a listing has no time for a HEAD, it shows when Swift received the file, and from then on all
// listings and Stat show this time for this version of the file, as long as the cache has it. A
// mirror that saw two times for one file would transfer it again.

// keepLate caches that a version is shown with the time in its row. The size of a possible manifest
// is not that in the row, so it is left to a later listing.
func (f *FS) keepLate(ctx context.Context, key cache.Key, s *listedEntry) {
	if s.mayBeManifest() {
		return
	}
	f.backend.attrs.put(ctx, key, attrs{Size: s.Size, ModTime: s.ModTime, Version: s.Version, Late: true})
}

// asListed returns the description of an object with the time that listings show.
func (f *FS) asListed(ctx context.Context, n api.Name, o api.Object, info vfs.Info) vfs.Info {
	cfg := &f.backend.cfg
	if cfg.ListTimesWait == 0 || !cfg.showsTimes() || !o.Exists() || o.ThroughLink || o.IsLink() || o.ModTime.Equal(o.Modified) {
		return info
	}
	account, err := f.accountURL(ctx, n)
	if err != nil {
		return info
	}
	key := attrKey(account, n, o.ETag, o.Modified, cfg.KeepModes)
	if a := f.backend.attrs.get(ctx, []cache.Key{key})[0]; a != nil && a.Late {
		info.ModTime = a.ModTime
	}
	return info
}

// accountURL returns the storage URL of the account of n.
func (f *FS) accountURL(ctx context.Context, n api.Name) (string, error) {
	grant, err := f.client.Grants.Current(ctx)
	if err != nil {
		return "", err
	}
	return api.AccountURL(grant.Endpoint, n.Account)
}
