package listing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/cache"
)

// The write log contains recent changes, so that they can be applied to listings that do not show
// them yet (see Overlay).
//
// It contains which names were changed, when, and what a listing that includes the change shows.
// The current state is found by a HEAD, which is always up to date. So the loss of an entry only
// hides a change, and an unneeded entry only costs a request.
//
// The log is in the cache of this process, and in the cache that gateways share. Each container has
// a fixed number of lists, selected by a hash of the changed name, so that a change transfers few
// bytes and gateways rarely conflict. An entry stays for a fixed time, or until listings include
// the change permanently (see settle).

// change is one entry of the log.
type change struct {
	Name string `json:"n"` // of the object, or of the container in an account
	// At is the first full second after the change, by Swift's clock. Answers contain no exact
	// time.
	At int64 `json:"t"`
	// Exact is Swift's time of the object in microseconds, if a HEAD has returned it since; else 0.
	Exact int64 `json:"x,omitempty"`
	Gone  bool  `json:"g,omitempty"` // the object was deleted
	Sure  bool  `json:"s,omitempty"` // it is certain that this was the last change
	// ETag is the hash or slo_etag in a listing that includes the change, if known.
	ETag string `json:"e,omitempty"`
	// Agreed is the time since which all listings of this process have included the change, by its
	// clock in microseconds; else 0. It is only in the log of this process.
	Agreed int64 `json:"l,omitempty"`

	Stamp
	over Stamp // the Stamp for this name in the log of this process, when the change was read
}

// Stamp distinguishes changes of the same name.
type Stamp struct {
	By    string `json:"b"` // the process that has recorded it
	Noted int64  `json:"m"` // when, by the clock of that process, in microseconds
}

// later returns the later of two changes of the same name, from the log of this process and from a
// shared log. If the order is not certain, Sure is false in the result.
func later(a, b change) change {
	switch {
	case a.Stamp == b.Stamp:
		if a.Exact == 0 && !a.Sure {
			b.Agreed = a.Agreed
			return b
		}
		return a
	case a.At > b.At+clockSlack:
		return a
	}
	if b.At <= a.At+clockSlack {
		b.Sure, b.Exact, b.At = false, 0, max(a.At, b.At)
	}
	return b
}

const (
	logLists = 64
	// logEntries is how many changes a list holds: the latest ones.
	logEntries = 128
	// clockSlack is how much the clocks of Swift's servers may differ, in seconds.
	clockSlack = 2
)

// Log is the write log of a backend.
type Log struct {
	// SettledFor is how long listings must have included a change until its entry is removed. It
	// must not be changed after the first use.
	SettledFor time.Duration

	life   time.Duration // how long a listing may lag; 0: there is no log
	caches []cache.Cache // the process's own first
	by     string

	mu      sync.Mutex
	decoded map[decodedKey]decodedList
}

// decodedList is a decoded list of changes with its text. All pages of a listing use the same
// lists.
type decodedList struct {
	text []byte
	all  []change // must not be changed
}

type decodedKey struct {
	cache int
	key   cache.Key
}

// maxDecoded is how many decoded lists are kept, which is a few megabytes.
const maxDecoded = 8 * logLists

// decode returns the changes in a list from one of the caches.
func (l *Log) decode(in int, key cache.Key, text []byte) []change {
	k := decodedKey{in, key}
	l.mu.Lock()
	defer l.mu.Unlock()
	if d, ok := l.decoded[k]; ok && bytes.Equal(d.text, text) {
		return d.all
	}
	if len(l.decoded) >= maxDecoded {
		clear(l.decoded)
	}
	d := decodedList{text, decodeChanges(text)}
	l.decoded[k] = d
	return d.all
}

// NewLog returns a log whose entries stay for at most life, in the cache of this process and in the
// cache that gateways share. With a life of 0 nothing is recorded.
func NewLog(life time.Duration, local, shared cache.Cache) *Log {
	l := &Log{life: life, caches: []cache.Cache{local}, by: rand.Text()[:8], SettledFor: settledFor, decoded: map[decodedKey]decodedList{}}
	if shared != local {
		l.caches = append(l.caches, shared)
	}
	return l
}

// listKey returns the key of one list of an account (if top has no container) or of a container.
func (v *View) listKey(ctx context.Context, top api.Name, list int) (cache.Key, error) {
	grant, err := v.client.Grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := api.AccountURL(grant.Endpoint, top.Account)
	return cache.NewKey("swift writes", account, top.Container, strconv.Itoa(list)), err
}

func listOf(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return int(h.Sum32() % logLists)
}

func decodeChanges(list []byte) []change {
	var all []change
	if json.Unmarshal(list, &all) != nil {
		return nil
	}
	return all
}

// note records a change of an object or a container. began is the start of the request. It reports
// whether all gateways can see the change.
func (v *View) note(ctx context.Context, target api.Name, began time.Time, c change) (noted bool) {
	log := v.log
	if log.life == 0 {
		return true // then no gateway holds objects, see Watch
	}
	top := target.Top()
	c.Name = target.Object
	if target.IsContainer() {
		top, c.Name = api.Name{Account: target.Account}, target.Container
	}
	ctx = context.WithoutCancel(ctx) // the change has already happened
	key, err := v.listKey(ctx, top, listOf(c.Name))
	if err != nil {
		return false
	}
	now := time.Now()
	if err := v.noteAbove(ctx, top, c.Name, now); err != nil {
		return false
	}
	c.By, c.Noted = log.by, now.UnixMicro()
	noted = true
	for _, in := range log.caches {
		ok := log.rewrite(ctx, in, key, func(all []change) []change { return insert(all, c, began) })
		noted = noted && ok
	}
	return noted
}

// rewrite replaces a list in a cache by the result of edit, without entries that are too old, and
// with at most the latest logEntries. It reports whether it succeeded.
func (l *Log) rewrite(ctx context.Context, in cache.Cache, key cache.Key, edit func([]change) []change) bool {
	oldest := time.Now().Add(-l.life).Unix()
	return in.Update(ctx, key, l.life, func(old []byte) []byte {
		all := edit(slices.DeleteFunc(decodeChanges(old), func(c change) bool { return c.At < oldest }))
		if len(all) == 0 {
			return nil
		}
		if len(all) > logEntries {
			slices.SortFunc(all, func(a, b change) int { return cmp.Compare(a.At, b.At) })
			all = all[len(all)-logEntries:]
		}
		text, err := json.Marshal(all)
		if err != nil {
			return old
		}
		return text
	})
}

// Most listings are of directories without recent changes, or of names that are not directories. To
// save reading the lists for them, the log also records each directory with a recent change below
// it, and the time.

// aboveKey returns the key under which changes below a directory are recorded. dir ends in a slash,
// or is empty for the top.
func (v *View) aboveKey(ctx context.Context, top api.Name, dir string) (cache.Key, error) {
	grant, err := v.client.Grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := api.AccountURL(grant.Endpoint, top.Account)
	return cache.NewKey("swift writes below", account, top.Container, dir), err
}

// noteAbove records a change for all directories above a name. For each directory this is repeated
// only once in a while, and stays longer than any entry.
func (v *View) noteAbove(ctx context.Context, top api.Name, changed string, now time.Time) error {
	log := v.log
	for i := -1; ; {
		key, err := v.aboveKey(ctx, top, changed[:i+1])
		if err != nil {
			return err
		}
		said, ok := log.caches[0].Get(ctx, key)
		if !ok || len(said) != 8 || now.Sub(time.UnixMicro(int64(binary.BigEndian.Uint64(said)))) > log.life/4 {
			for _, in := range log.caches {
				in.Set(ctx, key, binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro())), 2*log.life)
			}
		}
		next := strings.IndexByte(changed[i+1:], '/')
		if next < 0 {
			return nil
		}
		i += 1 + next
	}
}

// insert adds a change to a list, in place of an earlier one of the same name.
func insert(all []change, c change, began time.Time) []change {
	i := slices.IndexFunc(all, func(old change) bool { return old.Name == c.Name })
	if i >= 0 {
		old := all[i]
		switch {
		case old.At > c.At+clockSlack: // the old change was later
			return all
		case old.At < c.At-clockSlack:
		case old.By == c.By && old.Noted <= began.UnixMicro(): // this process knows the order
		case old.Gone != c.Gone || old.ETag != c.ETag:
			c.Sure = false
		}
		c.At = max(c.At, old.At)
		all = slices.Delete(all, i, i+1)
	}
	return append(all, c)
}

// Changes are the changes that concern a listing, by name.
type Changes map[string]change

// gone returns how many of the changes are deletions.
func (c Changes) gone() int {
	n := 0
	for _, ch := range c {
		if ch.Gone {
			n++
		}
	}
	return n
}

// ChangesIn returns the changes of an account or container that concern a listing of it.
func (v *View) ChangesIn(ctx context.Context, top api.Name, l Query) (Changes, error) {
	log := v.log
	if log.life == 0 || api.IsUnlogged(top.With(l.Prefix)) {
		return nil, nil
	}
	above, err := v.aboveKey(ctx, top, l.Prefix[:strings.LastIndexByte(l.Prefix, '/')+1])
	if err != nil {
		return nil, err
	}
	keys := make([]cache.Key, logLists)
	for i := range keys {
		var err error
		if keys[i], err = v.listKey(ctx, top, i); err != nil {
			return nil, err
		}
	}
	oldest := time.Now().Add(-log.life).Unix()
	var found Changes
	for i, in := range log.caches {
		if _, ok := in.Get(ctx, above); !ok {
			continue
		}
		for k, list := range cache.GetBatch(ctx, in, keys) {
			if list == nil {
				continue
			}
			for _, c := range log.decode(i, keys[k], list) {
				if c.At < oldest || c.isWatch() || !strings.HasPrefix(c.Name, l.Prefix) {
					continue
				}
				if found == nil {
					found = Changes{}
				}
				if i == 0 {
					c.over = c.Stamp
				}
				if old, ok := found[c.Name]; ok {
					c = later(old, c)
					c.over = old.over
				}
				found[c.Name] = c
			}
		}
	}
	return found, nil
}

// ChangedBelow reports whether the log has changes below a name, which a listing may not show yet.
func (v *View) ChangedBelow(ctx context.Context, n api.Name) bool {
	log := v.log
	if log.life == 0 {
		return false
	}
	key, err := v.aboveKey(ctx, n.Top(), n.Prefix())
	if err != nil {
		return true
	}
	if _, ok := log.caches[0].Get(ctx, key); ok {
		return true
	}
	for _, in := range log.caches[1:] {
		if said, sure := cache.Certain(ctx, in, key, 2*log.life); said != nil || !sure {
			return true
		}
	}
	return false
}

// MayHaveChanged reports whether the log has a change of an object, or cannot be read.
func (v *View) MayHaveChanged(ctx context.Context, n api.Name) bool {
	log := v.log
	if log.life == 0 {
		return false
	}
	key, err := v.listKey(ctx, n.Top(), listOf(n.Object))
	if err != nil {
		return true
	}
	for i, in := range log.caches {
		text, sure := cache.Certain(ctx, in, key, log.life)
		if !sure || slices.ContainsFunc(log.decode(i, key, text), func(c change) bool { return c.Name == n.Object }) {
			return true
		}
	}
	return false
}

// ChangedBy returns the name that a request of a login changes, if any. A POST to a container
// changes nothing in listings.
func ChangedBy(req api.Request, account string) (target api.Name, changes bool) {
	switch req.Method {
	case http.MethodPut, http.MethodDelete:
		return req.Target, true
	case http.MethodPost:
		return req.Target, req.Target.IsObject()
	case api.MethodCopy:
		return api.CopyTarget(req, account), true
	}
	return req.Target, false
}

// Record records in the log what a request has changed, or may have changed. It must be called
// after each request.
func (v *View) Record(ctx context.Context, req api.Request, began time.Time, resp *api.Response, err error) {
	target, changes := ChangedBy(req, v.client.Account)
	if !changes || target.IsAccount() || target.IsObject() && api.IsUnlogged(target) {
		return
	}
	c := change{Gone: req.Method == http.MethodDelete, Sure: true, At: time.Now().Unix() + 1}
	switch {
	case err != nil && !api.Reached(err) && !(c.Gone && api.StatusOf(err) == http.StatusNotFound):
		return
	case err != nil:
		c.Sure = false
	default:
		c.At = changedAt(resp.Header)
		if target.IsObject() && (req.Method == http.MethodPut || req.Method == api.MethodCopy) {
			c.ETag = strings.Trim(resp.Header.Get("Etag"), `"`)
		}
	}
	// The deletion of a version shows little about the object.
	c.Sure = c.Sure && !req.Query.Has("version-id")
	if !v.note(ctx, target, began, c) && err == nil && req.Header[api.IfNoneMatch] == "" {
		outlast(ctx) // before the client gets the answer
	}
}

// changedAt returns the first full second after a change, from Swift's answer.
func changedAt(h http.Header) int64 {
	if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		return t.Unix() // already rounded up
	}
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t.Unix() + 1
	}
	return time.Now().Unix() + 1
}
