package api

import (
	"context"
	"net/http"
	"sync"

	"filegate/core/backend"
)

// probeContainer is a container that nobody has.
const probeContainer = "filegate-probe"

// storesProbed are the stores that have been asked whether something rewrites the paths of requests
// to them.
type storesProbed struct {
	mu  sync.Mutex
	all map[string]bool // by scheme and host
}

// maxStoresProbed bounds how many stores are remembered.
const maxStoresProbed = 1000

// first reports whether a store has not been asked yet, and notes that it is.
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

// rewritesPaths reports whether something between here and the store takes ".." in the path of a
// request for the directory above: the request for an object of that name is answered as one for
// the account then, and not by 404. The client whose use of the store it is has the address remote.
// Where the login may not ask for the account, it cannot be told.
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

// checkProxy looks, at the first use of a store, whether something rewrites paths on the way to it.
func (c *Client) checkProxy(ctx context.Context, store string, grant backend.Grant) {
	if c.store.probed.first(store) && c.store.http.rewritesPaths(ctx, grant, c.remote) {
		c.Log.Warn("something in front of the storage rewrites the paths of requests, so that names with empty elements or "+
			"percent signs can lead to other files: set it up to pass paths on as they come (nginx: proxy_pass without a path behind the host, merge_slashes off)",
			"storage", store)
	}
}
