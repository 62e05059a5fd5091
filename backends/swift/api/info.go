package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits is what a cluster reports at /info, with Swift's defaults for what is missing, and the
// abilities of its flavour.
type Limits struct {
	Flavour Flavour
	Abilities

	Listing        int   // entries of a page, for a container
	AccountListing int   // entries of a page, for an account
	FileSize       int64 // of one object, in bytes
	SLO            bool
	SLOSegments    int
	SLOManifest    int64 // size of a manifest, in bytes
	Heartbeat      bool  // the store can send heartbeats while it checks a manifest
	bulkDelete     bool
	bulkDeletes    int // names in one request
	metaValueLen   int
	TempURLHash    string // hash for temporary URLs; empty: there are none
	// False unless the cluster reports them: without support, a link would become an empty file.
	Symlinks bool
}

// DefaultLimits returns the limits of a cluster that reports nothing.
func DefaultLimits() Limits {
	return Limits{
		Flavour: FlavourSwift, Abilities: abilitiesOf(FlavourSwift),
		Listing: 10000, AccountListing: 10000, FileSize: 5<<30 + 2, SLO: true, SLOSegments: 1000, SLOManifest: 8 << 20,
		bulkDeletes: 1000, metaValueLen: 256,
	}
}

// infoCache caches the limits of the clusters of a backend.
type infoCache struct {
	http *transport

	mu  sync.Mutex
	all map[string]cachedLimits // by root
}

type cachedLimits struct {
	Limits
	until time.Time
}

const (
	infoLife    = time.Hour
	infoRetry   = 30 * time.Second // after /info has failed
	infoTimeout = 10 * time.Second
	maxInfo     = 1 << 20
)

// of returns the limits of the cluster with the storage URL. A cluster may be configured not to
// report them; then it gets the defaults.
func (c *infoCache) of(ctx context.Context, storageURL string) (Limits, error) {
	u, err := url.Parse(storageURL)
	if err != nil {
		return Limits{}, fmt.Errorf("storage URL: %w", err)
	}
	key := rootOf(u)
	c.mu.Lock()
	known, ok := c.all[key]
	c.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.Limits, nil
	}
	fresh, life := cachedLimits{Limits: DefaultLimits()}, infoLife
	told, err := c.ask(ctx, key+"/info")
	if host := StoreOf(u); err != nil && host != key {
		told, err = c.ask(ctx, host+"/info")
	}
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

// rootOf returns the part of a storage URL before the version of the protocol. /info is below it,
// in Swift and in RadosGW, whether the path of the storage URL names the account or not.
func rootOf(storageURL *url.URL) string {
	before := ""
	elements := strings.Split(strings.Trim(storageURL.Path, "/"), "/")
	for i := len(elements) - 1; i > 0; i-- {
		if version.MatchString(elements[i]) {
			before = "/" + strings.Join(elements[:i], "/")
			break
		}
	}
	return StoreOf(storageURL) + before
}

// StoreOf returns a text that identifies a store: the scheme and the host of its URLs.
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

// The largest values that are accepted, because they determine the size of requests and answers in
// memory.
const (
	maxListing     = 100_000
	maxSLOSegments = 10_000
	maxBulkDeletes = 10_000
)

// parseInfo parses the JSON of /info. Invalid values keep their default.
func parseInfo(r io.Reader) (Limits, error) {
	l := DefaultLimits()
	var info struct {
		Swift struct {
			ContainerListingLimit int   `json:"container_listing_limit"`
			AccountListingLimit   int   `json:"account_listing_limit"`
			MaxFileSize           int64 `json:"max_file_size"`
			MaxMetaValueLength    int   `json:"max_meta_value_length"`
			MaxObjectNameSize     int   `json:"max_object_name_size"` // RadosGW's word for max_object_name_length
		} `json:"swift"`
		SLO *struct {
			MaxManifestSegments int   `json:"max_manifest_segments"`
			MaxManifestSize     int64 `json:"max_manifest_size"`
			// Of heartbeats, in seconds; Swift reports it since it has them.
			YieldFrequency int `json:"yield_frequency"`
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
	if info.Swift.MaxObjectNameSize > 0 {
		l.setFlavour(FlavourCeph)
	}
	take(&l.Listing, info.Swift.ContainerListingLimit)
	take(&l.AccountListing, info.Swift.AccountListingLimit)
	take(&l.FileSize, info.Swift.MaxFileSize)
	take(&l.metaValueLen, info.Swift.MaxMetaValueLength)
	l.Listing, l.AccountListing = min(l.Listing, maxListing), min(l.AccountListing, maxListing)
	// Manifests of one segment cannot make files larger.
	l.SLO = info.SLO != nil && info.SLO.MaxManifestSegments != 1
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

// setFlavour sets the flavour, and the abilities that /info does not report.
func (l *Limits) setFlavour(f Flavour) { l.Flavour, l.Abilities = f, abilitiesOf(f) }

// Limits returns the limits and abilities of the account's cluster. The configuration decides its
// flavour first, then the answer to a request, then /info.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	grant, err := c.Grants.Current(ctx)
	if err != nil {
		return Limits{}, err
	}
	var seen probe
	if u, err := url.Parse(grant.Endpoint); err == nil {
		seen = c.probe(ctx, rootOf(u), grant)
	}
	l, err := c.store.info.of(ctx, grant.Endpoint)
	if f := cmp.Or(c.store.config.Flavour, seen.flavour); err == nil && f != "" && f != l.Flavour {
		l.setFlavour(f)
	}
	return l, err
}
