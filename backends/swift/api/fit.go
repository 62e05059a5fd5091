package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"filegate/core/vfs"
)

// fit adapts a request to the abilities of the store. It refuses names that no container can have
// there. For a store that ignores If-None-Match, it checks whether the name is free.
func (c *Client) fit(ctx context.Context, req Request) (Request, error) {
	// Most requests suit every store.
	name, isNew := req.Target.Container, req.Method == http.MethodPut && req.Header[IfNoneMatch] != ""
	isManifest := req.Method == http.MethodPut && req.Query.Has("multipart-manifest")
	if unusual := name != "" && !abilitiesOf(FlavourCeph).nameAllowed(name); !unusual && !isNew && !isManifest {
		return req, nil
	}
	limits, err := c.Limits(ctx)
	if err != nil {
		return req, err
	}
	if name != "" && !limits.nameAllowed(name) {
		if req.Method == http.MethodPut && req.Target.IsContainer() {
			return req, vfs.Errorf(vfs.ErrInvalidName, "this storage has no containers with names of fewer than %d bytes, or that begin with a dot", limits.ShortestContainer)
		}
		return req, &StatusError{Method: req.Method, Target: req.Target, Status: http.StatusNotFound, Text: "this storage has no containers with such names"}
	}
	req.unasked = req.unasked || isManifest && !limits.AsksForManifest
	if !isNew || limits.IfNoneMatch {
		return req, nil
	}
	head := Request{Method: http.MethodHead, Target: req.Target}
	switch _, err := c.attempt(ctx, head, func(resp *Response) error { return resp.Body.Close() }); {
	case StatusOf(err) == http.StatusNotFound:
	case err != nil:
		return req, fmt.Errorf("checking whether the name is free: %w", err)
	default:
		return req, &StatusError{Method: req.Method, Target: req.Target, Status: http.StatusPreconditionFailed, Text: "the name is taken"}
	}
	// The store ignores the condition. With it, fence would take a late request as harmless.
	req.Header = maps.Clone(req.Header)
	delete(req.Header, IfNoneMatch)
	return req, nil
}
