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

// attrCache caches the attributes of objects that only a HEAD shows. The key includes the listed
// version of the object, so an entry is never out of date.
type attrCache struct {
	caches []cache.Cache // the process's own first
}

// attrs are the cached attributes of an object.
type attrs struct {
	Size    int64     `json:"s"`
	ModTime time.Time `json:"t"`
	Version string    `json:"v"`
	// Segments is the prefix of the names of a dynamic large object's segments, "container/prefix";
	// empty for all other objects.
	Segments string `json:"d,omitempty"`
	// Late is true if ModTime is the time of the listing, because there was no time for a HEAD.
	Late bool `json:"l,omitempty"`
	api.Modes
}

// over returns the description of an object with the time and the modes of a.
func (a attrs) over(info vfs.Info) vfs.Info {
	info.ModTime = a.ModTime
	return a.Modes.Over(info)
}

// attrsLife is how long attributes are cached without being used.
const attrsLife = 30 * 24 * time.Hour

func newAttrCache(local, shared cache.Cache) *attrCache {
	c := &attrCache{caches: []cache.Cache{local}}
	if shared != local {
		c.caches = append(c.caches, shared)
	}
	return c
}

// attrKey returns the key of a version of an object. The version's time, as listed, changes with
// every write and every POST. account is the storage URL. Entries that were cached without modes
// are not used when modes are shown, nor the other way round.
func attrKey(account string, n api.Name, hash string, modified time.Time, modes bool) cache.Key {
	what := "swift attributes"
	if modes {
		what = "swift attributes with modes"
	}
	return cache.NewKey(what, account, n.Container, n.Object, hash, strconv.FormatInt(modified.UnixNano(), 10))
}

// get returns the cached attributes of versions in the order of keys, nil for those that are not
// cached.
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
	if err != nil { // JSON cannot represent the time
		return
	}
	for _, in := range c.caches {
		in.Set(ctx, key, text, attrsLife)
	}
}
