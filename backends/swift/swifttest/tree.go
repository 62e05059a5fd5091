package swifttest

import (
	"maps"
	"strconv"
	"time"
)

// object is what is known of an object beside its bytes. It is never changed, only replaced, so
// whoever holds one can read it without a lock.
type object struct {
	Name     string
	Size     int64             // of what is stored: of the manifest, where it is one
	ETag     string            // MD5 of what is stored
	Type     string            // Content-Type
	Created  timestamp         // of the last PUT
	Modified timestamp         // of the last PUT or POST
	Meta     map[string]string // what a POST replaces: X-Object-Meta-*, Content-Encoding, X-Object-Manifest, …
	SLO      *sloSummary       `json:",omitempty"` // set on the manifest of a static large object
	Symlink  *symlink          `json:",omitempty"` // what it stands for, if it is a symlink
	Body     string            // under which the store keeps the bytes
	Version  timestamp         `json:",omitempty"` // of an object that is a version; its body is that of the version
	Lost     bool              `json:",omitempty"` // it is listed, and not there
	Linked   timestamp         `json:",omitempty"` // when it was made the current one, or changed: what listings tell instead of Modified
}

// sloSummary is what a static large object is as a whole.
type sloSummary struct {
	ETag string
	Size int64
}

func (o *object) key() string { return o.Name }

// deleteAt is the time at which the object ceases to exist.
func (o *object) deleteAt() (at time.Time, ok bool) {
	v, ok := o.Meta["X-Delete-At"]
	if !ok {
		return at, false
	}
	sec, err := strconv.ParseInt(v, 10, 64)
	return time.Unix(sec, 0), err == nil
}

func (o *object) expired(now time.Time) bool {
	at, ok := o.deleteAt()
	return o.Lost || ok && !now.Before(at)
}

// container holds objects. The lock of the server guards it.
type container struct {
	Name     string
	Created  timestamp
	Modified timestamp // of the last PUT or POST of the container itself
	Policy   string    `json:",omitempty"` // the default one where empty
	Meta     map[string]string
	Versions string `json:",omitempty"` // whether versions are kept, see versions.go: "True", "False", or never
	Archive  string `json:",omitempty"` // where versions go by the older ways, see archive.go
	History  bool   `json:",omitempty"` // which of those

	objects  sorted[*object]
	bytes    int64
	expiries int // how many objects end by themselves
	lag      *lag[*object]
	// graves are when names were last deleted: an upload from before does not bring them back.
	graves map[string]timestamp
}

// maxGraves is how many deletions a container remembers. Of more, those from before graveLife go.
const (
	maxGraves = 10_000
	graveLife = timestamp(3600 * ticksPerSecond)
)

// bury notes a deletion.
func (c *container) bury(name string, at timestamp) {
	if c.graves == nil {
		c.graves = map[string]timestamp{}
	}
	if len(c.graves) >= maxGraves {
		maps.DeleteFunc(c.graves, func(_ string, old timestamp) bool { return old < at-graveLife })
	}
	c.graves[name] = at
}

// changed is when the content of a name was last put or deleted.
func (c *container) changed(name string) timestamp {
	at := c.graves[name]
	if o, ok := c.objects.get(name); ok {
		at = max(at, o.Created)
	}
	return at
}

func (c *container) key() string { return c.Name }

func (c *container) put(o *object) (old *object) {
	old, replaced := c.objects.put(o)
	if replaced {
		c.count(old, -1)
	}
	c.count(o, 1)
	c.lag.made(o)
	return old
}

func (c *container) remove(name string) (old *object, ok bool) {
	old, ok = c.objects.remove(name)
	if ok {
		c.count(old, -1)
		c.lag.removed(name)
	}
	return old, ok
}

func (c *container) count(o *object, sign int) {
	c.bytes += int64(sign) * c.counted(o)
	if _, ok := o.deleteAt(); ok {
		c.expiries += sign
	}
}

// counted is what an object adds to the bytes of the container.
func (c *container) counted(o *object) int64 {
	if o.Version == 0 || c.hidden() {
		return o.Size
	}
	return 0 // the bytes are those of the version
}

// listed is what listings and totals of the container tell: its objects, or those of a while ago.
func (c *container) listed() (items *sorted[*object], bytes int64) {
	if c.lag == nil {
		return &c.objects, c.bytes
	}
	c.lag.catchUp(time.Now())
	return &c.lag.shown, c.lag.bytes
}

// account holds containers. The lock of the server guards it.
type account struct {
	Name    string
	Created timestamp
	Meta    map[string]string

	containers sorted[*container]
	lag        *lag[*container]
}

func (a *account) put(c *container) {
	a.containers.put(c)
	a.lag.made(c)
}

func (a *account) remove(name string) {
	if _, ok := a.containers.remove(name); ok {
		a.lag.removed(name)
	}
}

// listed are the containers that listings of the account tell of: its own, or those of a while ago.
func (a *account) listed() []*container {
	if a.lag == nil {
		return a.containers.items
	}
	a.lag.catchUp(time.Now())
	return a.lag.shown.items
}

// totals are what the account's headers count.
func (a *account) totals() (containers, objects int, bytes int64) {
	for _, c := range a.containers.items {
		items, n := c.listed()
		bytes += n
		if !c.hidden() {
			containers++
			objects += len(items.items)
		}
	}
	return containers, objects, bytes
}
