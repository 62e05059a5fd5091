package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// observeTry reports one attempt of a request to the observer, and to the trace of the operation.
func (c *Client) observeTry(ctx context.Context, req Request, number int, began time.Time, resp *http.Response, transID string, err error) {
	status := StatusOf(err)
	if resp != nil {
		status = resp.StatusCode
	}
	o := c.store.config.Observer
	took := time.Since(began)
	o.Request(backend.Request{Verb: req.Method, Status: status, Took: took, Again: number > 0})
	vfs.NoteRequest(ctx, vfs.Request{Verb: req.Method, Status: status, TransID: transID, Began: began, Took: took, Attempt: number})
	if req.Body != nil && status/100 == 2 {
		o.Sent(req.Length)
	}
}

// received counts the bytes of an answer while they are read.
type received struct {
	io.ReadCloser
	observer backend.Observer
}

func (r *received) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 {
		r.observer.Received(int64(n))
	}
	return n, err
}
