package listing

import (
	"context"
	"slices"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// What is opened before its client comes for it (see ahead) must not be older than what another
// gateway has told its own client to be stored meanwhile. The shared cache tells of that, unless it
// has lost the word, or was out of reach for one of the two. So this gateway leaves a watch in the
// list of changes before it opens a file. As long as the watch is there, the list has been kept,
// with every change that has reached it since. And whoever cannot note a change waits until nothing
// is held any more that was opened before it, and lets his client know then.

// HeldMost is how old something that is held can be, from the request on.
const HeldMost = 250 * time.Millisecond

// watchName begins the names of watches in lists of changes. Gateways of before take them for files
// that are deleted.
const watchName = ".filegate-watch-"

func (c change) isWatch() bool { return strings.HasPrefix(c.Name, watchName) }

// Watch leaves a watch for changes of n, and returns it. It reports false where changes by other
// gateways cannot be seen.
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

// Undisturbed reports whether no other gateway has changed n since the moment, which was after the
// watch was left.
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

// outlast waits until no gateway holds anything any more that it opened before now.
func outlast(ctx context.Context) {
	timer := time.NewTimer(HeldMost)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
