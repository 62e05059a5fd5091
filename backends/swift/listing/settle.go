package listing

import (
	"context"
	"slices"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// An entry of the write log has had its use when Swift's listings know of the change. One listing
// that does is not enough: Swift keeps each container in several places, and the next listing may
// come from one that is behind. So the first agreement is only noted, in the process's own log, and
// the entry goes when a later listing agrees too, and none in between did not.

// settledFor is how long listings must have agreed with a change. The places that Swift keeps a
// container in tell each other what is new in them every 30 seconds, unless the cluster is set up
// otherwise; one that is behind for longer than that is seen like any change of others.
const settledFor = 30 * time.Second

// settle notes what HEADs have told of changes, and listings, for this process: the next listing
// need not ask again.
func (v *View) settle(ctx context.Context, top api.Name, settled []change) {
	log := v.log
	v.eachList(ctx, top, settled, func(key cache.Key, some []change) {
		log.rewrite(ctx, log.caches[0], key, func(all []change) []change {
			for _, c := range some {
				i := slices.IndexFunc(all, func(o change) bool { return o.Name == c.Name })
				switch {
				case i < 0:
					all = append(all, c)
				case all[i].Stamp == c.over: // and no change has been noted since
					all[i] = c
				}
			}
			return all
		})
	})
}

// strike takes changes out of the log that need not be in it any more, by all gateways that share
// it.
func (v *View) strike(ctx context.Context, top api.Name, known []change) {
	log := v.log
	v.eachList(ctx, top, known, func(key cache.Key, some []change) {
		for _, in := range log.caches {
			log.rewrite(ctx, in, key, func(all []change) []change {
				return slices.DeleteFunc(all, func(o change) bool {
					return slices.ContainsFunc(some, func(c change) bool { return o.Name == c.Name && o.Stamp == c.Stamp })
				})
			})
		}
	})
}

// eachList calls do with the changes of each list that some of them are in.
func (v *View) eachList(ctx context.Context, top api.Name, all []change, do func(key cache.Key, some []change)) {
	byList := map[int][]change{}
	for _, c := range all {
		byList[listOf(c.Name)] = append(byList[listOf(c.Name)], c)
	}
	for list, some := range byList {
		key, err := v.listKey(ctx, top, list)
		if err != nil {
			return
		}
		do(key, some)
	}
}

// agrees notes that the listing knows of a change.
func (o *overlaying) agrees(c change) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case c.Agreed == 0:
		c.Agreed = now.UnixMicro()
		o.settled = append(o.settled, c)
	case now.Sub(time.UnixMicro(c.Agreed)) >= o.view.log.SettledFor:
		o.known = append(o.known, c)
	}
}

// differs notes that the listing does not know of a change.
func (o *overlaying) differs(c change) {
	if c.Agreed == 0 {
		return
	}
	c.Agreed = 0
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settled = append(o.settled, c)
}
