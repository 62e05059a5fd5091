package api

import (
	"context"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// slowCopy is the time after which a COPY without an answer is assumed to be still running in the
// store, because something between client and store has stopped waiting.
const slowCopy = 10 * time.Second

// copyDone returns an answer for a COPY whose answer was lost, if the copy exists. It compares
// source and copy, so it does not matter who has made it.
func (c *Client) copyDone(ctx context.Context, req Request) *Response {
	query := url.Values{}
	if req.Query.Has("symlink") {
		query.Set("symlink", "get")
	}
	look := func(n Name) (*Response, Object) {
		head := Request{Method: http.MethodHead, Target: n, Query: query, Patience: -1}
		resp, err := c.attempt(ctx, head, func(resp *Response) error { return resp.Body.Close() })
		if err != nil {
			return nil, Object{}
		}
		return resp, ParseObject(resp.Header)
	}
	made, dst := look(CopyTarget(req, ""))
	if made == nil {
		return nil
	}
	from, src := look(req.Target)
	if from == nil || !isCopyOf(dst, src, req) {
		return nil
	}
	made.Status, made.Body = http.StatusCreated, http.NoBody
	return made
}

// isCopyOf reports whether an object is what a COPY of another object makes.
func isCopyOf(dst, src Object, req Request) bool {
	asManifest := req.Query.Get("multipart-manifest") == "get"
	switch {
	case dst.Size != src.Size || !dst.Sized,
		dst.Header.Get(SymlinkTargetHeader) != src.Header.Get(SymlinkTargetHeader),
		dst.Header.Get(SymlinkAccountHeader) != src.Header.Get(SymlinkAccountHeader):
		return false
	case asManifest || !src.IsLarge():
		if dst.ETag != src.ETag || dst.SLO != src.SLO || dst.DLO != src.DLO {
			return false
		}
	case dst.IsLarge(): // the copy must be a plain object
		return false
	}
	want := map[string]string{}
	if !strings.EqualFold(req.Header["X-Fresh-Metadata"], "true") {
		want = src.KeptHeader()
		maps.DeleteFunc(want, func(key, _ string) bool { return !strings.HasPrefix(key, MetaPrefix) })
		want["Content-Type"] = src.ContentType
	}
	for key, value := range req.Header {
		if key = textproto.CanonicalMIMEHeaderKey(key); strings.HasPrefix(key, MetaPrefix) || key == "Content-Type" {
			want[key] = value
		}
	}
	got := dst.KeptHeader()
	got["Content-Type"] = dst.ContentType
	maps.DeleteFunc(want, func(key, value string) bool { return got[key] == value })
	return len(want) == 0
}

// awaitCopy checks repeatedly whether the result of a COPY exists, until a time. It returns an
// answer, or nil.
func (c *Client) awaitCopy(ctx context.Context, req Request, until time.Time) *Response {
	for try := 0; time.Now().Before(until); try++ {
		select {
		case <-time.After(min(Backoff(try), time.Until(until))):
		case <-ctx.Done():
			return nil
		}
		if resp := c.copyDone(ctx, req); resp != nil {
			return resp
		}
	}
	return nil
}
