package swift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"filegate/core/vfs"
)

// Stat implements [vfs.FS]. A file is one HEAD; what has no object of its own name is looked for as a prefix, by a
// listing of one entry, and among the uploads that were cut off: after the HEAD, or where Swift is far away beside it.
func (f *FS) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Info{}, err
	}
	return f.describe(ctx, n, p.Base(), func(ctx context.Context, n name, base string) (vfs.Info, object, error) {
		info, o, err := f.lookupToShow(ctx, n, base)
		if err == nil && o.link && info.IsDir() {
			// The object that makes a directory be there has nothing of what is in it.
			return vfs.Info{}, o, vfs.Errorf(vfs.ErrNotExist, "the symbolic link leads to a directory, and the storage follows links to files only")
		}
		return info, o, err
	})
}

// lookupToShow is lookup for a client who may ask for other names of the directory too, and open the file.
func (f *FS) lookupToShow(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	return f.find(ctx, n, base, way{look: f.look, below: f.statBelow, mayBeNone: true, partials: true})
}

// describe is Stat and Lstat, which differ in what find makes of a link.
func (f *FS) describe(
	ctx context.Context, n name, base string, find func(context.Context, name, string) (vfs.Info, object, error),
) (vfs.Info, error) {
	switch h, inTree, err := f.historyAt(ctx, n); {
	case err != nil:
		return vfs.Info{}, err
	case inTree:
		return h.stat(ctx, base)
	}
	asked, free := f.isFree(ctx, n)
	info, o, err := vfs.Info{}, object{}, vfs.ErrNotExist
	if !free {
		asked = f.now()
		info, o, err = find(ctx, n, base)
	}
	if n.isObject() && !o.link && !o.isLink() && !cannotFollow(err) { // of a change of what a link leads to nothing is known here
		f.remember(n, o, err, asked)
	}
	if !n.isObject() || !errors.Is(err, vfs.ErrNotExist) || errors.Is(err, errNoContainer) {
		return info, err
	}
	if dangles(err) { // there may be an upload by way of the link
		if to, behindErr := f.client.behind(ctx, n, o, err); behindErr == nil {
			n = to
		}
	}
	cut, partialErr := f.findPartial(ctx, n)
	switch {
	case partialErr != nil:
		return vfs.Info{}, translate(partialErr)
	case cut != nil:
		return cut.info(base), nil
	}
	return info, err
}

// lookup tells what a name is. The object is the zero value for what has none: the account, containers, and directories that are only prefixes.
func (f *FS) lookup(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	return f.find(ctx, n, base, way{look: f.client.head, below: f.statPrefix})
}

// lookupNew is lookup for a name that is likely to be free.
func (f *FS) lookupNew(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	return f.find(ctx, n, base, way{look: f.client.head, below: f.statPrefix, mayBeNone: true})
}

// way is how to find out what a name is.
type way struct {
	look  func(context.Context, name) (object, error)           // at an object
	below func(context.Context, name, string) (vfs.Info, error) // what lies below a name that has none

	mayBeNone bool // it may well have none
	partials  bool // if nothing lies below it either, findPartial comes next
}

// find is lookup in some way.
func (f *FS) find(ctx context.Context, n name, base string, w way) (vfs.Info, object, error) {
	switch {
	case n.isAccount():
		info, err := f.statAccount(ctx, n)
		return info, object{}, err
	case n.isContainer():
		info, err := f.statContainer(ctx, n, base)
		return info, object{}, err
	}
	gone := f.lastGone()
	b := f.askBeside(ctx, n, base, w)
	o, err := w.look(ctx, n)
	if err == nil && !isMarker(n.object, o.size, o.contentType) {
		b.unwanted()
		f.sawIn(n, gone)
		if o.isDir() && !o.link {
			f.sawDir(n, gone, true)
		}
		return o.info(base), o, nil
	}
	if err != nil && (status(err) != http.StatusNotFound || dangles(err)) {
		b.unwanted()
		return vfs.Info{}, object{}, f.client.refusal(ctx, n, err)
	}
	none := err != nil
	var info vfs.Info
	if b != nil {
		info, err = b.wait()
	} else {
		info, err = w.below(ctx, n, base)
	}
	if none {
		f.around.missing(n)
	}
	if err == nil {
		f.sawIn(n, gone)
		f.sawDir(n, gone, false)
	}
	return info, object{}, err
}

// head returns an object's headers. The error is not translated.
func (c *client) head(ctx context.Context, n name) (object, error) {
	resp, err := c.send(ctx, request{method: http.MethodHead, target: n})
	if err != nil {
		return object{}, err
	}
	o := c.object(resp.header)
	if !o.sized {
		o.size, err = c.sizeByRange(ctx, n, o.etag)
	}
	return o, err
}

// sizeByRange asks for the size of an object whose headers do not tell it, as behind a proxy that
// sends answers in chunks: the answer to a range has it. The error is not translated.
func (c *client) sizeByRange(ctx context.Context, n name, etag string) (int64, error) {
	resp, err := c.open(ctx, request{method: http.MethodGet, target: n, header: map[string]string{"Range": "bytes=0-0"}})
	switch {
	case status(err) == http.StatusRequestedRangeNotSatisfiable:
		return 0, nil // it has no first byte
	case err != nil:
		return 0, err
	}
	resp.body.Close()
	if got := strings.Trim(resp.header.Get("Etag"), `"`); etag != "" && got != etag {
		return 0, &vfs.Error{Kind: vfs.ErrChanged, TransID: resp.transID()}
	}
	if resp.status != http.StatusPartialContent {
		return 0, &vfs.Error{
			Kind: vfs.ErrUnavailable, Text: "the storage does not tell how large the file is", TransID: resp.transID(),
			Err: fmt.Errorf("GET %q: neither Content-Length nor Content-Range, status %d", n.String(), resp.status),
		}
	}
	return totalOf(resp.header.Get("Content-Range"))
}

func (f *FS) statContainer(ctx context.Context, n name, base string) (vfs.Info, error) {
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n})
	if f.dropsInto(ctx, n, err) {
		return f.dropBoxInfo(base), nil
	}
	if err != nil {
		return vfs.Info{}, f.client.refusal(ctx, n, err)
	}
	info := vfs.Info{Name: base, Mode: dirMode}
	info.Size, info.Links = containerUse(resp.header)
	return f.containerAttrs(resp.header).over(info), nil
}

// statAccount describes an account. It is there whatever Swift says of it: many may not ask for it as a whole, and all it would tell is how much is in it.
func (f *FS) statAccount(ctx context.Context, n name) (vfs.Info, error) {
	info := vfs.Info{Name: "/", Mode: dirMode, ModTime: f.opened}
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n, patience: -1})
	switch {
	case ctx.Err() != nil:
		return vfs.Info{}, context.Cause(ctx)
	case err == nil:
		info.Size, info.Links = count(resp.header, "X-Account-Bytes-Used"), count(resp.header, "X-Account-Container-Count")
	}
	return info, nil
}

// containerUse is what a container's headers say of its bytes and objects, without the segments of its files, which lie in another one.
func containerUse(h http.Header) (bytes, objects int64) {
	return count(h, "X-Container-Bytes-Used"), count(h, "X-Container-Object-Count")
}

// count reads a header that counts something; 0 where it is not there.
func count(h http.Header, key string) int64 {
	n, _ := strconv.ParseInt(h.Get(key), 10, 64)
	return max(n, 0)
}

// errNoContainer is in the errors about names in containers that do not exist.
var errNoContainer = errors.New("no such container")

// statPrefix tells whether there is anything below a name that has no object.
func (f *FS) statPrefix(ctx context.Context, n name, base string) (vfs.Info, error) {
	page, err := f.page(ctx, n, listing{prefix: n.prefix(), limit: 1})
	switch {
	case status(err) == http.StatusNotFound:
		return vfs.Info{}, refusedAs(fmt.Errorf("%w: %w", errNoContainer, err), vfs.ErrNotExist, "there is no container "+n.container)
	case err != nil:
		return vfs.Info{}, f.client.refusal(ctx, n, err)
	case len(page) == 0:
		return vfs.Info{}, vfs.ErrNotExist
	}
	return vfs.Info{Name: base, Mode: dirMode, ModTime: page[0].time(f.opened)}, nil
}

// statBelow is statPrefix for a client who may ask for other names of the directory too.
func (f *FS) statBelow(ctx context.Context, n name, base string) (vfs.Info, error) {
	if s, ok := f.surroundings(ctx, n); ok && s.bare(n) {
		return vfs.Info{}, vfs.ErrNotExist
	}
	return f.statPrefix(ctx, n, base)
}
