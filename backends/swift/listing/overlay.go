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

// asksAtOnce is how many questions about changes an overlay has under way.
const asksAtOnce = 32

// verdict is what the write log says of a line of a listing, or of one that is missing there.
type verdict int

const (
	believe verdict = iota // the listing knows of the change, or of a later one
	hide                   // what the listing shows was deleted since
	ask                    // only a HEAD tells
)

// of says what to make of a line. A line's time is exact; of the change only the second is known,
// more or less.
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
	case !c.Gone && e.Hash == "": // a container, of which a listing shows no more than that it is there
		return believe
	case !c.Gone && c.ETag != "" && micros > second-slack && e.Version() == c.ETag:
		return believe
	}
	return ask
}

// ofMissing says what to make of a name that is not listed.
func (c change) ofMissing() verdict {
	if c.Gone && c.Sure {
		return believe
	}
	return ask
}

// Overlay lays the changes over a page of a listing: what was made is put in, what was deleted is
// taken out, and what was changed is shown as it is now. It holds nothing but the page. The error
// is not translated.
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

// within returns the changes between the marker and the end of a page, by the line that they
// concern: several where the listing folds them into one.
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

// overlaying is an overlay in the making.
type overlaying struct {
	view *View
	top  api.Name
	g    *errgroup.Group
	ctx  context.Context // ends with the first error

	mu      sync.Mutex
	lines   []Entry
	settled []change // of which something new is known
	known   []change // of which listings know, and have for long enough
}

func (o *overlaying) add(e Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, e)
}

// askObject asks for an object, or in an account for a container, and adds what is there. Without
// the right to ask, listed stays.
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
			if !e.IsVersion() { // of which the time is not that of its line, once it was restored
				c.Exact = modified.UnixMicro()
			}
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.settled = append(o.settled, c)
		return nil
	})
}

// entryOf asks for an object of a container, or a container of an account, as a line of a listing.
// The error is not translated.
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

// askDirectory adds a directory that is listed for what lies below it, unless all of that was
// deleted.
func (o *overlaying) askDirectory(e Entry, below []change) {
	if !slices.ContainsFunc(below, func(c change) bool { return c.Gone || !c.Sure }) {
		o.add(e)
		return
	}
	o.g.Go(func() error {
		page, err := o.view.Page(o.ctx, o.top, Query{Prefix: e.Subdir, Limit: 1})
		if err == nil && len(page) > 0 {
			o.add(e)
		}
		return err
	})
}

// askNewDirectory adds a directory that is not listed, if something that was written below it is
// there.
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
