package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"filegate/core/backend"
)

// At the first use of a store one request is sent. Its answer shows whether a proxy rewrites the
// paths of requests, and the flavour of the store.

// probeContainer is the name of a container that should not exist.
const probeContainer = "filegate-probe"

// probe is the result of such a request. Its fields are set when done is closed.
type probe struct {
	rewrites bool      // something interprets ".." in a path as the parent directory
	flavour  Flavour   // empty: the answer does not show it
	until    time.Time // the result is forgotten then; zero: never
	done     chan struct{}
}

// storesProbed holds the probes of all stores.
type storesProbed struct {
	mu  sync.Mutex
	all map[string]*probe // by root
}

// maxStoresProbed is how many stores are remembered.
const maxStoresProbed = 1000

// of returns the probe of a store, and reports whether the caller must send its request.
func (s *storesProbed) of(root string, now time.Time) (*probe, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.all[root]; p != nil && (p.until.IsZero() || now.Before(p.until)) {
		return p, false
	}
	if s.all == nil || len(s.all) >= maxStoresProbed {
		s.all = map[string]*probe{}
	}
	p := &probe{done: make(chan struct{})}
	s.all[root] = p
	return p, true
}

// end sets the result of a probe, and until when it is remembered. A zero time means for ever.
func (s *storesProbed) end(p *probe, told probe, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.rewrites, p.flavour, p.until = told.rewrites, told.flavour, until
	close(p.done)
}

// ask sends the request, a HEAD of an object named "..", which no store has. If something between
// client and store rewrites paths, the request is answered as a request for the account, and not
// with status 404. remote is the address of the client that uses the store. If the login may not
// read the account, rewriting is not noticed.
func (t *transport) ask(ctx context.Context, grant backend.Grant, remote string) (probe, error) {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, grant.Endpoint+"/"+probeContainer+"/..", nil)
	if err != nil {
		return probe{}, err
	}
	req.Header.Set("X-Auth-Token", grant.Token.Reveal())
	if remote != "" {
		req.Header.Set("X-Forwarded-For", remote)
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return probe{}, err
	}
	resp.Body.Close()
	if code := resp.StatusCode; code >= 500 || code == http.StatusTooManyRequests || code == http.StatusUnauthorized {
		return probe{}, fmt.Errorf("the storage answered %s", resp.Status) // perhaps a proxy did
	}
	return probe{rewrites: resp.StatusCode/100 == 2, flavour: flavourByAnswer(resp.Header)}, nil
}

// probe returns the result of the probe of a store. It sends the request if nobody has.
func (c *Client) probe(ctx context.Context, root string, grant backend.Grant) probe {
	p, first := c.store.probed.of(root, time.Now())
	if !first {
		select {
		case <-p.done:
			return *p
		case <-ctx.Done():
			return probe{}
		}
	}
	told, err := c.store.http.ask(ctx, grant, c.remote)
	var until time.Time
	switch {
	case ctx.Err() != nil:
		until = time.Now()
	case err != nil:
		until = time.Now().Add(infoRetry)
	}
	c.store.probed.end(p, told, until)
	if told.rewrites {
		c.Log.Warn("something in front of the storage rewrites the paths of requests, so that names with empty elements or "+
			"percent signs can lead to other files: set it up to pass paths on as they come (nginx: proxy_pass without a path behind the host, merge_slashes off)",
			"storage", root)
	}
	return told
}
