package swift

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// A request about a part of an object is to fail where the object has changed: it names the ETag, in If-Match. Some stores refuse the ETag
// that they tell themselves. Swift does of a plain copy of a large object, since it compares with the ETag of the manifest that was copied
// from, and RGW of every large object. Then the request goes without, and the ETag of the answer tells.

// maxUnmatched bounds how many such objects are remembered.
const maxUnmatched = 1000

// unmatched are the objects of which the store refuses the right ETag: their further requests go without at once.
type unmatched struct {
	mu  sync.Mutex
	all map[objectVersion]bool
}

// objectVersion is an object with a certain content.
type objectVersion struct {
	name name
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

// openMatching is open for a GET, or a COPY, of an object that must still have the ETag: it ends in status 412 where it has not. With no ETag it
// is open.
func (c *client) openMatching(ctx context.Context, req request, etag string) (*response, error) {
	if etag == "" {
		return c.open(ctx, req)
	}
	v := objectVersion{req.target, etag}
	refused := error(&statusError{method: req.method, target: req.target, status: http.StatusPreconditionFailed, text: "it has another ETag by now"})
	if !c.unmatched.has(v) {
		conditional := req
		conditional.header = map[string]string{}
		maps.Copy(conditional.header, req.header)
		conditional.header["If-Match"] = `"` + etag + `"`
		resp, err := c.open(ctx, conditional)
		if status(err) != http.StatusPreconditionFailed {
			return resp, err
		}
		refused = err
	}
	if req.method == methodCopy {
		// The answer is about the copy: so what is copied is looked at first. That of a large object tells nothing of it.
		head, err := c.send(ctx, request{method: http.MethodHead, target: req.target})
		if err != nil {
			return nil, refused
		}
		if now := parseObject(head.header); now.etag != etag || now.isLarge() {
			return nil, refused
		}
	}
	resp, err := c.open(ctx, req)
	if err != nil {
		return nil, err
	}
	if strings.Trim(resp.header.Get("Etag"), `"`) != etag {
		resp.body.Close()
		return nil, refused
	}
	c.unmatched.add(v)
	return resp, nil
}

// sendMatching is openMatching that returns when all of the answer is here.
func (c *client) sendMatching(ctx context.Context, req request, etag string) (*response, error) {
	resp, err := c.openMatching(ctx, req, etag)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}
