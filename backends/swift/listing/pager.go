package listing

import (
	"context"
	"sync"

	"filegate/backends/swift/api"
)

// Pager fetches the pages of a listing, one ahead of its caller.
type Pager struct {
	view *View
	dir  api.Name
	l    Query // of the next page

	cancel  context.CancelFunc
	fetcher sync.WaitGroup
	pages   chan Fetched // closed after the last
}

// Fetched is a page that a pager has fetched, as Swift has it.
type Fetched struct {
	Page
	After Query // the question for it
	err   error
}

// NewPager returns a pager for the pages from l on. It ends with Close, not with the context, which
// only gives its values.
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

// Next returns the next page; ok is false after the last.
func (p *Pager) Next(ctx context.Context) (page Fetched, ok bool, err error) {
	select {
	case page, ok = <-p.pages:
		return page, ok, page.err
	case <-ctx.Done():
		return Fetched{}, false, context.Cause(ctx)
	}
}

// Close ends what is under way.
func (p *Pager) Close() {
	p.cancel()
	p.fetcher.Wait()
}
