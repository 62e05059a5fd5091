package api

import (
	"io"
	"net/http"
	"time"

	"filegate/core/backend"
)

// observeTry reports one attempt of a request to the observer.
func (c *Client) observeTry(req Request, number int, began time.Time, resp *http.Response, err error) {
	status := StatusOf(err)
	if resp != nil {
		status = resp.StatusCode
	}
	o := c.store.config.Observer
	o.Request(backend.Request{Verb: req.Method, Status: status, Took: time.Since(began), Again: number > 0})
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
