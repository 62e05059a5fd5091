package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/backend"
)

// Client makes the requests of one login. Its fields must be set before the first request; after
// that it is safe for concurrent use.
type Client struct {
	store    *Store
	Grants   backend.Grants // current token and endpoint
	Account  string         // the login's own; empty: only the token tells it
	remote   string         // the client's address, for X-Forwarded-For
	Log      *slog.Logger
	Patience time.Duration // how long a failing request is repeated
	Stall    time.Duration // how long a request may make no progress
	// Prepare is called before each request, and may change or refuse it.
	Prepare func(ctx context.Context, req Request) (Request, error)
	// Observe is called after each request, with its answer or its error.
	Observe func(ctx context.Context, req Request, began time.Time, resp *Response, err error)

	unmatched unmatched
	copyByPut atomic.Bool // something between client and store does not support COPY

	mu   sync.Mutex
	conn *connection
}

func unmapped(a netip.AddrPort) string { return a.Addr().Unmap().WithZone("").String() }

// Request is one request to Swift.
type Request struct {
	Method string
	Target Name
	Query  url.Values
	Header map[string]string
	// Body is sent with Length bytes. It is rewound before each attempt.
	Body   io.ReadSeeker
	Length int64
	// Eager sends the body in the first attempt without waiting for "100 Continue", because Swift
	// has just accepted a similar one.
	Eager bool
	// unasked omits "Expect: 100-continue", because something between client and store refuses it.
	unasked bool
	// Patience is how long the request is repeated instead of the configured time; 0: the
	// configured time; negative: it is not repeated.
	Patience time.Duration
	// Silence is added to the stall time, because the request takes the store long.
	Silence time.Duration
	// ETag is that of the object whose metadata a POST replaces, if it is known. It is not sent.
	ETag string
	// AnyPolicy permits the request to a container with another storage policy.
	AnyPolicy bool
}

// Response is an answer of Swift with a status of 2xx.
type Response struct {
	Status int
	Header http.Header
	Body   io.ReadCloser // nil after Send
}

// TransID returns Swift's ID of the request.
func (r *Response) TransID() string { return r.Header.Get("X-Trans-Id") }

// Send makes a request whose result is in the headers. It returns after the whole answer has been
// read.
func (c *Client) Send(ctx context.Context, req Request) (*Response, error) {
	resp, err := c.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}

// drain reads and closes the rest of an answer.
func (r *Response) drain() (*Response, error) {
	defer r.Body.Close()
	_, err := io.Copy(io.Discard, r.Body)
	r.Body = nil
	return r, err
}

// Fetch makes a request and returns the body of the answer, which may have at most limit bytes.
func (c *Client) Fetch(ctx context.Context, req Request, limit int64) ([]byte, *Response, error) {
	var body []byte
	resp, err := c.Retry(ctx, req, func(resp *Response) error {
		var err error
		body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
		resp.Body.Close()
		if err == nil && int64(len(body)) > limit {
			err = fmt.Errorf("%s %q: %w: more than %d bytes", req.Method, req.Target.String(), errAnswerTooLong, limit)
		}
		return err
	})
	return body, resp, err
}

// Open makes a request and returns the body of the answer unread. The caller must close it. Reading
// fails if no bytes arrive for the stall time.
func (c *Client) Open(ctx context.Context, req Request) (*Response, error) {
	return c.Retry(ctx, req, nil)
}

// Retry makes a request, with the hooks Prepare and Observe, and repeats it if necessary. use may
// read the answer; an error of use counts as a failed attempt.
func (c *Client) Retry(ctx context.Context, req Request, use func(*Response) error) (*Response, error) {
	req, err := c.Prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var resp *Response
	able, err := c.fit(ctx, req)
	if err == nil {
		resp, err = c.attempt(ctx, able, use)
	}
	if req.Method == http.MethodHead && (err == nil || StatusOf(err) == http.StatusNotFound) {
		c.store.RTT.Note(time.Since(began))
	}
	c.Observe(ctx, req, began, resp, err)
	return resp, err
}
