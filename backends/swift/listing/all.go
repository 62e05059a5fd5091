package listing

import (
	"context"

	"filegate/backends/swift/api"
)

// EachListed calls use for the objects of a container whose names begin with a prefix, in order.
// The error is not translated.
func (v *View) EachListed(ctx context.Context, container api.Name, prefix string, use func(Entry) error) error {
	l, err := v.client.Limits(ctx)
	if err != nil {
		return err
	}
	for marker := ""; ; {
		page, err := v.knownPage(ctx, container, Query{Prefix: prefix, Marker: marker, Limit: l.Listing})
		if err != nil {
			return err
		}
		for _, e := range page.Lines {
			if err := use(e); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		marker = page.Last()
	}
}

// ListedUpTo returns the objects of a container whose names begin with a prefix, but at most the
// first most of them. The error is not translated.
func (v *View) ListedUpTo(ctx context.Context, container api.Name, prefix string, most int) ([]Entry, error) {
	l := Query{Prefix: prefix, Limit: most}
	var all []Entry
	for {
		page, err := v.knownPage(ctx, container, l)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Lines...)
		if !page.More || len(all) >= most {
			return all, nil
		}
		l.Marker, l.Limit = page.Last(), most-len(all)
	}
}

// AllListed returns all objects of a container whose names begin with a prefix. The error is not
// translated.
func (v *View) AllListed(ctx context.Context, container api.Name, prefix string) ([]Entry, error) {
	var all []Entry
	err := v.EachListed(ctx, container, prefix, func(e Entry) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

// ListedBySwift is AllListed without the changes in the log. It is for dynamic large objects, whose
// content Swift takes from its own listing.
func (v *View) ListedBySwift(ctx context.Context, container api.Name, prefix string) ([]Entry, error) {
	limits, err := v.client.Limits(ctx)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for l := (Query{Prefix: prefix, Limit: limits.Listing}); ; {
		p, err := v.RawPage(ctx, container, l)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Lines...)
		if !p.More || len(p.Lines) == 0 {
			return all, nil
		}
		l.Marker = p.Last()
	}
}
