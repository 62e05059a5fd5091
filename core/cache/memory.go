package cache

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is a cache in this process with a limit in bytes. Each purpose has its own room for
// values. If the cache is full, the room with the most bytes evicts its least recently used value.
// So a purpose that holds less than an equal share of the cache loses nothing to other purposes: a
// large listing evicts no ban and no entry of the write log.
type Memory struct {
	size int64

	mu    sync.Mutex
	stats Stats
	used  int64
	byKey map[Key]*list.Element
	rooms map[string]*room // by the purpose of their keys
}

// room holds the values of one purpose.
type room struct {
	used  int64
	order *list.List // of *memoryEntry, the latest used first
}

type memoryEntry struct {
	key   Key
	value []byte
	until time.Time
}

// memoryOverhead is the approximate cost of an entry besides its key and value, in bytes.
const memoryOverhead = 200

func (e *memoryEntry) cost() int64 {
	return int64(len(e.key.text)+len(e.value)) + memoryOverhead
}

var _ Cache = (*Memory)(nil)

// NewMemory returns a cache of at most size bytes.
func NewMemory(size int64) *Memory {
	return &Memory{size: size, byKey: map[Key]*list.Element{}, rooms: map[string]*room{}}
}

// Get implements [Cache].
func (c *Memory) Get(ctx context.Context, key Key) ([]byte, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	value := c.get(key)
	if value != nil {
		c.stats.Hits++
	} else {
		c.stats.Misses++
	}
	return clone(value), value != nil
}

// Stats implements [CountedCache].
func (c *Memory) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Bytes = c.used
	return s
}

// Set implements [Cache].
func (c *Memory) Set(ctx context.Context, key Key, value []byte, life time.Duration) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(key, clone(value), life)
}

// Update implements [Cache].
func (c *Memory) Update(ctx context.Context, key Key, life time.Duration, change func(old []byte) []byte) bool {
	if ctx.Err() != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	value := change(clone(c.get(key)))
	if value == nil {
		c.remove(key)
		return true
	}
	return c.set(key, clone(value), life)
}

// Delete implements [Cache].
func (c *Memory) Delete(ctx context.Context, key Key) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
}

// clone copies a value. The copy of an empty value is not nil, because nil means that there is no
// value.
func clone(value []byte) []byte {
	if value == nil {
		return nil
	}
	return append([]byte{}, value...)
}

// get returns the value itself without copying it, or nil.
func (c *Memory) get(key Key) []byte {
	element, ok := c.byKey[key]
	if !ok {
		return nil
	}
	entry := element.Value.(*memoryEntry)
	if !time.Now().Before(entry.until) {
		c.remove(key)
		return nil
	}
	c.rooms[key.purpose()].order.MoveToFront(element)
	return entry.value
}

// set stores the value itself without copying it, and reports whether it did.
func (c *Memory) set(key Key, value []byte, life time.Duration) bool {
	c.remove(key)
	entry := &memoryEntry{key, value, time.Now().Add(life)}
	if value == nil {
		entry.value = []byte{}
	}
	if life <= 0 || entry.cost() > c.size {
		return life <= 0
	}
	r := c.rooms[key.purpose()]
	if r == nil {
		r = &room{order: list.New()}
		c.rooms[key.purpose()] = r
	}
	c.byKey[key] = r.order.PushFront(entry)
	r.used += entry.cost()
	c.used += entry.cost()
	for c.used > c.size {
		c.remove(c.fullest().order.Back().Value.(*memoryEntry).key)
	}
	_, kept := c.byKey[key] // a large value of a purpose that has no other may be the first to go
	return kept
}

// fullest returns the room with the most bytes. There are only a few rooms, one for each purpose in
// the program.
func (c *Memory) fullest() *room {
	var most *room
	for _, r := range c.rooms {
		if most == nil || r.used > most.used {
			most = r
		}
	}
	return most
}

func (c *Memory) remove(key Key) {
	element, ok := c.byKey[key]
	if !ok {
		return
	}
	r := c.rooms[key.purpose()]
	cost := r.order.Remove(element).(*memoryEntry).cost()
	r.used -= cost
	c.used -= cost
	delete(c.byKey, key)
	if r.order.Len() == 0 {
		delete(c.rooms, key.purpose())
	}
}

// DefaultMemory is the default size of a process's own cache in bytes.
const DefaultMemory = 64 << 20

// MemoryKind is the kind "memory" of the configuration.
func MemoryKind() Kind {
	return Kind{Name: "memory", Config: func() Config { return &memoryConfig{Size: DefaultMemory} }}
}

type memoryConfig struct {
	Size int64 `hcl:"size,optional" unit:"bytes"`
}

// Validate implements [Config].
func (c *memoryConfig) Validate(report func(attribute, summary, detail string)) {
	const least = 1 << 20
	if c.Size < least {
		report("size", "Cache too small", fmt.Sprintf(`Give at least "1MiB", or leave it out for "%dMiB".`, DefaultMemory>>20))
	}
}

// New implements [Config].
func (c *memoryConfig) New(Env) (Cache, error) { return NewMemory(c.Size), nil }
