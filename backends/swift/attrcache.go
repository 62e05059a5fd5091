package swift

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// attrCache keeps what only a HEAD tells of an object, by the version of it that a listing shows:
// it never goes stale.
type attrCache struct {
	caches []cache.Cache // the process's own first
}

// attrs are what is kept of an object.
type attrs struct {
	Size    int64     `json:"s"`
	ModTime time.Time `json:"t"`
	Version string    `json:"v"`
	// Segments is what the names of a dynamic large object's segments begin with,
	// "container/prefix"; empty for all others.
	Segments string `json:"d,omitempty"`
	api.Modes
}

// over returns the description of an object with its time and its modes in it.
func (a attrs) over(info vfs.Info) vfs.Info {
	info.ModTime = a.ModTime
	return a.Modes.Over(info)
}

// attrsLife is how long attributes are kept that nobody asks for.
const attrsLife = 30 * 24 * time.Hour

func newAttrCache(local, shared cache.Cache) *attrCache {
	c := &attrCache{caches: []cache.Cache{local}}
	if shared != local {
		c.caches = append(c.caches, shared)
	}
	return c
}

// attrKey names a version of an object: its time, as the listing has it, changes with every write
// and every POST. The account is its storage URL. What was kept without a look at modes does not do
// where they are shown, nor the other way round.
func attrKey(account string, n api.Name, hash string, modified time.Time, modes bool) cache.Key {
	what := "swift attributes"
	if modes {
		what = "swift attributes with modes"
	}
	return cache.NewKey(what, account, n.Container, n.Object, hash, strconv.FormatInt(modified.UnixNano(), 10))
}

// get returns what is known of versions, nil where nothing is, in their order.
func (c *attrCache) get(ctx context.Context, keys []cache.Key) []*attrs {
	known := make([]*attrs, len(keys))
	for i, in := range c.caches {
		var missing []cache.Key
		var places []int
		for j, key := range keys {
			if known[j] == nil {
				missing, places = append(missing, key), append(places, j)
			}
		}
		for j, text := range cache.GetBatch(ctx, in, missing) {
			var a attrs
			if text == nil || json.Unmarshal(text, &a) != nil {
				continue
			}
			known[places[j]] = &a
			for _, nearer := range c.caches[:i] {
				nearer.Set(ctx, missing[j], text, attrsLife)
			}
		}
	}
	return known
}

func (c *attrCache) put(ctx context.Context, key cache.Key, a attrs) {
	text, err := json.Marshal(a)
	if err != nil { // a time that JSON cannot say
		return
	}
	for _, in := range c.caches {
		in.Set(ctx, key, text, attrsLife)
	}
}
