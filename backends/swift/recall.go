package swift

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/vfs"
)

// Clients ask what a name is before they write it, and opening it asks the same again. For a file that is about to be replaced as a whole, what was told
// a moment ago is good enough: what it will replace is looked at once more when it does. It is not good any more when this process has changed
// the name, or anything below it.

const (
	// recallFor is how long what was told of a name is good.
	recallFor = time.Second
	// recalled is how many names a session remembers.
	recalled = 8
)

// recall is what a session was told of names a moment ago.
type recall struct {
	mu      sync.Mutex
	answers [recalled]answer
	next    int
}

// answer is what a lookup came to.
type answer struct {
	n      name
	object object
	err    error // vfs.ErrNotExist, or none
	at     time.Time
	state  uint64 // of the name's changes before it was asked
}

func (r *recall) get(n name, state uint64) (answer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.answers {
		if a.n == n && a.state == state && time.Since(a.at) < recallFor {
			return a, true
		}
	}
	return answer{}, false
}

func (r *recall) put(a answer) {
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

// changeCounts counts the changes that this process has made, by the hash of what was changed.
type changeCounts [1024]atomic.Uint64

func (c *changeCounts) of(n name) *atomic.Uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(n.account + "/" + n.container + "/" + n.object)) // never fails
	return &c[h.Sum32()%uint32(len(c))]
}

// changed counts a change of a name, which is one of all directories above it.
func (c *changeCounts) changed(n name) {
	c.of(n).Add(1)
	for i := strings.LastIndexByte(n.object, '/'); i > 0; i = strings.LastIndexByte(n.object[:i], '/') {
		c.of(name{n.account, n.container, n.object[:i]}).Add(1)
	}
}

// remember keeps what a lookup of n has come to that began at asked, when the name's changes were at state.
func (f *FS) remember(n name, o object, err error, asked time.Time, state uint64) {
	switch {
	case err == nil && o.exists():
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, errNoContainer):
	default:
		return
	}
	f.told.put(answer{n: n, object: o, err: err, at: asked, state: state})
}

// lookupToReplace is lookup for what is about to be replaced as a whole.
func (f *FS) lookupToReplace(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	a, ok := f.told.get(n, f.backend.changes.of(n).Load())
	switch {
	case !ok:
		return f.lookup(ctx, n, base)
	case a.err != nil:
		return vfs.Info{}, object{}, a.err
	}
	return a.object.info(base), a.object, nil
}
