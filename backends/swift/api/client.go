package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ncw "github.com/ncw/swift/v2"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// Client makes the requests of one login. It may be used by several goroutines; its fields are set
// before the first request.
type Client struct {
	store    *Store
	Grants   backend.Grants // current token and endpoint
	Account  string         // the login's own; empty where the store knows it by the token
	remote   string         // the client's address, for X-Forwarded-For
	Log      *slog.Logger
	Patience time.Duration // how long a failing request is tried again
	Stall    time.Duration // how long a request may go without a byte passing
	// Prepare is called before each request, and may change or refuse it.
	Prepare func(ctx context.Context, req Request) (Request, error)
	// Observe is called after each request, with its answer or its error.
	Observe func(ctx context.Context, req Request, began time.Time, resp *Response, err error)

	unmatched unmatched
	copyByPut atomic.Bool // something on the way does not know COPY

	mu   sync.Mutex
	conn *connection
}

// connection is ncw/swift's idea of an account with a token. It is made anew for each grant,
// instead of letting ncw/swift renew it, so that a refused token is known by the request that it
// was refused to.
type connection struct {
	*ncw.Connection
	grant backend.Grant
}

func unmapped(a netip.AddrPort) string { return a.Addr().Unmap().WithZone("").String() }

// Request is one request to Swift.
type Request struct {
	Method string
	Target Name
	Query  url.Values
	Header map[string]string
	// Body is sent with its length. It can be sent again, so it is rewound before each try.
	Body   io.ReadSeeker
	Length int64
	// Eager sends the body at once, at the first try: Swift has just taken another one like it.
	Eager bool
	// unasked sends the body without "Expect: 100-continue", which something on the way refuses.
	unasked bool
	// Patience is how long to try again, when not the configured time; negative: not at all.
	Patience time.Duration
	// Silence is how much longer than the stall time the store may be silent, since it has much to
	// do.
	Silence time.Duration
	// AnyPolicy lets the request through to a container of another storage policy.
	AnyPolicy bool
}

// Response is Swift's answer, with a status of 2xx.
type Response struct {
	Status int
	Header http.Header
	Body   io.ReadCloser // nil after Send
}

// TransID returns Swift's id of the request.
func (r *Response) TransID() string { return r.Header.Get("X-Trans-Id") }

// Send makes a request whose answer is in its headers, and returns when all of it is here.
func (c *Client) Send(ctx context.Context, req Request) (*Response, error) {
	resp, err := c.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}

// drain reads the rest of an answer, and closes it.
func (r *Response) drain() (*Response, error) {
	defer r.Body.Close()
	_, err := io.Copy(io.Discard, r.Body)
	r.Body = nil
	return r, err
}

// Fetch makes a request and returns the body of the answer, which must not be longer than limit
// bytes.
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

// Open makes a request and leaves the body of the answer to the caller, who closes it. It fails
// when no byte passes for the stall time.
func (c *Client) Open(ctx context.Context, req Request) (*Response, error) {
	return c.Retry(ctx, req, nil)
}

// Retry is attempt, with what comes before and after.
func (c *Client) Retry(ctx context.Context, req Request, use func(*Response) error) (*Response, error) {
	req, err := c.Prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	resp, err := c.attempt(ctx, req, use)
	if req.Method == http.MethodHead && (err == nil || StatusOf(err) == http.StatusNotFound) {
		c.store.RTT.Note(time.Since(began))
	}
	c.Observe(ctx, req, began, resp, err)
	return resp, err
}

// attempt makes tries until one succeeds, one fails for good, or the patience is over.
func (c *Client) attempt(ctx context.Context, req Request, use func(*Response) error) (*Response, error) {
	patience := c.Patience
	if req.Patience != 0 {
		patience = req.Patience
	}
	if req.Target.Object == EmptyObject {
		return nil, &StatusError{Method: req.Method, Target: req.Target, Status: http.StatusNotFound, Text: "an object has a name"}
	}
	if err := req.checkDots(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(patience)
	refusals := 0
	tried := map[int]int{} // how many times after an answer of a status
	earlier := false       // an earlier try may have been carried out
	for try := 0; ; try++ {
		var resp *Response
		began := time.Now()
		conn, err := c.connect(ctx)
		known := err == nil // there is a grant
		if known {
			resp, err = c.try(ctx, conn, req, try)
		}
		if err == nil && use != nil {
			err = use(resp)
		}
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if StatusOf(err) == http.StatusUnauthorized && refusals < 2 {
			// Two, since an authenticator may first hand out a token that another gateway has seen
			// revoked.
			refusals++
			if err = c.renew(ctx, conn); err == nil {
				continue
			}
			known = false
		}
		isCopy := known && req.Method == MethodCopy
		if isCopy && Reached(err) {
			if resp := c.copyDone(ctx, req); resp != nil {
				return resp, nil
			}
		}
		switch {
		case !known && errors.Is(err, vfs.ErrUnavailable) && time.Now().Before(deadline):
			// Who could renew the login is out of reach, which may pass as it does for Swift.
			refusals = 0
		case !known:
			return nil, err
		case isCopy && methodRefused(err) && !c.copyByPut.Swap(true):
			continue
		case StatusOf(err) == http.StatusExpectationFailed && req.Body != nil && !req.unasked:
			req.unasked = true // RFC 9110, section 10.1.1
			continue
		case tried[StatusOf(err)] >= triesFor(req, err), time.Now().After(deadline):
			if earlier {
				err = &repeatError{err}
			}
			return nil, err
		}
		tried[StatusOf(err)]++
		pause := max(Backoff(try), retryAfter(err))
		if time.Now().Add(pause).After(deadline) && retryAfter(err) > 0 {
			return nil, err // the store has said that it is too early until then
		}
		c.Log.Debug("swift request tried again", "method", req.Method, "target", req.Target.String(), "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if took := time.Since(began); isCopy && Reached(err) && took > slowCopy {
			// It goes on in the store, as long as that took at least: another one beside it would
			// only be slower.
			if !earlier {
				deadline = time.Now().Add(patience)
			}
			if resp := c.awaitCopy(ctx, req, time.Now().Add(min(took, time.Until(deadline)))); resp != nil {
				return resp, nil
			}
		}
		earlier = earlier || known && Reached(err)
	}
}

// Overtaken is the failure of an upload that the store has not kept, since it has a later one: of
// another client in the same moment, or by another of its servers, whose clock is ahead. The next
// try is later.
func Overtaken(req Request, header http.Header) error {
	return &StatusError{
		Method: req.Method, Target: req.Target, Status: http.StatusAccepted, TransID: header.Get("X-Trans-Id"),
		Text: "there is a later version already",
	}
}

// isOvertaken reports whether the conflict that err is about is that of overtaken: what a DELETE
// and a POST of an object get.
func isOvertaken(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Target.IsObject() && (e.Method == http.MethodDelete || e.Method == http.MethodPost && e.Location == "")
}

// connect returns the connection of the grant in force.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	grant, err := c.Grants.Current(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.conn.grant.Token != grant.Token || c.conn.grant.Endpoint != grant.Endpoint {
		c.conn = &connection{grant: grant, Connection: &ncw.Connection{
			StorageUrl: strings.TrimSuffix(grant.Endpoint, "/"),
			AuthToken:  grant.Token.Reveal(),
			UserAgent:  "filegate",
			Transport:  c.store.http,
			Retries:    -1, // tries are this package's
			// What ncw/swift calls the connect timeout runs until the headers of the answer, and a
			// server-side copy may take many minutes to them. Requests that move nothing are ended
			// by the stall time instead.
			ConnectTimeout: 24 * time.Hour,
			Timeout:        24 * time.Hour,
		}}
	}
	return c.conn, nil
}

func (c *Client) renew(ctx context.Context, refused *connection) error {
	_, err := c.Grants.Renew(ctx, refused.grant)
	return err
}

// try makes one request, for the time that number says, from 0.
func (c *Client) try(ctx context.Context, conn *connection, req Request, number int) (*Response, error) {
	ctx, guard := newStallGuard(ctx, c.stallFor(req))
	asked := req
	if req.Method == MethodCopy && c.copyByPut.Load() {
		req = req.asPut(accountOf(conn.grant.Endpoint))
	}
	ctx, way := withExchange(ctx, req.unasked || req.Eager && number == 0)
	way.fenced = c.needsFence(req, number)
	object, version := req.Target.CutVersion()
	query := req.Query
	if version != "" {
		query = maps.Clone(query)
		if query == nil {
			query = url.Values{}
		}
		query.Set("version-id", version)
	}
	opts := ncw.RequestOpts{
		Operation:  req.Method,
		Container:  object.Container,
		ObjectName: object.Object,
		Parameters: query,
		Headers:    ncw.Headers{},
		Retries:    -1,
	}
	for k, v := range req.Header {
		opts.Headers[k] = v
	}
	if c.remote != "" {
		opts.Headers["X-Forwarded-For"] = c.remote
	}
	if req.Body != nil {
		if _, err := req.Body.Seek(0, io.SeekStart); err != nil {
			guard.stop()
			return nil, errors.Join(errNotRewound, err)
		}
		opts.Body = guard.reader(io.LimitReader(req.Body, req.Length))
		if req.Length > 0 || !way.fenced { // of no bytes, the end can be kept back
			opts.Headers["Content-Length"] = strconv.FormatInt(req.Length, 10)
		}
	} else if req.Method == http.MethodPut {
		opts.Headers["Content-Length"] = "0"
	}
	target, err := AccountURL(conn.StorageUrl, req.Target.Account)
	if err != nil {
		guard.stop()
		return nil, err
	}
	began := time.Now()
	resp, header, err := conn.Call(ctx, target, opts) //nolint:bodyclose // it is the caller's, as response.body
	vfs.NoteTransID(ctx, transIDOf(resp, header))
	if err != nil {
		err = requestError(ctx, asked, header, err) // which asks why ctx has ended, if it has
	}
	c.observeTry(asked, number, began, resp, err)
	if err != nil {
		if e, ok := errors.AsType[*StatusError](err); ok && way.redirect != "" {
			e.Text = fmt.Sprintf("redirected to %s, which is not followed: set storage_url of the authenticator to the URL that serves requests itself", ShortText(way.redirect))
		}
		guard.stop()
		if StatusOf(err) == 0 && req.Method != http.MethodGet && req.Method != http.MethodHead {
			c.store.Doubt.Note()
		}
		return nil, err
	}
	if resp.StatusCode == http.StatusAccepted && req.Target.IsObject() && (req.Method == http.MethodPut || req.Method == MethodCopy) &&
		!req.Query.Has("heartbeat") { // else see afterHeartbeat
		way.body.Close()
		guard.stop()
		return nil, Overtaken(req, resp.Header)
	}
	if got := strings.Trim(resp.Header.Get("Etag"), `"`); req.Body != nil && got != "" && got != req.Header["Etag"] && req.Header["Etag"] != "" {
		way.body.Close()
		guard.stop()
		// Swift compares the two by itself, unless something between it and here has other ideas.
		return nil, &repeatError{&StatusError{
			Method: req.Method, Target: req.Target, Status: http.StatusUnprocessableEntity, TransID: resp.Header.Get("X-Trans-Id"),
			Text: "it has stored what has the ETag " + ShortText(got),
		}}
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: &received{guard.body(way.body), c.store.config.Observer}}, nil
}

// transIDOf returns the id of a request that the store has answered, well or ill.
func transIDOf(resp *http.Response, header ncw.Headers) string {
	if resp != nil {
		return resp.Header.Get("X-Trans-Id")
	}
	return header["X-Trans-Id"]
}

// stallFor is the stall time of a request. A server-side copy answers only when it is done, and so
// does a manifest.
func (c *Client) stallFor(req Request) time.Duration {
	if req.Method == MethodCopy {
		return copyTimeout
	}
	return c.Stall + req.Silence
}

// copyTimeout is how long a server-side copy may take: 5 GiB, the most that there can be, at 2
// MiB/s.
const copyTimeout = 45 * time.Minute

// requestError makes of ncw/swift's error what the rest of the package understands.
func requestError(ctx context.Context, req Request, header ncw.Headers, err error) error {
	if e, ok := errors.AsType[*ncw.Error](err); ok && e.StatusCode > 0 && e != ncw.TimeoutError {
		return &StatusError{Method: req.Method, Target: req.Target, Status: e.StatusCode, TransID: header["X-Trans-Id"], Location: header["Content-Location"], retryAfter: parseRetryAfter(header["Retry-After"], time.Now()), Text: ShortText(err.Error())}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s %q: %w", req.Method, req.Target.String(), err)
}

// ShortText keeps a log line readable whatever Swift answered.
func ShortText(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(withoutMarkup(s)), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// markup is a tag, a comment or an entity of HTML.
var markup = regexp.MustCompile(`(?s)<!--.*?-->|<[!/?a-zA-Z][^<>]*>|&(#?[a-zA-Z0-9]+);`)

// withoutMarkup returns the words of an answer that is a page of HTML, as proxies and Swift's own
// errors are.
func withoutMarkup(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	return markup.ReplaceAllString(s, " ")
}
