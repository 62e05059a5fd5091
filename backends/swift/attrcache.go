package swift

import (
	"container/list"
	"sync"
	"time"

	"filegate/core/vfs"
)

// attrCache keeps what only a HEAD tells of an object, by the version of it that a listing shows: it never goes stale.
type attrCache struct {
	mu    sync.Mutex
	most  int
	byKey map[attrKey]*list.Element
	order *list.List // of attrEntry, the latest used first
}

// attrKey is a version of an object: its time, as the listing has it, changes with every write and every POST.
type attrKey struct {
	endpoint string
	target   name
	hash     string
	modified int64 // in nanoseconds
}

type attrEntry struct {
	key  attrKey
	info vfs.Info
}

// maxCachedAttrs is how many objects are remembered: some 30 MiB.
const maxCachedAttrs = 100_000

func newAttrCache(most int) *attrCache {
	return &attrCache{most: most, byKey: map[attrKey]*list.Element{}, order: list.New()}
}

func (c *attrCache) get(key attrKey) (vfs.Info, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return vfs.Info{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(attrEntry).info, true
}

func (c *attrCache) put(key attrKey, info vfs.Info) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		e.Value = attrEntry{key, info}
		c.order.MoveToFront(e)
		return
	}
	c.byKey[key] = c.order.PushFront(attrEntry{key, info})
	if c.order.Len() > c.most {
		delete(c.byKey, c.order.Remove(c.order.Back()).(attrEntry).key)
	}
}

// keyOf names the version of an object that a listing shows.
func keyOf(endpoint string, n name, hash string, modified time.Time) attrKey {
	return attrKey{endpoint, n, hash, modified.UnixNano()}
}
