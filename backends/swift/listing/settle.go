package listing

import (
	"context"
	"slices"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// An entry of the write log is no longer needed when Swift's listings include the change. One such
// listing is not enough: Swift keeps several copies of each container, and the next listing may
// come from a copy that lags. So the first agreement is only recorded, in the log of this process,
// and the entry is removed when a later listing agrees too and none in between has disagreed.

// settledFor is how long listings must have agreed with a change. By default, the copies of a
// container exchange their changes every 30 seconds. A change that a copy misses for longer is
// treated like a change by others.
const settledFor = 30 * time.Second

// settle records the results of HEADs and listings in the log of this process, so that the next
// listing need not repeat the HEADs.
func (v *View) settle(ctx context.Context, top api.Name, settled []change) {
	log := v.log
	v.eachList(ctx, top, settled, func(key cache.Key, some []change) {
		log.rewrite(ctx, log.caches[0], key, func(all []change) []change {
			for _, c := range some {
				i := slices.IndexFunc(all, func(o change) bool { return o.Name == c.Name })
				switch {
				case i < 0:
					all = append(all, c)
				case all[i].Stamp == c.over: // and no further change was recorded since
					all[i] = c
				}
			}
			return all
		})
	})
}

// strike removes changes from the log that are no longer needed, for all gateways that share it.
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

// eachList calls do for each list of the log that contains some of the changes.
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

// agrees records that the listing includes a change.
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

// differs records that the listing does not include a change.
func (o *overlaying) differs(c change) {
	if c.Agreed == 0 {
		return
	}
	c.Agreed = 0
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settled = append(o.settled, c)
}
