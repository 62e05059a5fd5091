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

// Clients look a name up before they write it, and opening the file looks it up again. For a file
// that is about to be replaced as a whole, a recent answer is good enough: the request that
// publishes the file notices if a free name has been taken since (see object/publish.go), and if
// the name was no plain file, Swift is asked once more. The answer is not used after this process
// has changed the name, or anything below it.

const (
	// recallFor is how long a lookup result is used.
	recallFor = time.Second
	// recalled is how many names a session remembers.
	recalled = 8
	// nearFor is how long a client may take for the next step that it is expected to take. A slower
	// client is so far away that one more request to Swift makes no difference to it.
	nearFor = 200 * time.Millisecond
	// writtenMost is the largest size of files for which justWritten saves a request: clients write
	// many small files.
	writtenMost = mib
)

// requestTime is the time of a request to Swift.
type requestTime struct {
	at     time.Time
	change uint64 // the latest change that this process had made
}

// now returns the current requestTime. It must be called before the request.
func (g *guesses) now() requestTime { return requestTime{time.Now(), g.backend.changes.latest.Load()} }

// fresh reports whether an answer of the time m about n, and about what is below it, can still be
// used.
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
	err     error // vfs.ErrNotExist or nil
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

// changeTimes are the times of this process's last changes, by the hash of the changed name. A time
// is a count of the changes.
type changeTimes struct {
	latest atomic.Uint64
	times  [1024]atomic.Uint64
}

func (c *changeTimes) of(n api.Name) *atomic.Uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(n.Account + "/" + n.Container + "/" + n.Object)) // never fails
	return &c.times[h.Sum32()%uint32(len(c.times))]
}

// changed notes a change of a name, and so of all directories above it.
func (c *changeTimes) changed(n api.Name) {
	now := c.latest.Add(1)
	c.set(n, now)
	for i := strings.LastIndexByte(n.Object, '/'); i > 0; i = strings.LastIndexByte(n.Object[:i], '/') {
		c.set(n.With(n.Object[:i]), now)
	}
}

// changedAlone notes a change of a name that does not change the directories above it.
func (c *changeTimes) changedAlone(n api.Name) { c.set(n, c.latest.Add(1)) }

func (c *changeTimes) set(n api.Name, now uint64) {
	t := c.of(n)
	for old := t.Load(); old < now && !t.CompareAndSwap(old, now); old = t.Load() {
	}
}

// remember stores the result of a lookup of n.
func (g *guesses) remember(n api.Name, o api.Object, err error, asked requestTime) {
	switch {
	case err == nil && o.Exists():
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
	default:
		return
	}
	g.told.put(lookupResult{n: n, object: o, err: err, requestTime: asked})
}

// wrote notes that the session has stored a plain object with the header at n. The CRC-64 is left
// out: if another client replaced the file just before it gets its time, the CRC-64 would be
// written to other content.
func (g *guesses) wrote(n api.Name, size int64, header map[string]string) {
	h := http.Header{}
	for k, v := range header {
		h.Set(k, v)
	}
	h.Del(api.MetaCRC64)
	h.Set(api.MetaStored, "1")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	g.told.put(lookupResult{n: n, object: api.ParseObject(h), written: true, requestTime: g.now()})
}

// justWritten returns the object that the session wrote at n a moment ago, to set its metadata. It
// returns false for an object with an MD5 or SHA-256 in its metadata: the caller then requests the
// object, so that they stay.
func (g *guesses) justWritten(n api.Name) (api.Object, bool) {
	a, ok := g.told.get(n)
	o := a.object
	ok = ok && a.written && g.fresh(n, a.requestTime) && time.Since(a.at) < g.backend.nearFor
	return o, ok && o.Size <= writtenMost && o.Header.Get(api.MetaMD5) == "" && o.Header.Get(api.MetaSHA256) == ""
}

// recall returns the recent lookup of n, if it can still be used.
func (g *guesses) recall(n api.Name) (lookupResult, bool) {
	a, ok := g.told.get(n)
	return a, ok && g.fresh(n, a.requestTime)
}
