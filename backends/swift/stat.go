package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// Stat implements [vfs.FS]. A file takes one HEAD. If the name has no object, it may be a prefix,
// which a listing of one entry shows, or an interrupted upload. These requests follow the HEAD or,
// if Swift is far away, are sent with it.
func (f *FS) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Info{}, err
	}
	return f.describe(ctx, n, p.Base(), func(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
		info, o, err := f.lookupToShow(ctx, n, base)
		if err == nil && o.ThroughLink && info.IsDir() {
			// The object of the directory has nothing of its content.
			return vfs.Info{}, o, vfs.Errorf(vfs.ErrNotExist, "the symbolic link leads to a directory, and the storage follows links to files only")
		}
		return info, o, err
	})
}

// lookupToShow is lookup for a client that may ask for other names of the directory too, and open
// the file.
func (f *FS) lookupToShow(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	return f.find(ctx, n, base, lookupPlan{look: f.guess.look, below: f.statBelow, mayBeNone: true, partials: true})
}

// describe implements Stat and Lstat, whose find functions treat links differently.
func (f *FS) describe(
	ctx context.Context, n api.Name, base string, find func(context.Context, api.Name, string) (vfs.Info, api.Object, error),
) (vfs.Info, error) {
	switch h, inTree, err := f.historyAt(ctx, n); {
	case err != nil:
		return vfs.Info{}, err
	case inTree:
		return h.stat(ctx, base)
	}
	asked, free := f.guess.isFree(ctx, n)
	info, o, err := vfs.Info{}, api.Object{}, vfs.ErrNotExist
	if !free {
		asked = f.guess.now()
		info, o, err = find(ctx, n, base)
	}
	// Changes of a link's target are not noted under this name.
	if n.IsObject() && !o.ThroughLink && !o.IsLink() && !api.CannotFollow(err) {
		f.guess.remember(n, o, err, asked)
	}
	if err == nil {
		info = f.asListed(ctx, n, o, info)
	}
	if !n.IsObject() || !errors.Is(err, vfs.ErrNotExist) || errors.Is(err, api.ErrNoContainer) {
		return info, err
	}
	if api.Dangles(err) { // there may be an interrupted upload of the link's target
		if to, behindErr := f.client.LinkEnd(ctx, n, o, err); behindErr == nil {
			n = to
		}
	}
	cut, partialErr := f.uploads.Find(ctx, n)
	switch {
	case partialErr != nil:
		return vfs.Info{}, api.Translate(partialErr)
	case cut != nil:
		return cut.Info(base), nil
	}
	return info, err
}

// lookup returns the description and the object of a name. The object is the zero value for names
// without one: the account, containers, and directories that are only prefixes.
func (f *FS) lookup(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	return f.find(ctx, n, base, lookupPlan{look: f.client.Head, below: f.statPrefix})
}

// lookupNew is lookup for a name that is likely to be free.
func (f *FS) lookupNew(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	return f.find(ctx, n, base, lookupPlan{look: f.client.Head, below: f.statPrefix, mayBeNone: true})
}

// lookupPlan contains the requests that find out what a name is.
type lookupPlan struct {
	look  func(context.Context, api.Name) (api.Object, error)       // requests the object
	below func(context.Context, api.Name, string) (vfs.Info, error) // looks below a name that has no object

	mayBeNone bool // the name may have no object
	partials  bool // if nothing is below it either, the caller looks for an interrupted upload
}

// find is lookup with the requests of w.
func (f *FS) find(ctx context.Context, n api.Name, base string, w lookupPlan) (vfs.Info, api.Object, error) {
	switch {
	case n.IsAccount():
		info, err := f.statAccount(ctx, n)
		return info, api.Object{}, err
	case n.IsContainer():
		info, err := f.statContainer(ctx, n, base)
		return info, api.Object{}, err
	}
	gone := f.lastGone()
	var b *parallelLookup
	if w.mayBeNone {
		b = f.guess.askBeside(ctx, func(ctx context.Context) (vfs.Info, error) { return f.besideHead(ctx, n, base, w) })
	}
	o, err := w.look(ctx, n)
	if err == nil && !api.IsMarker(n.Object, o.Size, o.ContentType) {
		if b != nil {
			f.guess.beside.wasInVain()
		}
		b.unwanted()
		f.sawIn(n, gone)
		if o.IsDir() && !o.ThroughLink {
			f.sawDir(n, gone, true)
		}
		return o.Info(base), o, nil
	}
	if err != nil && (api.StatusOf(err) != http.StatusNotFound || api.Dangles(err)) {
		b.unwanted()
		return vfs.Info{}, api.Object{}, f.client.Refusal(ctx, n, err)
	}
	f.guess.beside.wasUseful()
	none := err != nil
	var info vfs.Info
	if b != nil {
		info, err = b.wait()
	} else {
		info, err = w.below(ctx, n, base)
	}
	if none {
		f.guess.missing(n)
	}
	if err == nil {
		f.sawIn(n, gone)
		f.sawDir(n, gone, false)
	}
	return info, api.Object{}, err
}

// besideHead makes, in parallel to the HEAD, the requests that find makes for a name without an
// object.
func (f *FS) besideHead(ctx context.Context, n api.Name, base string, w lookupPlan) (vfs.Info, error) {
	var partials sync.WaitGroup
	defer partials.Wait()
	if w.partials {
		// MayHave remembers the result; an error is found again by the next call.
		partials.Go(func() { _, _ = f.uploads.MayHave(ctx, n) })
	}
	return w.below(ctx, n, base)
}

func (f *FS) statContainer(ctx context.Context, n api.Name, base string) (vfs.Info, error) {
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n})
	if f.dropsInto(ctx, n, err) {
		return f.dropBoxInfo(base), nil
	}
	if err != nil {
		return vfs.Info{}, f.client.Refusal(ctx, n, err)
	}
	info := vfs.Info{Name: base, Mode: api.DefaultDirMode}
	info.Size, info.Links = api.ContainerUse(resp.Header)
	return f.containerAttrs(resp.Header).over(info), nil
}

// statAccount describes an account. The account exists no matter what Swift answers: many logins
// may not request it as a whole, and the answer would only show how much is in it.
func (f *FS) statAccount(ctx context.Context, n api.Name) (vfs.Info, error) {
	info := vfs.Info{Name: "/", Mode: api.DefaultDirMode, ModTime: f.opened}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n, Patience: -1})
	switch {
	case ctx.Err() != nil:
		return vfs.Info{}, context.Cause(ctx)
	case err == nil:
		info.Size, info.Links = api.HeaderCount(resp.Header, "X-Account-Bytes-Used"), api.HeaderCount(resp.Header, "X-Account-Container-Count")
	}
	return info, nil
}

// statPrefix returns the description of a directory that is only a prefix: it finds out whether
// anything is below a name that has no object.
func (f *FS) statPrefix(ctx context.Context, n api.Name, base string) (vfs.Info, error) {
	page, err := f.lists.List(ctx, n, listing.Query{Prefix: n.Prefix(), Limit: 1})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return vfs.Info{}, api.RefusedAs(fmt.Errorf("%w: %w", api.ErrNoContainer, err), vfs.ErrNotExist, "there is no container "+n.Container)
	case err != nil:
		return vfs.Info{}, f.client.Refusal(ctx, n, err)
	case len(page) == 0:
		return vfs.Info{}, vfs.ErrNotExist
	}
	return vfs.Info{Name: base, Mode: api.DefaultDirMode, ModTime: page[0].Time(f.opened)}, nil
}

// statBelow is statPrefix for a client that may ask for other names of the directory too.
func (f *FS) statBelow(ctx context.Context, n api.Name, base string) (vfs.Info, error) {
	if f.guess.bare(ctx, n) {
		return vfs.Info{}, vfs.ErrNotExist
	}
	return f.statPrefix(ctx, n, base)
}
