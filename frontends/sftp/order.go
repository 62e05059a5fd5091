package sftp

import (
	"math"
	"time"

	"filegate/core/vfs"
)

// listingPatience is how long a listing waits for changes in its directory. It is enough for the
// CLOSE of a usual file, so that the file is in the listing. The CLOSE of a large file may take
// longer, and must not delay the listing.
const listingPatience = time.Second

// effect is what a request does to files that other requests may use.
type effect uint8

const (
	changes  effect = 1 << iota // it changes the file or directory that it is about
	tree                        // it changes everything below it, or may
	appears                     // it adds or removes an entry of the parent directory
	listsDir                    // it reads the entries of the directory that it is about
)

// order determines the requests for which a new request must wait. It is called with mu held.
func (c *channel) order(r *request) {
	for _, o := range c.outstanding {
		switch {
		case r.follows(o):
			o.next = append(o.next, r)
			r.waits++
		case r.lists(o):
			o.listings = append(o.listings, r)
			r.hopes++
		}
	}
	if r.hopes > 0 {
		r.patience = time.AfterFunc(listingPatience, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			r.hopes = 0
			c.tryStart(r)
		})
	}
}

// release starts the requests that have waited only for this one. It is called with mu held.
func (c *channel) release(r *request) {
	for _, n := range r.next {
		n.waits--
		c.tryStart(n)
	}
	for _, n := range r.listings {
		n.hopes--
		c.tryStart(n)
	}
	r.next, r.listings = nil, nil
}

// tryStart starts a request that need not wait. It is called with mu held.
func (c *channel) tryStart(r *request) {
	if r.started || r.waits > 0 || r.hopes > 0 {
		return
	}
	r.started = true
	if r.patience != nil {
		r.patience.Stop()
	}
	c.start(r)
}

// follows reports whether a request must wait until an earlier one has ended, because requests for
// one file run in order. It is called with the channel's mutex held.
func (r *request) follows(o *request) bool {
	if r.effect&changes == 0 && o.effect&changes == 0 {
		return false
	}
	if r.handle != nil && o.handle != nil {
		if r.handle != o.handle && (r.handle.path != o.handle.path || r.handle.path == "") {
			return r.otherHandle != nil && r.otherHandle == o.handle || o.otherHandle != nil && o.otherHandle == r.handle
		}
		return r.meets(o)
	}
	for _, p := range r.paths() {
		for _, q := range o.paths() {
			if p == q || o.effect&tree != 0 && q.Contains(p) || r.effect&tree != 0 && p.Contains(q) {
				return true
			}
		}
	}
	return false
}

// meets reports whether two requests for the same file touch the same bytes. A READ beyond the
// current end depends on every WRITE.
func (r *request) meets(o *request) bool {
	if r.off < o.end && o.off < r.end {
		return true
	}
	read := r
	if read.kind != typeRead {
		read = o
	}
	return read.kind == typeRead && read.end > read.handle.size()
}

// lists reports whether a request lists a directory whose entries an earlier request changes.
func (r *request) lists(o *request) bool {
	if r.effect&listsDir == 0 || o.effect&appears == 0 {
		return false
	}
	for _, p := range o.paths() {
		if p.Dir() == r.names[0].Path {
			return true
		}
	}
	return false
}

// paths returns the names of the files and directories that a request is about.
func (r *request) paths() []vfs.Path {
	if r.handle != nil {
		if r.handle.path == "" {
			return nil
		}
		return []vfs.Path{r.handle.path}
	}
	paths := make([]vfs.Path, len(r.names))
	for i, n := range r.names {
		paths[i] = n.Path
	}
	return paths
}

// size returns the current size of an open file.
func (h *handle) size() uint64 {
	if h.file == nil {
		return math.MaxUint64
	}
	return uint64(max(h.file.size(), 0))
}
