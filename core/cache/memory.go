package cache

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is a cache in this process, bounded in bytes: what was used least recently goes first.
type Memory struct {
	size int64

	mu    sync.Mutex
	used  int64
	byKey map[Key]*list.Element
	order *list.List // of *memoryEntry, the latest used first
}

type memoryEntry struct {
	key   Key
	value []byte
	until time.Time
}

// memoryOverhead is about what an entry costs beside its key and value, in bytes.
const memoryOverhead = 200

func (e *memoryEntry) cost() int64 {
	return int64(len(e.key.text)+len(e.value)) + memoryOverhead
}

var _ Cache = (*Memory)(nil)

// NewMemory returns a cache of at most size bytes.
func NewMemory(size int64) *Memory {
	return &Memory{size: size, byKey: map[Key]*list.Element{}, order: list.New()}
}

// Get implements [Cache].
func (c *Memory) Get(ctx context.Context, key Key) ([]byte, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	value := c.get(key)
	return clone(value), value != nil
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

// clone copies a value. An empty one does not become nil, which means that there is none.
func clone(value []byte) []byte {
	if value == nil {
		return nil
	}
	return append([]byte{}, value...)
}

// get returns the value itself, or nil.
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
	c.order.MoveToFront(element)
	return entry.value
}

// set keeps the value itself, and reports whether it does.
func (c *Memory) set(key Key, value []byte, life time.Duration) bool {
	c.remove(key)
	entry := &memoryEntry{key, value, time.Now().Add(life)}
	if value == nil {
		entry.value = []byte{}
	}
	if life <= 0 || entry.cost() > c.size {
		return life <= 0
	}
	c.byKey[key] = c.order.PushFront(entry)
	c.used += entry.cost()
	for c.used > c.size {
		c.remove(c.order.Back().Value.(*memoryEntry).key)
	}
	return true
}

func (c *Memory) remove(key Key) {
	if element, ok := c.byKey[key]; ok {
		c.used -= c.order.Remove(element).(*memoryEntry).cost()
		delete(c.byKey, key)
	}
}

// DefaultMemory is the size of a process's own cache unless it is configured, in bytes.
const DefaultMemory = 64 << 20

// MemoryKind is the process's own cache as the configuration names it.
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
