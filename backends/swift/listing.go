package swift

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"filegate/backends/swift/api"
)

// entry is one line of a listing of Swift's.
type entry struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"` // instead of all others
	Bytes        int64  `json:"bytes"`
	Count        int64  `json:"count"` // of a container's objects
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	SLOEtag      string `json:"slo_etag"`
	Symlink      string `json:"symlink_path"`
	// VersionLink says that Symlink leads to the version that the object is, which is nothing to
	// anybody but Swift.
	VersionLink bool `json:"version_symlink"`
	// VersionID is that of a version, in a listing of those.
	VersionID string `json:"version_id"`

	asked *api.Object // what a HEAD has told, where the listing was known to be behind
}

// key is the entry's full name: what the next page begins behind.
func (e entry) key() string {
	if e.Subdir != "" {
		return e.Subdir
	}
	return e.Name
}

// IsVersion says whether the object is one of several versions.
func (e entry) isVersion() bool { return e.VersionLink || e.asked != nil && e.asked.IsVersion() }

// version is the ETag that a HEAD tells: the hash, but for static large objects.
func (e entry) version() string { return cmp.Or(strings.Trim(e.SLOEtag, `"`), e.Hash) }

const listedTime = "2006-01-02T15:04:05.999999999"

// time is when the entry was last changed, in UTC as Swift says it without saying so; unknown where
// it does not.
func (e entry) time(unknown time.Time) time.Time {
	if t, err := time.ParseInLocation(listedTime, strings.TrimSuffix(e.LastModified, "Z"), time.UTC); err == nil {
		return t
	}
	return unknown
}

// listing says which part of a container, or with no container of the account, is wanted.
type listing struct {
	prefix, marker string
	delimiter      bool // fold everything behind the next "/" into one entry
	limit          int
	// versions lists all versions of each object, of that at the marker only those before
	// versionMarker.
	versions      bool
	versionMarker string
}

// maxPage bounds the bytes of one page: an entry is at most a name of 1024 bytes, escaped sixfold,
// and some hundreds beside it.
const maxPage = 128 << 20

// maxListedBytes bounds the size of an entry, so that offsets behind it are still numbers.
const maxListedBytes = math.MaxInt64 / 4

// page returns one page of a listing of the account or container of dir, of no more entries than
// Swift gives at once, with what the write log knows better than Swift. It is empty only where
// nothing is left. The error is not translated.
func (v *view) page(ctx context.Context, dir api.Name, l listing) ([]entry, error) {
	p, err := v.knownPage(ctx, dir, l)
	return p.lines, err
}

// knownPage is page that also tells whether there may be another one.
func (v *view) knownPage(ctx context.Context, dir api.Name, l listing) (rawPage, error) {
	for {
		changes, err := v.changesIn(ctx, dir.Top(), l)
		if err != nil {
			return rawPage{}, err
		}
		asked := l
		asked.limit += changes.gone() // which are left out of what comes
		p, err := v.rawPage(ctx, dir, asked)
		if err != nil {
			return rawPage{}, err
		}
		lines, err := v.overlay(ctx, dir, l, p, changes)
		if err != nil {
			return rawPage{}, err
		}
		if len(lines) > 0 || !p.more {
			shown := lines[:min(len(lines), l.limit)]
			return rawPage{lines: shown, more: p.more || len(shown) < len(lines)}, nil
		}
		l.marker = p.last()
	}
}

// rawPage is a page as Swift has it.
type rawPage struct {
	lines []entry
	more  bool // there may be another page
	full  bool // the page has as many entries as were asked for
}

// last is the name that the next page begins behind.
func (p rawPage) last() string { return p.lines[len(p.lines)-1].key() }

// rawPage returns a page as Swift has it. The error is not translated.
func (v *view) rawPage(ctx context.Context, dir api.Name, l listing) (rawPage, error) {
	known, err := v.client.Limits(ctx)
	if err != nil {
		return rawPage{}, err
	}
	most := known.Listing
	if dir.IsAccount() {
		most = known.AccountListing
	}
	limit := min(l.limit, most)
	query := url.Values{"format": {"json"}, "limit": {strconv.Itoa(limit)}}
	if l.prefix != "" {
		query.Set("prefix", l.prefix)
	}
	if l.marker != "" {
		query.Set("marker", l.marker)
	}
	if l.delimiter {
		query.Set("delimiter", "/")
	}
	if l.versions {
		query.Set("versions", "true")
	}
	if l.versionMarker != "" {
		query.Set("version_marker", l.versionMarker)
	}
	req := api.Request{Method: http.MethodGet, Target: dir.Top(), Query: query}
	body, _, err := v.client.Fetch(ctx, req, maxPage)
	if api.StatusOf(err) == http.StatusPreconditionFailed {
		// A cluster that keeps its limits to itself may have a smaller one. Its own choice is then
		// what a page has.
		query.Del("limit")
		limit = 1
		body, _, err = v.client.Fetch(ctx, req, maxPage)
	}
	if err != nil {
		return rawPage{}, err
	}
	var lines []entry
	if len(body) == 0 { // 204
		return rawPage{}, nil
	}
	if err := json.Unmarshal(body, &lines); err != nil {
		return rawPage{}, fmt.Errorf("listing of %q: %w", dir.Top().String(), err)
	}
	for i := range lines {
		lines[i].Bytes = min(max(lines[i].Bytes, 0), maxListedBytes)
		lines[i].Count = max(lines[i].Count, 0)
	}
	if len(lines) > 0 && len(lines) >= limit {
		return rawPage{lines, true, true}, nil
	}
	kind, err := v.pageKind(ctx, dir, l)
	if err != nil {
		return rawPage{}, err
	}
	return rawPage{lines, !v.sizes.last(kind, len(lines)), false}, nil
}

// pageKind returns the kind of a listing of dir's account or container.
func (v *view) pageKind(ctx context.Context, dir api.Name, l listing) (pageKind, error) {
	grant, err := v.client.Grants.Current(ctx)
	if err != nil {
		return pageKind{}, err
	}
	u, err := url.Parse(grant.Endpoint)
	if err != nil {
		return pageKind{}, err
	}
	return pageKind{api.StoreOf(u), dir.IsAccount(), l.delimiter}, nil
}

// IsLink says whether the entry is a link.
func (e entry) isLink() bool { return e.Symlink != "" && !e.VersionLink }
