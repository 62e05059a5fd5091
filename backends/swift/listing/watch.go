package listing

import (
	"context"
	"slices"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// An object that is opened before its client requests it (see backends/swift/prefetch.go) must not
// be older than a version that another gateway has meanwhile reported to its client as stored. The
// shared cache contains such changes, unless it has lost an entry, or one of the two gateways could
// not reach it. So this gateway puts a watch into the list of changes before it opens the object.
// As long as the watch is in the list, the list has not been lost, and contains every change that
// was added to it since. A gateway that cannot record a change waits until no gateway holds an
// object that was opened before the change, and only then answers its client.

// HeldMost is how long an opened object may be held, counted from the request.
const HeldMost = 250 * time.Millisecond

// watchName is the prefix of watches in lists of changes. Older gateways treat them as deleted
// files.
const watchName = ".filegate-watch-"

func (c change) isWatch() bool { return strings.HasPrefix(c.Name, watchName) }

// Watch puts a watch for changes of n into the log, and returns it. It returns false if changes by
// other gateways cannot be seen.
func (v *View) Watch(ctx context.Context, n api.Name) (Stamp, bool) {
	log := v.log
	switch {
	case len(log.caches) == 1:
		return Stamp{}, true
	case log.life == 0:
		return Stamp{}, false
	}
	key, err := v.listKey(ctx, n.Top(), listOf(n.Object))
	if err != nil {
		return Stamp{}, false
	}
	var w Stamp
	ok := log.rewrite(ctx, log.caches[1], key, func(all []change) []change {
		now := time.Now()
		i := slices.IndexFunc(all, func(c change) bool { return c.Name == watchName+log.by })
		if i >= 0 && now.Sub(time.Unix(all[i].At, 0)) < log.life/2 {
			w = all[i].Stamp
			return all
		}
		if i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
		w = Stamp{By: log.by, Noted: now.UnixMicro()}
		return append(all, change{Name: watchName + log.by, At: now.Unix(), Gone: true, Sure: true, Stamp: w})
	})
	return w, ok
}

// Undisturbed reports whether no other gateway has changed n since a time, which must be after the
// watch was put.
func (v *View) Undisturbed(ctx context.Context, n api.Name, w Stamp, since time.Time) bool {
	log := v.log
	if len(log.caches) == 1 {
		return true
	}
	key, err := v.listKey(ctx, n.Top(), listOf(n.Object))
	if err != nil {
		return false
	}
	text, sure := cache.Certain(ctx, log.caches[1], key, log.life)
	if !sure {
		return false
	}
	from := since.Unix() - clockSlack
	watched := false
	for _, c := range log.decode(1, key, text) {
		watched = watched || c.isWatch() && c.Stamp == w
		if c.Name == n.Object && c.By != log.by && c.At >= from {
			return false
		}
	}
	return watched
}

// outlast waits until no gateway holds an object that it has opened before now.
func outlast(ctx context.Context) {
	timer := time.NewTimer(HeldMost)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
