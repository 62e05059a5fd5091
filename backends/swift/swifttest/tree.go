package swifttest

import (
	"maps"
	"strconv"
	"time"
)

// object is the metadata of an object. It is never changed, only replaced, so it can be read
// without a lock.
type object struct {
	Name string
	// The size of the stored data. For a large object, that of its manifest.
	Size     int64
	ETag     string    // the MD5 of the stored data
	Type     string    // Content-Type
	Created  timestamp // of the last PUT
	Modified timestamp // of the last PUT or POST
	// The headers that a POST replaces: X-Object-Meta-*, Content-Encoding, X-Object-Manifest, …
	Meta    map[string]string
	SLO     *sloSummary `json:",omitempty"` // set on the manifest of a static large object
	Symlink *symlink    `json:",omitempty"` // the target, if it is a symlink
	Body    string      // the id of the stored bytes
	// Set for an object that is a version, with which it shares the body.
	Version timestamp `json:",omitempty"`
	Lost    bool      `json:",omitempty"` // in listings only
	// When it was made the current version, or changed. Listings have it instead of Modified.
	Linked timestamp `json:",omitempty"`
}

// sloSummary has the ETag and size of a static large object as a whole.
type sloSummary struct {
	ETag string
	Size int64
}

func (o *object) key() string { return o.Name }

// deleteAt returns the time at which the object expires.
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

// container contains objects. The lock of the server protects it.
type container struct {
	Name     string
	Created  timestamp
	Modified timestamp // of the last PUT or POST of the container itself
	Policy   string    `json:",omitempty"` // empty: the default one
	Meta     map[string]string
	// The header X-Versions-Enabled, see versions.go: "True", "False", or empty if it was never
	// set.
	Versions string `json:",omitempty"`
	// The archive for versions of the older kinds, see archive.go.
	Archive string `json:",omitempty"`
	History bool   `json:",omitempty"` // of the kind X-History-Location

	objects  sorted[*object]
	bytes    int64
	expiries int // number of objects that expire
	lag      *lag[*object]
	// graves are the times of deletions by name. An upload that began earlier does not restore the
	// name.
	graves map[string]timestamp
}

// maxGraves is the number of deletions after which a container forgets those older than graveLife.
const (
	maxGraves = 10_000
	graveLife = timestamp(3600 * ticksPerSecond)
)

// bury records a deletion.
func (c *container) bury(name string, at timestamp) {
	if c.graves == nil {
		c.graves = map[string]timestamp{}
	}
	if len(c.graves) >= maxGraves {
		maps.DeleteFunc(c.graves, func(_ string, old timestamp) bool { return old < at-graveLife })
	}
	c.graves[name] = at
}

// changed returns when the content of a name was last stored or deleted.
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

// counted returns the bytes that an object adds to the container.
func (c *container) counted(o *object) int64 {
	if o.Version == 0 || c.hidden() {
		return o.Size
	}
	return 0 // the bytes are counted for the version
}

// listed returns the content for listings and totals of the container: the current one, or a
// delayed one.
func (c *container) listed() (items *sorted[*object], bytes int64) {
	if c.lag == nil {
		return &c.objects, c.bytes
	}
	c.lag.catchUp(time.Now())
	return &c.lag.shown, c.lag.bytes
}

// account contains containers. The lock of the server protects it.
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

// listed returns the containers for listings of the account: the current ones, or delayed ones.
func (a *account) listed() []*container {
	if a.lag == nil {
		return a.containers.items
	}
	a.lag.catchUp(time.Now())
	return a.lag.shown.items
}

// totals returns the totals for the headers of the account.
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
