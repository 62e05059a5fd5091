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

// The write log: what was changed a short time ago, so that it can be laid over listings that do
// not show it yet (see overlay).
//
// It says which names were changed, when, and what is to be expected of a listing that knows; what
// is there now is asked of Swift itself by a HEAD, which is never behind. So an entry that is lost
// costs only the sight of a change, and one too many costs a request.
//
// It lies in the cache of this process, and in the one that gateways share. There each container
// has a fixed number of lists, by a hash of the changed name, so that a change moves few bytes and
// gateways seldom meet. An entry stays for its time, or until listings have caught up for good (see
// settle).

// change is one entry of the log.
type change struct {
	Name string `json:"n"` // of the object, or in an account of the container
	// At is the first full second after the change, by Swift's clock, which answers tell no better.
	At int64 `json:"t"`
	// Exact is Swift's time of the object as a HEAD has told it since, in microseconds; else 0.
	Exact int64 `json:"x,omitempty"`
	Gone  bool  `json:"g,omitempty"` // it was deleted
	Sure  bool  `json:"s,omitempty"` // that it was so, and last
	// ETag is what a listing that knows of the change shows as hash or slo_etag, if it is known.
	ETag string `json:"e,omitempty"`
	// Agreed is since when all listings that this process has seen have agreed with the change, by
	// its clock, in microseconds; else 0. Only its own log has it.
	Agreed int64 `json:"l,omitempty"`

	Stamp
	over Stamp // which the process's own log had for the name when this was read
}

// Stamp tells a change from others of the same name.
type Stamp struct {
	By    string `json:"b"` // the process that noted it
	Noted int64  `json:"m"` // when, by its clock, in microseconds
}

// later is the later one of two changes of the same name, from the process's own log and from a
// shared one. Where that is not certain, neither is what came last.
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
	// logEntries is how many changes a list holds; of more, the latest.
	logEntries = 128
	// clockSlack is how far the clocks of Swift's servers may be apart, in seconds.
	clockSlack = 2
)

// Log is the write log of a backend.
type Log struct {
	// SettledFor is how long listings must have agreed with a change until its entry goes. It is
	// not changed once the log is in use.
	SettledFor time.Duration

	life   time.Duration // how long a listing may be behind; 0: there is no log
	caches []cache.Cache // the process's own first
	by     string

	mu      sync.Mutex
	decoded map[decodedKey]decodedList
}

// decodedList is a list of changes beside its text. Page after page of a listing finds the same
// lists.
type decodedList struct {
	text []byte
	all  []change // not to be changed
}

type decodedKey struct {
	cache int
	key   cache.Key
}

// maxDecoded is how many lists are kept decoded: a few megabytes.
const maxDecoded = 8 * logLists

// decode returns what a list says that one of the caches gave.
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

// NewLog returns a log whose entries stay for life at most, in the cache of this process and in the
// one that gateways share. With a life of 0 nothing is noted.
func NewLog(life time.Duration, local, shared cache.Cache) *Log {
	l := &Log{life: life, caches: []cache.Cache{local}, by: rand.Text()[:8], SettledFor: settledFor, decoded: map[decodedKey]decodedList{}}
	if shared != local {
		l.caches = append(l.caches, shared)
	}
	return l
}

// listKey is the key of one list of an account (container empty) or a container.
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

// note adds a change of an object, or of a container, to the log. began is when the request was
// made. It reports whether all gateways can see the change.
func (v *View) note(ctx context.Context, target api.Name, began time.Time, c change) (noted bool) {
	log := v.log
	if log.life == 0 {
		return true // and nobody holds anything, see watch
	}
	top := target.Top()
	c.Name = target.Object
	if target.IsContainer() {
		top, c.Name = api.Name{Account: target.Account}, target.Container
	}
	ctx = context.WithoutCancel(ctx) // it has happened
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

// rewrite has a cache keep what edit makes of a list. What is older than listings may be behind
// goes, and of too many the oldest. It reports whether that could be done.
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

// Most listings are of directories in which nothing has changed lately, or of names that are no
// directories at all. So that these need not read the lists, every directory that a change lies
// below is noted too, with the time of that.

// aboveKey is the key under which it is noted that something has changed below a directory, which
// ends in a slash, or is empty at the top.
func (v *View) aboveKey(ctx context.Context, top api.Name, dir string) (cache.Key, error) {
	grant, err := v.client.Grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := api.AccountURL(grant.Endpoint, top.Account)
	return cache.NewKey("swift writes below", account, top.Container, dir), err
}

// noteAbove notes that all directories above a name have a change below them. For each that is said
// once in a while, and holds for longer than any entry.
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

// insert adds a change to a list in the place of an earlier one of the same name.
func insert(all []change, c change, began time.Time) []change {
	i := slices.IndexFunc(all, func(old change) bool { return old.Name == c.Name })
	if i >= 0 {
		old := all[i]
		switch {
		case old.At > c.At+clockSlack: // that one was later
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

// gone is how many of them may be deletions.
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

// ChangedBelow reports whether the log knows of changes below a name, which a listing may not show
// yet.
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

// MayHaveChanged reports whether the log has a change of an object, or cannot tell.
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

// ChangedBy returns the name that a request of a login changes, and reports whether there is one:
// listings show nothing of a POST to a container.
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

// Record is to be called after each request. It notes in the log what a request has changed, or may
// have changed.
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
	// What goes for a version of an object says little of the object.
	c.Sure = c.Sure && !req.Query.Has("version-id")
	if !v.note(ctx, target, began, c) && err == nil && req.Header[api.IfNoneMatch] == "" {
		outlast(ctx) // before the client is told
	}
}

// changedAt is the first full second after a change that Swift has answered to.
func changedAt(h http.Header) int64 {
	if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		return t.Unix() // rounded up already
	}
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t.Unix() + 1
	}
	return time.Now().Unix() + 1
}
