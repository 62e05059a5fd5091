package api

import (
	"context"
	"net/http"
	"sync"

	"filegate/core/backend"
)

// probeContainer is the name of a container that should not exist.
const probeContainer = "filegate-probe"

// storesProbed remembers the stores that were checked for proxies that rewrite paths.
type storesProbed struct {
	mu  sync.Mutex
	all map[string]bool // by scheme and host
}

// maxStoresProbed is how many stores are remembered.
const maxStoresProbed = 1000

// first reports whether a store has not been checked yet, and records that it is.
func (s *storesProbed) first(store string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= maxStoresProbed {
		s.all = map[string]bool{}
	}
	asked := s.all[store]
	s.all[store] = true
	return !asked
}

// rewritesPaths reports whether something between client and store interprets ".." in the path of a
// request as the parent directory. Then a request for an object of that name is answered as a
// request for the account, and not with status 404. remote is the address of the client that uses
// the store. If the login may not read the account, the result is false.
func (t *transport) rewritesPaths(ctx context.Context, grant backend.Grant, remote string) bool {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, grant.Endpoint+"/"+probeContainer+"/..", nil)
	if err != nil {
		return false
	}
	req.Header.Set("X-Auth-Token", grant.Token.Reveal())
	if remote != "" {
		req.Header.Set("X-Forwarded-For", remote)
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode/100 == 2
}

// checkProxy checks, at the first use of a store, whether something between client and store
// rewrites paths.
func (c *Client) checkProxy(ctx context.Context, store string, grant backend.Grant) {
	if c.store.probed.first(store) && c.store.http.rewritesPaths(ctx, grant, c.remote) {
		c.Log.Warn("something in front of the storage rewrites the paths of requests, so that names with empty elements or "+
			"percent signs can lead to other files: set it up to pass paths on as they come (nginx: proxy_pass without a path behind the host, merge_slashes off)",
			"storage", store)
	}
}
