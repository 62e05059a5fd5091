package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The numbers of files. Each client has a directory of its own.
const (
	sharedFiles = 5
	ownFiles    = 3
)

func sharedFile(i int) string { return fmt.Sprintf("shared%d", i) }

// client is one client, which makes one operation after another.
type client struct {
	*run
	login  login
	number int
	rand   *rand.Rand

	door     door
	protocol string // of door
	where    string // client, protocol, gateway and login of door

	// own are the possible contents of the client's own files: the numbers of their records. The
	// empty text means that the file does not exist.
	own map[string][]string
	// failed is when an operation failed that would have given an own file a content, by name and
	// content.
	failed map[[2]string]time.Time
	// moved is true if the directory of the client that is renamed back and forth has its second
	// name, or is about to get it.
	moved   bool
	uploads int              // number of uploads that were interrupted
	files   map[string]int64 // the records in that directory
}

// dirFiles is the number of files in a directory that is renamed.
const dirFiles = 5

// counts are what clients have done.
type counts struct{ done, failed, reads atomic.Int64 }

func (c *client) dir() string { return fmt.Sprintf("client%d", c.number) }

// enter returns a session, mostly the present one.
func (c *client) enter(ctx context.Context) door {
	if c.door != nil && c.rand.IntN(12) > 0 {
		return c.door
	}
	c.leave()
	for ctx.Err() == nil {
		g := c.rand.IntN(len(c.gateways))
		protocol := protocols[c.rand.IntN(len(protocols))]
		d, err := knock(ctx, protocol, c.gateways[g], c.login)
		if err == nil {
			c.door, c.protocol, c.where = d, protocol, fmt.Sprintf("client %d by %s through gateway %d as %s", c.number, protocol, g, c.login.user)
			return d
		}
		pause(ctx, 50*time.Millisecond)
	}
	return nil
}

func (c *client) leave() {
	if c.door != nil {
		c.door.close()
		c.door = nil
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// outcome counts an operation, and leaves the session after an error, as the connection may be gone.
func (c *client) outcome(err error) bool {
	if err == nil || errors.Is(err, errNone) {
		c.counts.done.Add(1)
	} else {
		c.counts.failed.Add(1)
		c.leave()
	}
	return err == nil
}

// work makes operations until the context ends.
func (c *client) work(ctx context.Context) {
	defer c.leave()
	for ctx.Err() == nil {
		d := c.enter(ctx)
		if d == nil {
			return
		}
		shared := sharedFile(c.rand.IntN(sharedFiles))
		own := fmt.Sprintf("%s/own%d", c.dir(), c.rand.IntN(ownFiles))
		kinds := []struct {
			name   string
			weight int
			do     func()
		}{
			{"put shared", 6, func() { c.putShared(d, shared) }},
			{"replace shared", 4, func() { c.replaceShared(d, shared) }},
			{"read shared", 10, func() { c.readShared(d, shared) }},
			{"put own", 4, func() { c.putOwn(d, own) }},
			{"append to own", 3, func() { c.appendOwn(d, own) }},
			{"edit own", 4, func() { c.editOwn(d, own) }},
			{"rename own", 2, func() { c.renameOwn(d, own) }},
			{"remove own", 1, func() { c.removeOwn(d, own) }},
			{"read own", 4, func() { c.readOwn(d, own) }},
			{"list own", 2, func() { c.listOwn(d) }},
			{"interrupt and resume", 2, func() { c.interrupt(ctx) }},
			{"rename directory", 2, func() { c.moveDir(ctx) }},
		}
		n := 0
		for _, k := range kinds {
			n += k.weight
		}
		n = c.rand.IntN(n)
		for _, k := range kinds {
			if n -= k.weight; n < 0 {
				c.tried(k.name + " by " + c.protocol)
				k.do()
				break
			}
		}
	}
}

// newSize returns the size of a new record: mostly small, sometimes of several segments.
func (c *client) newSize() int {
	if c.rand.IntN(6) == 0 {
		return 600_000 + c.rand.IntN(600_000)
	}
	return headSize + c.rand.IntN(5000)
}

func (c *client) putShared(d door, name string) {
	value, data := c.numbers.record(c.newSize())
	w := deed{name: name, write: true, value: value, began: time.Now(), by: c.where}
	w.known = c.outcome(d.put(name, data))
	c.history.add(w)
}

// replaceShared writes a file beside a shared one and renames it.
func (c *client) replaceShared(d door, name string) {
	beside := fmt.Sprintf(".client%d.part", c.number)
	value, data := c.numbers.record(c.newSize())
	if !c.outcome(d.put(beside, data)) {
		return
	}
	w := deed{name: name, write: true, value: value, began: time.Now(), by: c.where + " by rename"}
	w.known = c.outcome(d.rename(beside, name))
	c.history.add(w)
}

func (c *client) readShared(d door, name string) {
	r := deed{name: name, began: time.Now(), by: c.where}
	var wait func()
	if c.rand.IntN(4) == 0 { // so that the file is replaced while it is read
		wait = func() { time.Sleep(time.Duration(c.rand.IntN(500)) * time.Millisecond) }
	}
	data, err := d.get(name, wait)
	c.outcome(err)
	if err != nil && !errors.Is(err, errNone) {
		return
	}
	c.counts.reads.Add(1)
	if err == nil {
		if r.value, err = one(data); err != nil {
			c.wrong("%s: %s read %d bytes from %s on: %v", name, c.where, len(data), clock(r.began), err)
			return
		}
	}
	c.history.add(r)
}

// late is how long after its failure an operation may still be carried out: the gateway may try it
// again for its patience, and Swift may be slow.
const late = 30 * time.Second

// became notes the result of an operation that gives an own file a content. Operations that have
// failed shortly before may be carried out after it.
func (c *client) became(name, content string, done bool) {
	if done {
		may := slices.DeleteFunc(c.own[name], func(old string) bool {
			at, failed := c.failed[[2]string{name, old}]
			return old == content || !failed || time.Since(at) > late
		})
		c.own[name] = append(may, content)
		return
	}
	c.failed[[2]string{name, content}] = time.Now()
	if !slices.Contains(c.own[name], content) {
		c.own[name] = append(c.own[name], content)
	}
}

func (c *client) putOwn(d door, name string) {
	value, data := c.numbers.record(c.newSize())
	c.became(name, fmt.Sprint([]int64{value}), c.outcome(d.put(name, data)))
}

// appendOwn appends to a file whose content is certain.
func (c *client) appendOwn(d door, name string) {
	if len(c.own[name]) != 1 || c.own[name][0] == "" {
		return
	}
	value, data := c.numbers.record(c.newSize())
	old := c.own[name][0]
	c.became(name, fmt.Sprintf("%s %d]", old[:len(old)-1], value), c.outcome(d.appendTo(name, data)))
}

// editOwn replaces the last record of a file, whose content is certain, by one of the same size.
func (c *client) editOwn(d door, name string) {
	if len(c.own[name]) != 1 || c.own[name][0] == "" {
		return
	}
	records := strings.Fields(strings.Trim(c.own[name][0], "[]"))
	var off, size int64
	for _, number := range records {
		off += size
		size = c.numbers.size(number)
	}
	value, data := c.numbers.record(int(size))
	records[len(records)-1] = fmt.Sprint(value)
	c.became(name, fmt.Sprint(records), c.outcome(d.edit(name, off, data)))
}

func (c *client) removeOwn(d door, name string) {
	err := d.remove(name)
	c.outcome(err)
	if errors.Is(err, errNone) && !slices.Contains(c.own[name], "") {
		c.wrong("%s: %s was told that it does not exist, but it has %q", name, c.where, c.own[name])
	}
	c.became(name, "", err == nil || errors.Is(err, errNone))
}

// renameOwn renames one file over another one.
func (c *client) renameOwn(d door, from string) {
	to := fmt.Sprintf("%s/own%d", c.dir(), c.rand.IntN(ownFiles))
	if to == from || len(c.own[from]) != 1 || c.own[from][0] == "" {
		return
	}
	content := c.own[from][0]
	err := d.rename(from, to)
	done := c.outcome(err)
	if errors.Is(err, errNone) {
		c.wrong("%s: %s was told that it does not exist, but it has %q", from, c.where, content)
	}
	c.became(to, content, done)
	c.became(from, "", done)
}

func (c *client) readOwn(d door, name string) {
	began := time.Now()
	data, err := d.get(name, nil)
	c.outcome(err)
	got := ""
	switch {
	case errors.Is(err, errNone):
	case err != nil:
		return
	default:
		all, err := parse(data)
		if err != nil {
			c.wrong("%s: %s read %d bytes: %v", name, c.where, len(data), err)
			return
		}
		got = fmt.Sprint(all)
	}
	c.counts.reads.Add(1)
	if !slices.Contains(c.own[name], got) {
		c.wrong("%s: %s read %q at %s, want one of %q", name, c.where, got, clock(began), c.own[name])
	}
}

// listOwn compares the listing of the client's directory with the files that certainly exist or do
// not exist.
func (c *client) listOwn(d door) {
	began := time.Now()
	names, err := d.list(c.dir())
	if !c.outcome(err) {
		return
	}
	c.counts.reads.Add(1)
	for i := range ownFiles {
		base := fmt.Sprintf("own%d", i)
		states := c.own[c.dir()+"/"+base]
		there := slices.Contains(names, base)
		switch {
		case there && len(states) == 1 && states[0] == "":
			c.wrong("%s: %s is listed at %s for %s, but was removed", c.dir(), base, clock(began), c.where)
		case !there && !slices.Contains(states, ""):
			c.wrong("%s: %s is not listed at %s for %s, but has %q", c.dir(), base, clock(began), c.where, states)
		}
	}
}
