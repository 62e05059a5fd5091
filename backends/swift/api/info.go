package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Limits is what a cluster says of itself at /info, with Swift's defaults where it says nothing.
type Limits struct {
	Listing        int   // entries of a page, of a container
	AccountListing int   // and of an account
	FileSize       int64 // of one object, in bytes
	SLO            bool
	SLOSegments    int
	SLOManifest    int64 // size of a manifest, in bytes
	Heartbeat      bool  // while the store checks a manifest it can show that it is alive
	bulkDelete     bool
	bulkDeletes    int // names in one request
	metaValueLen   int
	TempURLHash    string // by which temporary URLs are signed; empty where there are none
	Symlinks       bool   // where the cluster does not tell, none: a link that it does not know would be an empty file
}

// DefaultLimits returns what holds where the cluster tells nothing.
func DefaultLimits() Limits {
	return Limits{
		Listing: 10000, AccountListing: 10000, FileSize: 5<<30 + 2, SLO: true, SLOSegments: 1000, SLOManifest: 8 << 20,
		bulkDeletes: 1000, metaValueLen: 256,
	}
}

// infoCache keeps the limits of the clusters that a backend talks to.
type infoCache struct {
	http *transport

	mu  sync.Mutex
	all map[string]cachedLimits // by scheme and host
}

type cachedLimits struct {
	Limits
	until time.Time
}

const (
	infoLife    = time.Hour
	infoRetry   = 30 * time.Second // after /info could not be had
	infoTimeout = 10 * time.Second
	maxInfo     = 1 << 20
)

// of returns the limits of the cluster that serves the storage URL. A cluster that does not tell
// (it may be configured so) has the defaults.
func (c *infoCache) of(ctx context.Context, storageURL string) (Limits, error) {
	u, err := url.Parse(storageURL)
	if err != nil {
		return Limits{}, fmt.Errorf("storage URL: %w", err)
	}
	key := StoreOf(u)
	c.mu.Lock()
	known, ok := c.all[key]
	c.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.Limits, nil
	}
	fresh, life := cachedLimits{Limits: DefaultLimits()}, infoLife
	told, err := c.ask(ctx, key+"/info")
	switch {
	case ctx.Err() != nil:
		return Limits{}, context.Cause(ctx)
	case err != nil && ok:
		fresh, life = known, infoRetry
	case err != nil:
		life = infoRetry
	default:
		fresh.Limits = told
	}
	fresh.until = time.Now().Add(life)
	c.mu.Lock()
	c.all[key] = fresh
	c.mu.Unlock()
	return fresh.Limits, nil
}

// StoreOf returns what tells one store from another: the scheme and the host of its URLs.
func StoreOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (c *infoCache) ask(ctx context.Context, u string) (Limits, error) {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return Limits{}, err
	}
	resp, err := c.http.RoundTrip(req)
	if err != nil {
		return Limits{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Limits{}, fmt.Errorf("GET %s: %s", u, resp.Status)
	}
	return parseInfo(io.LimitReader(resp.Body, maxInfo))
}

// The most of each limit that is believed, since they size requests and answers that are held in
// memory.
const (
	maxListing     = 100_000
	maxSLOSegments = 10_000
	maxBulkDeletes = 10_000
)

// parseInfo reads the JSON of /info. Values that make no sense leave the default.
func parseInfo(r io.Reader) (Limits, error) {
	l := DefaultLimits()
	var info struct {
		Swift struct {
			ContainerListingLimit int   `json:"container_listing_limit"`
			AccountListingLimit   int   `json:"account_listing_limit"`
			MaxFileSize           int64 `json:"max_file_size"`
			MaxMetaValueLength    int   `json:"max_meta_value_length"`
		} `json:"swift"`
		SLO *struct {
			MaxManifestSegments int   `json:"max_manifest_segments"`
			MaxManifestSize     int64 `json:"max_manifest_size"`
			YieldFrequency      int   `json:"yield_frequency"` // of heartbeats, in seconds: Swift has told it since it has them
		} `json:"slo"`
		TempURL *struct {
			AllowedDigests []string `json:"allowed_digests"`
		} `json:"tempurl"`
		Symlink    *struct{} `json:"symlink"`
		BulkDelete *struct {
			MaxDeletesPerRequest int `json:"max_deletes_per_request"`
		} `json:"bulk_delete"`
	}
	if err := json.NewDecoder(r).Decode(&info); err != nil {
		return Limits{}, fmt.Errorf("/info: %w", err)
	}
	take(&l.Listing, info.Swift.ContainerListingLimit)
	take(&l.AccountListing, info.Swift.AccountListingLimit)
	take(&l.FileSize, info.Swift.MaxFileSize)
	take(&l.metaValueLen, info.Swift.MaxMetaValueLength)
	l.Listing, l.AccountListing = min(l.Listing, maxListing), min(l.AccountListing, maxListing)
	l.SLO = info.SLO != nil && info.SLO.MaxManifestSegments != 1 // of one segment each, manifests make no file longer
	if l.SLO {
		take(&l.SLOSegments, info.SLO.MaxManifestSegments)
		take(&l.SLOManifest, info.SLO.MaxManifestSize)
		l.SLOSegments = min(l.SLOSegments, maxSLOSegments)
		l.Heartbeat = info.SLO.YieldFrequency > 0
	}
	l.Symlinks = info.Symlink != nil
	if info.TempURL != nil {
		l.TempURLHash = tempURLHash(info.TempURL.AllowedDigests)
	}
	l.bulkDelete = info.BulkDelete != nil
	if l.bulkDelete {
		take(&l.bulkDeletes, info.BulkDelete.MaxDeletesPerRequest)
		l.bulkDeletes = min(l.bulkDeletes, maxBulkDeletes)
	}
	return l, nil
}

func take[T int | int64](limit *T, told T) {
	if told > 0 {
		*limit = told
	}
}

// Limits returns what the account's cluster can do.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	grant, err := c.Grants.Current(ctx)
	if err != nil {
		return Limits{}, err
	}
	if u, err := url.Parse(grant.Endpoint); err == nil {
		c.checkProxy(ctx, StoreOf(u), grant)
	}
	return c.store.info.of(ctx, grant.Endpoint)
}
