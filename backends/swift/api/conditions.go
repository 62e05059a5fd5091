package api

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// A request about a part of an object is to fail where the object has changed: it names the ETag,
// in If-Match. Some stores refuse the ETag that they tell themselves. Swift does of a plain copy of
// a large object, since it compares with the ETag of the manifest that was copied from, and RGW of
// every large object. Then the request goes without, and the ETag of the answer tells.

// maxUnmatched bounds how many such objects are remembered.
const maxUnmatched = 1000

// unmatched are the objects of which the store refuses the right ETag: their further requests go
// without at once.
type unmatched struct {
	mu  sync.Mutex
	all map[objectVersion]bool
}

// objectVersion is an object with a certain content.
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

// OpenMatching is open for a GET, or a COPY, of an object that must still have the ETag: it ends in
// status 412 where it has not. With no ETag it is open.
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
		// The answer is about the copy: so what is copied is looked at first. That of a large
		// object tells nothing of it.
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

// SendMatching is OpenMatching that returns when all of the answer is here.
func (c *Client) SendMatching(ctx context.Context, req Request, etag string) (*Response, error) {
	resp, err := c.OpenMatching(ctx, req, etag)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}
