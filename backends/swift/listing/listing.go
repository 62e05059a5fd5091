package listing

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

// Entry is one entry of a listing of Swift.
type Entry struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"` // of a folded entry, which has no other fields
	Bytes        int64  `json:"bytes"`
	Count        int64  `json:"count"` // number of objects in a container
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	SLOEtag      string `json:"slo_etag"`
	Symlink      string `json:"symlink_path"`
	// VersionLink reports whether Symlink is Swift's internal link to the current version of the
	// object. Clients must not see it.
	VersionLink bool `json:"version_symlink"`
	// VersionID is the ID of a version, in a listing of versions.
	VersionID string `json:"version_id"`

	Asked *api.Object // the answer to a HEAD, if the listing was not up to date
}

// Key returns the full name of the entry, after which the next page begins.
func (e Entry) Key() string {
	if e.Subdir != "" {
		return e.Subdir
	}
	return e.Name
}

// IsVersion reports whether the object is one of several versions.
func (e Entry) IsVersion() bool { return e.VersionLink || e.Asked != nil && e.Asked.IsVersion() }

// Version returns the ETag that a HEAD would return: the hash, except for static large objects.
func (e Entry) Version() string { return cmp.Or(strings.Trim(e.SLOEtag, `"`), e.Hash) }

const listedTime = "2006-01-02T15:04:05.999999999"

// Time returns when the entry was last changed, or unknown if Swift returns no time. Swift's times
// are in UTC, without a zone.
func (e Entry) Time(unknown time.Time) time.Time {
	if t, err := time.ParseInLocation(listedTime, strings.TrimSuffix(e.LastModified, "Z"), time.UTC); err == nil {
		return t
	}
	return unknown
}

// Query is a request for a page of a listing.
type Query struct {
	Prefix, Marker string
	Delimiter      bool // fold names that continue after the next "/" into one entry
	Limit          int
	// Versions requests all versions of each object. For the object in Marker, only those before
	// VersionMarker are listed.
	Versions      bool
	VersionMarker string
}

// maxPage is the largest page in bytes. An entry has a name of at most 1024 bytes, each escaped to
// at most six, and some hundred bytes more.
const maxPage = 128 << 20

// maxListedBytes is the largest size of an entry that is accepted, so that offsets cannot overflow.
const maxListedBytes = math.MaxInt64 / 4

// List returns one page of a listing of the container of dir, or of its account if dir has no
// container, updated by the write log. It has at most as many entries as Swift returns at once, and
// is empty only after the last entry. The error is not translated.
func (v *View) List(ctx context.Context, dir api.Name, l Query) ([]Entry, error) {
	p, err := v.knownPage(ctx, dir, l)
	return p.Lines, err
}

// knownPage is List, but also reports whether there may be another page.
func (v *View) knownPage(ctx context.Context, dir api.Name, l Query) (Page, error) {
	for {
		changes, err := v.ChangesIn(ctx, dir.Top(), l)
		if err != nil {
			return Page{}, err
		}
		asked := l
		asked.Limit += changes.gone() // they will be removed from the page
		p, err := v.RawPage(ctx, dir, asked)
		if err != nil {
			return Page{}, err
		}
		lines, err := v.Overlay(ctx, dir, l, p, changes)
		if err != nil {
			return Page{}, err
		}
		if len(lines) > 0 || !p.More {
			shown := lines[:min(len(lines), l.Limit)]
			return Page{Lines: shown, More: p.More || len(shown) < len(lines)}, nil
		}
		l.Marker = p.Last()
	}
}

// Page is a page of a listing.
type Page struct {
	Lines []Entry
	More  bool // there may be another page
	Full  bool // the page has as many entries as were asked for
}

// Last returns the name after which the next page begins.
func (p Page) Last() string { return p.Lines[len(p.Lines)-1].Key() }

// RawPage returns a page as Swift returns it, without the write log. The error is not translated.
func (v *View) RawPage(ctx context.Context, dir api.Name, l Query) (Page, error) {
	known, err := v.client.Limits(ctx)
	if err != nil {
		return Page{}, err
	}
	most := known.Listing
	if dir.IsAccount() {
		most = known.AccountListing
	}
	limit := min(l.Limit, most)
	query := url.Values{"format": {"json"}, "limit": {strconv.Itoa(limit)}}
	if l.Prefix != "" {
		query.Set("prefix", l.Prefix)
	}
	if l.Marker != "" {
		query.Set("marker", l.Marker)
	}
	if l.Delimiter {
		query.Set("delimiter", "/")
	}
	if l.Versions {
		query.Set("versions", "true")
	}
	if l.VersionMarker != "" {
		query.Set("version_marker", l.VersionMarker)
	}
	req := api.Request{Method: http.MethodGet, Target: dir.Top(), Query: query}
	body, _, err := v.client.Fetch(ctx, req, maxPage)
	if api.StatusOf(err) == http.StatusPreconditionFailed {
		// A cluster that does not report its limits may have a smaller one. Then Swift chooses the
		// size of the page.
		query.Del("limit")
		limit = 1
		body, _, err = v.client.Fetch(ctx, req, maxPage)
	}
	if err != nil {
		return Page{}, err
	}
	var lines []Entry
	if len(body) == 0 { // 204
		return Page{}, nil
	}
	if err := json.Unmarshal(body, &lines); err != nil {
		return Page{}, fmt.Errorf("listing of %q: %w", dir.Top().String(), err)
	}
	for i := range lines {
		lines[i].Bytes = min(max(lines[i].Bytes, 0), maxListedBytes)
		lines[i].Count = max(lines[i].Count, 0)
	}
	if len(lines) > 0 && len(lines) >= limit {
		return Page{lines, true, true}, nil
	}
	kind, err := v.Kind(ctx, dir, l)
	if err != nil {
		return Page{}, err
	}
	return Page{lines, !v.sizes.IsLast(kind, len(lines)), false}, nil
}

// Kind returns the kind of a listing of dir's account or container.
func (v *View) Kind(ctx context.Context, dir api.Name, l Query) (PageKind, error) {
	grant, err := v.client.Grants.Current(ctx)
	if err != nil {
		return PageKind{}, err
	}
	u, err := url.Parse(grant.Endpoint)
	if err != nil {
		return PageKind{}, err
	}
	return PageKind{api.StoreOf(u), dir.IsAccount(), l.Delimiter}, nil
}

// IsLink reports whether the entry is a link.
func (e Entry) IsLink() bool { return e.Symlink != "" && !e.VersionLink }
