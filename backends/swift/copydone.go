package swift

import (
	"context"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// slowCopy is the time from which on a COPY without an answer is taken to be still going on in the store: something on the way has given up
// waiting for it.
const slowCopy = 10 * time.Second

// copyDone returns an answer to a COPY whose own was lost, if what it was to make is there. The source and the copy are compared: whoever made
// it, it is what was asked for.
func (c *client) copyDone(ctx context.Context, req request) *response {
	query := url.Values{}
	if req.query.Has("symlink") {
		query.Set("symlink", "get")
	}
	look := func(n name) (*response, object) {
		head := request{method: http.MethodHead, target: n, query: query, patience: -1}
		resp, err := c.attempt(ctx, head, func(resp *response) error { return resp.body.Close() })
		if err != nil {
			return nil, object{}
		}
		return resp, parseObject(resp.header)
	}
	made, dst := look(copyTarget(req, ""))
	if made == nil {
		return nil
	}
	from, src := look(req.target)
	if from == nil || !isCopyOf(dst, src, req) {
		return nil
	}
	made.status, made.body = http.StatusCreated, http.NoBody
	return made
}

// isCopyOf reports whether an object is what a COPY of another one makes.
func isCopyOf(dst, src object, req request) bool {
	asManifest := req.query.Get("multipart-manifest") == "get"
	switch {
	case dst.size != src.size || !dst.sized,
		dst.header.Get(linkTarget) != src.header.Get(linkTarget),
		dst.header.Get(linkTargetAccount) != src.header.Get(linkTargetAccount):
		return false
	case asManifest || !src.isLarge():
		if dst.etag != src.etag || dst.slo != src.slo || dst.dlo != src.dlo {
			return false
		}
	case dst.isLarge(): // the content was to become a plain object
		return false
	}
	want := map[string]string{}
	if !strings.EqualFold(req.header["X-Fresh-Metadata"], "true") {
		want = src.kept()
		maps.DeleteFunc(want, func(key, _ string) bool { return !strings.HasPrefix(key, metaPrefix) })
		want["Content-Type"] = src.contentType
	}
	for key, value := range req.header {
		if key = textproto.CanonicalMIMEHeaderKey(key); strings.HasPrefix(key, metaPrefix) || key == "Content-Type" {
			want[key] = value
		}
	}
	got := dst.kept()
	got["Content-Type"] = dst.contentType
	maps.DeleteFunc(want, func(key, value string) bool { return got[key] == value })
	return len(want) == 0
}

// awaitCopy looks until a time for what a COPY was to make, and returns an answer to it, or nil.
func (c *client) awaitCopy(ctx context.Context, req request, until time.Time) *response {
	for try := 0; time.Now().Before(until); try++ {
		select {
		case <-time.After(min(backoff(try), time.Until(until))):
		case <-ctx.Done():
			return nil
		}
		if resp := c.copyDone(ctx, req); resp != nil {
			return resp
		}
	}
	return nil
}
