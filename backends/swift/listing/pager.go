package listing

import (
	"context"
	"sync"

	"filegate/backends/swift/api"
)

// Pager fetches the pages of a listing, one page ahead of its caller.
type Pager struct {
	view *View
	dir  api.Name
	l    Query // for the next page

	cancel  context.CancelFunc
	fetcher sync.WaitGroup
	pages   chan Fetched // closed after the last page
}

// Fetched is a page that a pager has fetched, without the write log.
type Fetched struct {
	Page
	After Query // the query for the page
	err   error
}

// NewPager returns a pager for the pages from l on. It runs until Close, even if ctx ends; it uses
// only the values of ctx.
func (v *View) NewPager(ctx context.Context, dir api.Name, l Query) *Pager {
	p := &Pager{view: v, dir: dir, l: l, pages: make(chan Fetched)}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.fetcher.Go(func() { p.fetch(ctx) })
	return p
}

func (p *Pager) fetch(ctx context.Context) {
	defer close(p.pages)
	for {
		page, err := p.view.RawPage(ctx, p.dir, p.l)
		select {
		case p.pages <- Fetched{page, p.l, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || !page.More {
			return
		}
		p.l.Marker = page.Last()
	}
}

// Next returns the next page; ok is false after the last one.
func (p *Pager) Next(ctx context.Context) (page Fetched, ok bool, err error) {
	select {
	case page, ok = <-p.pages:
		return page, ok, page.err
	case <-ctx.Done():
		return Fetched{}, false, context.Cause(ctx)
	}
}

// Close ends the pager and its requests.
func (p *Pager) Close() {
	p.cancel()
	p.fetcher.Wait()
}
