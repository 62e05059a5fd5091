package swift

import (
	"context"
	"sync"

	"filegate/backends/swift/api"
)

// pager fetches the pages of a listing, one ahead of whoever uses them.
type pager struct {
	view *view
	dir  api.Name
	l    listing // of the next page

	cancel  context.CancelFunc
	fetcher sync.WaitGroup
	pages   chan fetched // closed after the last
}

type fetched struct {
	rawPage
	after listing // what was asked for
	err   error
}

// newPager makes a pager for the pages from l on. The context gives it its values, not its end.
func (v *view) newPager(ctx context.Context, dir api.Name, l listing) *pager {
	p := &pager{view: v, dir: dir, l: l, pages: make(chan fetched)}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.fetcher.Go(func() { p.fetch(ctx) })
	return p
}

func (p *pager) fetch(ctx context.Context) {
	defer close(p.pages)
	for {
		page, err := p.view.rawPage(ctx, p.dir, p.l)
		select {
		case p.pages <- fetched{page, p.l, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || !page.more {
			return
		}
		p.l.marker = page.last()
	}
}

// next returns the next page; ok is false after the last.
func (p *pager) next(ctx context.Context) (page fetched, ok bool, err error) {
	select {
	case page, ok = <-p.pages:
		return page, ok, page.err
	case <-ctx.Done():
		return fetched{}, false, context.Cause(ctx)
	}
}

// close ends what is under way.
func (p *pager) close() {
	p.cancel()
	p.fetcher.Wait()
}
