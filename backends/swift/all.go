package swift

import (
	"context"

	"filegate/backends/swift/api"
)

// eachListed calls use for the objects of a container whose names begin with a prefix, in order.
// The error is not translated.
func (v *view) eachListed(ctx context.Context, container api.Name, prefix string, use func(entry) error) error {
	l, err := v.client.Limits(ctx)
	if err != nil {
		return err
	}
	for marker := ""; ; {
		page, err := v.knownPage(ctx, container, listing{prefix: prefix, marker: marker, limit: l.Listing})
		if err != nil {
			return err
		}
		for _, e := range page.lines {
			if err := use(e); err != nil {
				return err
			}
		}
		if !page.more {
			return nil
		}
		marker = page.last()
	}
}

// listedUpTo returns the objects of a container whose names begin with a prefix: all, or the first
// ones where there are more than most. The error is not translated.
func (v *view) listedUpTo(ctx context.Context, container api.Name, prefix string, most int) ([]entry, error) {
	l := listing{prefix: prefix, limit: most}
	var all []entry
	for {
		page, err := v.knownPage(ctx, container, l)
		if err != nil {
			return nil, err
		}
		all = append(all, page.lines...)
		if !page.more || len(all) >= most {
			return all, nil
		}
		l.marker, l.limit = page.last(), most-len(all)
	}
}

// allListed returns all that a container lists below a prefix. The error is not translated.
func (v *view) allListed(ctx context.Context, container api.Name, prefix string) ([]entry, error) {
	var all []entry
	err := v.eachListed(ctx, container, prefix, func(e entry) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

// listedBySwift is allListed without what this and other gateways know better: it is Swift that
// makes the file of it.
func (v *view) listedBySwift(ctx context.Context, container api.Name, prefix string) ([]entry, error) {
	limits, err := v.client.Limits(ctx)
	if err != nil {
		return nil, err
	}
	var all []entry
	for l := (listing{prefix: prefix, limit: limits.Listing}); ; {
		p, err := v.rawPage(ctx, container, l)
		if err != nil {
			return nil, err
		}
		all = append(all, p.lines...)
		if !p.more || len(p.lines) == 0 {
			return all, nil
		}
		l.marker = p.last()
	}
}
