package swift

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

// limits is what a cluster says of itself at /info, with Swift's defaults where it says nothing.
type limits struct {
	listing        int   // entries of a page, of a container
	accountListing int   // and of an account
	fileSize       int64 // of one object, in bytes
	slo            bool
	sloSegments    int
	sloManifest    int64 // size of a manifest, in bytes
	heartbeat      bool  // while the store checks a manifest it can show that it is alive
	bulkDelete     bool
	bulkDeletes    int // names in one request
	metaValueLen   int
	symlinks       bool // where the cluster does not tell, none: a link that it does not know would be an empty file
}

func defaultLimits() limits {
	return limits{
		listing: 10000, accountListing: 10000, fileSize: 5*gib + 2, slo: true, sloSegments: 1000, sloManifest: 8 * mib,
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
	limits
	until time.Time
}

const (
	infoLife    = time.Hour
	infoRetry   = 30 * time.Second // after /info could not be had
	infoTimeout = 10 * time.Second
	maxInfo     = mib
)

// of returns the limits of the cluster that serves the storage URL. A cluster that does not tell (it may be configured so) has the defaults.
func (c *infoCache) of(ctx context.Context, storageURL string) (limits, error) {
	u, err := url.Parse(storageURL)
	if err != nil {
		return limits{}, fmt.Errorf("storage URL: %w", err)
	}
	key := storeOf(u)
	c.mu.Lock()
	known, ok := c.all[key]
	c.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.limits, nil
	}
	fresh, life := cachedLimits{limits: defaultLimits()}, infoLife
	told, err := c.ask(ctx, key+"/info")
	switch {
	case ctx.Err() != nil:
		return limits{}, context.Cause(ctx)
	case err != nil && ok:
		fresh, life = known, infoRetry
	case err != nil:
		life = infoRetry
	default:
		fresh.limits = told
	}
	fresh.until = time.Now().Add(life)
	c.mu.Lock()
	c.all[key] = fresh
	c.mu.Unlock()
	return fresh.limits, nil
}

// storeOf returns what tells one store from another: the scheme and the host of its URLs.
func storeOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (c *infoCache) ask(ctx context.Context, u string) (limits, error) {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return limits{}, err
	}
	resp, err := c.http.RoundTrip(req)
	if err != nil {
		return limits{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return limits{}, fmt.Errorf("GET %s: %s", u, resp.Status)
	}
	return parseInfo(io.LimitReader(resp.Body, maxInfo))
}

// The most of each limit that is believed, since they size requests and answers that are held in memory.
const (
	maxListing     = 100_000
	maxSLOSegments = 10_000
	maxBulkDeletes = 10_000
)

// parseInfo reads the JSON of /info. Values that make no sense leave the default.
func parseInfo(r io.Reader) (limits, error) {
	l := defaultLimits()
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
		Symlink    *struct{} `json:"symlink"`
		BulkDelete *struct {
			MaxDeletesPerRequest int `json:"max_deletes_per_request"`
		} `json:"bulk_delete"`
	}
	if err := json.NewDecoder(r).Decode(&info); err != nil {
		return limits{}, fmt.Errorf("/info: %w", err)
	}
	take(&l.listing, info.Swift.ContainerListingLimit)
	take(&l.accountListing, info.Swift.AccountListingLimit)
	take(&l.fileSize, info.Swift.MaxFileSize)
	take(&l.metaValueLen, info.Swift.MaxMetaValueLength)
	l.listing, l.accountListing = min(l.listing, maxListing), min(l.accountListing, maxListing)
	l.slo = info.SLO != nil && info.SLO.MaxManifestSegments != 1 // of one segment each, manifests make no file longer
	if l.slo {
		take(&l.sloSegments, info.SLO.MaxManifestSegments)
		take(&l.sloManifest, info.SLO.MaxManifestSize)
		l.sloSegments = min(l.sloSegments, maxSLOSegments)
		l.heartbeat = info.SLO.YieldFrequency > 0
	}
	l.symlinks = info.Symlink != nil
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
