package listing

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
)

// asksAtOnce is how many HEAD requests of an overlay run at the same time.
const asksAtOnce = 32

// verdict is what the write log means for an entry of a listing, or for one that is missing.
type verdict int

const (
	believe verdict = iota // the listing includes the change, or a later one
	hide                   // the entry was deleted later
	ask                    // a HEAD must decide
)

// of returns the verdict on an entry. The time of an entry is exact; the time of a change is known
// only to about a second.
func (c change) of(e Entry) verdict {
	listed := e.Time(time.Time{})
	micros, second := listed.UnixMicro(), c.At*int64(time.Second/time.Microsecond)
	slack := clockSlack * int64(time.Second/time.Microsecond)
	switch {
	case c.Exact != 0 && micros >= c.Exact, micros >= second:
		return believe
	case c.Exact != 0 || !c.Sure:
		return ask
	case c.Gone && micros < second-slack:
		return hide
	case !c.Gone && e.Hash == "": // a container, of which a listing shows only that it exists
		return believe
	case !c.Gone && c.ETag != "" && micros > second-slack && e.Version() == c.ETag:
		return believe
	}
	return ask
}

// ofMissing returns the verdict on a name that is not listed.
func (c change) ofMissing() verdict {
	if c.Gone && c.Sure {
		return believe
	}
	return ask
}

// Overlay applies the changes to a page of a listing: it adds new entries, removes deleted ones,
// and updates changed ones. It keeps only the page in memory. The error is not translated.
func (v *View) Overlay(ctx context.Context, dir api.Name, l Query, p Page, all Changes) ([]Entry, error) {
	here := all.within(l, p)
	if len(here) == 0 {
		return p.Lines, nil
	}
	o := &overlaying{view: v, top: dir.Top()}
	o.g, o.ctx = errgroup.WithContext(ctx)
	o.g.SetLimit(asksAtOnce)
	for _, e := range p.Lines {
		below, changed := here[e.Key()]
		delete(here, e.Key())
		switch {
		case !changed:
			o.add(e)
		case e.Subdir != "":
			o.askDirectory(e, below)
		default:
			switch below[0].of(e) {
			case believe:
				o.agrees(below[0])
				o.add(e)
			case hide:
				o.differs(below[0])
			case ask:
				o.differs(below[0])
				o.askObject(below[0], &e)
			}
		}
	}
	for key, below := range here {
		switch {
		case l.Delimiter && strings.HasSuffix(key, "/") && key != l.Prefix:
			o.askNewDirectory(Entry{Subdir: key}, below)
		case below[0].ofMissing() == ask:
			o.differs(below[0])
			o.askObject(below[0], nil)
		default:
			o.agrees(below[0])
		}
	}
	if err := o.g.Wait(); err != nil {
		return nil, err
	}
	v.settle(ctx, o.top, o.settled)
	v.strike(ctx, o.top, o.known)
	slices.SortFunc(o.lines, func(a, b Entry) int { return strings.Compare(a.Key(), b.Key()) })
	return o.lines, nil
}

// within returns the changes between the marker and the end of a page, by the entry that they
// concern. An entry may have several, if the listing folds names.
func (c Changes) within(l Query, p Page) map[string][]change {
	here := map[string][]change{}
	for name, ch := range c {
		key := name
		if l.Delimiter {
			if first, _, below := strings.Cut(name[len(l.Prefix):], "/"); below {
				key = l.Prefix + first + "/"
			}
		}
		if key > l.Marker && (!p.More || key <= p.Last()) {
			here[key] = append(here[key], ch)
		}
	}
	return here
}

// overlaying is the state of an overlay.
type overlaying struct {
	view *View
	top  api.Name
	g    *errgroup.Group
	ctx  context.Context // ends with the first error

	mu      sync.Mutex
	lines   []Entry
	settled []change // changes that this listing has shown something new about
	known   []change // changes that listings have included for long enough
}

func (o *overlaying) add(e Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, e)
}

// askObject makes a HEAD of an object, or in an account of a container, and adds its entry if it
// exists. If the login may not do that, listed is kept.
func (o *overlaying) askObject(c change, listed *Entry) {
	o.g.Go(func() error {
		e, modified, err := o.view.entryOf(o.ctx, o.top, c.Name)
		switch {
		case api.StatusOf(err) == http.StatusNotFound:
			c.Gone, c.Sure, c.Exact, c.Agreed = true, true, 0, 0
		case api.StatusOf(err) == http.StatusForbidden:
			if listed != nil {
				o.add(*listed)
			}
			return nil
		case err != nil:
			return err
		default:
			o.add(e)
			c.Gone, c.Sure, c.Exact, c.Agreed = false, true, 0, 0
			if !e.IsVersion() { // after a version was restored, its time differs from that of its entry
				c.Exact = modified.UnixMicro()
			}
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.settled = append(o.settled, c)
		return nil
	})
}

// entryOf returns an object of a container, or a container of an account, as an entry of a listing,
// by a HEAD. The error is not translated.
func (v *View) entryOf(ctx context.Context, top api.Name, base string) (e Entry, modified time.Time, err error) {
	if top.IsAccount() {
		resp, err := v.client.Send(ctx, api.Request{Method: http.MethodHead, Target: api.Name{Account: top.Account, Container: base}})
		if err != nil {
			return Entry{}, time.Time{}, err
		}
		made, err := api.ParseSeconds(resp.Header.Get("X-Timestamp"))
		if err != nil {
			made = v.opened
		}
		e := Entry{Name: base, LastModified: made.UTC().Format(listedTime)}
		e.Bytes, e.Count = api.ContainerUse(resp.Header)
		return e, made, nil
	}
	o, err := v.client.Head(ctx, top.With(base))
	if o.ThroughLink || api.CannotFollow(err) {
		o, err = v.client.HeadLink(ctx, top.With(base))
	}
	if err != nil {
		return Entry{}, time.Time{}, err
	}
	symlink := ""
	if o.IsLink() {
		symlink = o.LinkTarget.String()
	}
	return Entry{
		Name: base, Bytes: o.Size, Hash: o.ETag, ContentType: o.ContentType,
		LastModified: o.Modified.UTC().Format(listedTime), Symlink: symlink, Asked: &o,
	}, o.Modified, nil
}

// askDirectory adds a listed directory, unless everything below it was deleted.
func (o *overlaying) askDirectory(e Entry, below []change) {
	if !slices.ContainsFunc(below, func(c change) bool { return c.Gone || !c.Sure }) {
		o.add(e)
		return
	}
	o.g.Go(func() error {
		page, err := o.view.List(o.ctx, o.top, Query{Prefix: e.Subdir, Limit: 1})
		if err == nil && len(page) > 0 {
			o.add(e)
		}
		return err
	})
}

// askNewDirectory adds a directory that is not listed, if an object that was written below it
// exists.
func (o *overlaying) askNewDirectory(e Entry, below []change) {
	const tries = 3
	below = slices.DeleteFunc(below, func(c change) bool { return c.Gone && c.Sure })
	slices.SortFunc(below, func(a, b change) int { return cmp.Compare(b.At, a.At) })
	o.g.Go(func() error {
		for _, c := range below[:min(len(below), tries)] {
			_, modified, err := o.view.entryOf(o.ctx, o.top, c.Name)
			switch {
			case err == nil:
				o.add(Entry{Subdir: e.Subdir, LastModified: modified.UTC().Format(listedTime)})
				return nil
			case api.StatusOf(err) != http.StatusNotFound && api.StatusOf(err) != http.StatusForbidden:
				return err
			}
		}
		return nil
	})
}
