package swift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// Stat implements [vfs.FS]. A file is one HEAD; what has no object of its own name is looked for as a prefix, by a
// listing of one entry, and then among the uploads that were cut off.
func (f *FS) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Info{}, err
	}
	info, _, err := f.lookup(ctx, n, p.Base())
	if n.isObject() && errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, errNoContainer) {
		cut, partialErr := f.findPartial(ctx, n)
		switch {
		case partialErr != nil:
			return vfs.Info{}, translate(partialErr)
		case cut != nil:
			return cut.info(p.Base()), nil
		}
	}
	return info, err
}

// lookup tells what a name is. The object is the zero value for what has none: the account, containers, and directories that are only prefixes.
func (f *FS) lookup(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	switch {
	case n.isAccount():
		return vfs.Info{Name: "/", Mode: dirMode, ModTime: f.opened}, object{}, nil
	case n.isContainer():
		info, err := f.statContainer(ctx, n, base)
		return info, object{}, err
	}
	o, err := f.head(ctx, n)
	if err == nil {
		return o.info(base), o, nil
	}
	if status(err) != http.StatusNotFound {
		return vfs.Info{}, object{}, f.refusal(ctx, n, err)
	}
	info, err := f.statPrefix(ctx, n, base)
	return info, object{}, err
}

// head returns an object's headers. The error is not translated.
func (f *FS) head(ctx context.Context, n name) (object, error) {
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n})
	if err != nil {
		return object{}, err
	}
	return parseObject(resp.header), nil
}

func (f *FS) statContainer(ctx context.Context, n name, base string) (vfs.Info, error) {
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n})
	if err != nil {
		return vfs.Info{}, f.refusal(ctx, n, err)
	}
	info := vfs.Info{Name: base, Mode: dirMode, ModTime: f.opened}
	if t, err := parseSeconds(resp.header.Get("X-Timestamp")); err == nil {
		info.ModTime = t
	}
	return info, nil
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
		return vfs.Info{}, f.refusal(ctx, n, err)
	case len(page) == 0:
		return vfs.Info{}, vfs.ErrNotExist
	}
	return vfs.Info{Name: base, Mode: dirMode, ModTime: page[0].time(f.opened)}, nil
}

// entry is one line of a listing of Swift's.
type entry struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"` // instead of all others
	Bytes        int64  `json:"bytes"`
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	SLOEtag      string `json:"slo_etag"`
	Symlink      string `json:"symlink_path"`
}

// key is the entry's full name: what the next page begins behind.
func (e entry) key() string {
	if e.Subdir != "" {
		return e.Subdir
	}
	return e.Name
}

// time is when the entry was last changed, in UTC as Swift says it without saying so; unknown where it does not.
func (e entry) time(unknown time.Time) time.Time {
	if t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", strings.TrimSuffix(e.LastModified, "Z"), time.UTC); err == nil {
		return t
	}
	return unknown
}

// listing says which part of a container, or with no container of the account, is wanted.
type listing struct {
	prefix, marker string
	delimiter      bool // fold everything behind the next "/" into one entry
	limit          int
}

// maxPage bounds the bytes of one page: an entry is at most a name of 1024 bytes, escaped sixfold, and some hundreds beside it.
const maxPage = 128 * mib

// page returns one page of a listing of the account or container of dir, of no more entries than Swift gives at once. The error is not translated.
func (f *FS) page(ctx context.Context, dir name, l listing) ([]entry, error) {
	known, err := f.limits(ctx)
	if err != nil {
		return nil, err
	}
	query := url.Values{"format": {"json"}, "limit": {strconv.Itoa(min(l.limit, known.listing))}}
	if l.prefix != "" {
		query.Set("prefix", l.prefix)
	}
	if l.marker != "" {
		query.Set("marker", l.marker)
	}
	if l.delimiter {
		query.Set("delimiter", "/")
	}
	body, _, err := f.client.fetch(ctx, request{method: http.MethodGet, target: dir.top(), query: query}, maxPage)
	if err != nil {
		return nil, err
	}
	var page []entry
	if len(body) == 0 { // 204
		return nil, nil
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("listing of %q: %w", dir.top().String(), err)
	}
	return page, nil
}
