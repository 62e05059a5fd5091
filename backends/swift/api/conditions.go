package api

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// A request for a part of an object must fail if the object has changed, so it sends the ETag in
// If-Match. Some stores refuse an ETag that they have returned themselves: Swift for a plain copy
// of a large object, because it compares with the ETag of the copied manifest, and RGW for every
// large object. Then the request is repeated without If-Match, and the ETag of the answer is
// compared.

// maxUnmatched is how many such objects are remembered.
const maxUnmatched = 1000

// unmatched remembers the objects for which the store refuses the right ETag. Further requests omit
// If-Match at once.
type unmatched struct {
	mu  sync.Mutex
	all map[objectVersion]bool
}

// objectVersion identifies an object with its content.
type objectVersion struct {
	name Name
	etag string
}

func (u *unmatched) has(v objectVersion) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all[v]
}

func (u *unmatched) add(v objectVersion) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil || len(u.all) >= maxUnmatched {
		u.all = map[objectVersion]bool{}
	}
	u.all[v] = true
}

// OpenMatching is Open for a GET or COPY of an object that must still have the ETag. Otherwise the
// error has status 412. With an empty etag it is Open.
func (c *Client) OpenMatching(ctx context.Context, req Request, etag string) (*Response, error) {
	if etag == "" {
		return c.Open(ctx, req)
	}
	v := objectVersion{req.Target, etag}
	refused := error(&StatusError{Method: req.Method, Target: req.Target, Status: http.StatusPreconditionFailed, Text: "it has another ETag by now"})
	if !c.unmatched.has(v) {
		conditional := req
		conditional.Header = map[string]string{}
		maps.Copy(conditional.Header, req.Header)
		conditional.Header["If-Match"] = `"` + etag + `"`
		resp, err := c.Open(ctx, conditional)
		if StatusOf(err) != http.StatusPreconditionFailed {
			return resp, err
		}
		refused = err
	}
	if req.Method == MethodCopy {
		// The answer describes the copy, so the source is checked first. For a large object the
		// ETag of the copy differs.
		head, err := c.Send(ctx, Request{Method: http.MethodHead, Target: req.Target})
		if err != nil {
			return nil, refused
		}
		if now := ParseObject(head.Header); now.ETag != etag || now.IsLarge() {
			return nil, refused
		}
	}
	resp, err := c.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	if strings.Trim(resp.Header.Get("Etag"), `"`) != etag {
		resp.Body.Close()
		return nil, refused
	}
	c.unmatched.add(v)
	return resp, nil
}

// SendMatching is OpenMatching that reads the whole answer.
func (c *Client) SendMatching(ctx context.Context, req Request, etag string) (*Response, error) {
	resp, err := c.OpenMatching(ctx, req, etag)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}
