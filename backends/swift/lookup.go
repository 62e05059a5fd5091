package swift

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// lookupToReplace is lookup for a file that is about to be replaced as a whole, or created. It also
// returns when Swift was asked.
func (f *FS) lookupToReplace(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, requestTime, error) {
	if o, asked, ok := f.guess.toReplace(ctx, n); ok {
		return o.Info(base), o, asked, nil
	}
	return f.lookupToMake(ctx, n, base)
}

// lookupToMake is lookup for a name that will be created only if it is free. Swift checks that
// itself, so the lookup is needed for directories that are only prefixes.
func (f *FS) lookupToMake(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, requestTime, error) {
	if ctx.Err() != nil {
		return vfs.Info{}, api.Object{}, requestTime{}, context.Cause(ctx)
	}
	if asked, ok := f.guess.toMake(ctx, n); ok {
		return vfs.Info{}, api.Object{}, asked, vfs.ErrNotExist
	}
	asked := f.guess.now()
	info, o, err := f.find(ctx, n, base, lookupPlan{look: f.client.Head, below: f.statPrefix, mayBeNone: true, partials: true})
	return info, o, asked, err
}
