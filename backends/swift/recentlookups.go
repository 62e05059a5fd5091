package swift

import (
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Clients ask what a name is before they write it, and opening it asks the same again. For a file
// that is about to be replaced as a whole, what was told a moment ago is good enough: the request
// that publishes it notices what has come to a free name since (see put), and for what was no plain
// file Swift is asked once more. It is not good any more when this process has changed the name, or
// anything below it.

const (
	// recallFor is how long what was told of a name is good.
	recallFor = time.Second
	// recalled is how many names a session remembers.
	recalled = 8
	// nearFor is how long a client may take for the next step that it is expected to take. One who
	// takes longer is so far away that a request to Swift more or less is nothing to him.
	nearFor = 200 * time.Millisecond
	// writtenMost is the size of files of which there are many.
	writtenMost = mib
)

// requestTime is the time of a request to Swift.
type requestTime struct {
	at     time.Time
	change uint64 // the latest of this process's changes that had been made
}

// now is to be taken before what it is the moment of.
func (g *guesses) now() requestTime { return requestTime{time.Now(), g.backend.changes.latest.Load()} }

// fresh reports whether what was told at a moment of a name, and of what lies below it, is good
// still.
func (g *guesses) fresh(n api.Name, m requestTime) bool {
	return time.Since(m.at) < g.backend.recallFor && g.backend.changes.of(g.client.Whole(n)).Load() <= m.change
}

// recentLookups holds the results of a session's latest lookups.
type recentLookups struct {
	mu      sync.Mutex
	answers [recalled]lookupResult
	next    int
}

// lookupResult is the result of a lookup.
type lookupResult struct {
	requestTime
	n       api.Name
	object  api.Object
	err     error // vfs.ErrNotExist, or none
	written bool  // by this session
}

func (r *recentLookups) get(n api.Name) (lookupResult, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.answers {
		if a.n == n {
			return a, true
		}
	}
	return lookupResult{}, false
}

func (r *recentLookups) put(a lookupResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.answers {
		if r.answers[i].n == a.n {
			r.answers[i] = a
			return
		}
	}
	r.answers[r.next] = a
	r.next = (r.next + 1) % recalled
}

// changeTimes tell when this process has last changed something, by the hash of what was changed.
// Their clock counts the changes.
type changeTimes struct {
	latest atomic.Uint64
	times  [1024]atomic.Uint64
}

func (c *changeTimes) of(n api.Name) *atomic.Uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(n.Account + "/" + n.Container + "/" + n.Object)) // never fails
	return &c.times[h.Sum32()%uint32(len(c.times))]
}

// changed notes a change of a name, which is one of all directories above it.
func (c *changeTimes) changed(n api.Name) {
	now := c.latest.Add(1)
	c.set(n, now)
	for i := strings.LastIndexByte(n.Object, '/'); i > 0; i = strings.LastIndexByte(n.Object[:i], '/') {
		c.set(n.With(n.Object[:i]), now)
	}
}

// changedAlone notes a change of a name that is none of the directories above it.
func (c *changeTimes) changedAlone(n api.Name) { c.set(n, c.latest.Add(1)) }

func (c *changeTimes) set(n api.Name, now uint64) {
	t := c.of(n)
	for old := t.Load(); old < now && !t.CompareAndSwap(old, now); old = t.Load() {
	}
}

// remember keeps what a lookup of n has come to.
func (g *guesses) remember(n api.Name, o api.Object, err error, asked requestTime) {
	switch {
	case err == nil && o.Exists():
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
	default:
		return
	}
	g.told.put(lookupResult{n: n, object: o, err: err, requestTime: asked})
}

// wrote keeps what the session has made of n: a plain object with the header. Its CRC-64 is left
// out: should somebody replace the file just before it is given a time, that would be written
// beside another content.
func (g *guesses) wrote(n api.Name, size int64, header map[string]string) {
	h := http.Header{}
	for k, v := range header {
		h.Set(k, v)
	}
	h.Del(api.MetaCRC64)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	g.told.put(lookupResult{n: n, object: api.ParseObject(h), written: true, requestTime: g.now()})
}

// justWritten returns the object that the session has written at n a moment ago, to set its
// metadata. One with other checksums, which are to stay, is asked for.
func (g *guesses) justWritten(n api.Name) (api.Object, bool) {
	a, ok := g.told.get(n)
	o := a.object
	ok = ok && a.written && g.fresh(n, a.requestTime) && time.Since(a.at) < g.backend.nearFor
	return o, ok && o.Size <= writtenMost && o.Header.Get(api.MetaMD5) == "" && o.Header.Get(api.MetaSHA256) == ""
}

// recentLookups returns what was told of n, if that is good still.
func (g *guesses) recall(n api.Name) (lookupResult, bool) {
	a, ok := g.told.get(n)
	return a, ok && g.fresh(n, a.requestTime)
}
