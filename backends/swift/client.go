package swift

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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ncw "github.com/ncw/swift/v2"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// client makes the requests of one login: with its token, renewed when Swift refuses it, and tried again while there is hope.
// It is all of ncw/swift that the rest of the package sees.
type client struct {
	store    *store
	grants   backend.Grants
	account  string // the login's own; empty where the store knows it by the token
	remote   string // the client's address, for X-Forwarded-For
	log      *slog.Logger
	patience time.Duration // how long a failing request is tried again
	stall    time.Duration // how long a request may go without a byte passing
	// prepare is asked for each request first: it may change or refuse it.
	prepare func(ctx context.Context, req request) (request, error)
	// observe is told of each request that is done with: its answer, or the error that it ended in.
	observe func(ctx context.Context, req request, began time.Time, resp *response, err error)

	unmatched unmatched
	copyByPut atomic.Bool // something on the way does not know COPY

	mu   sync.Mutex
	conn *connection
}

// connection is ncw/swift's idea of an account with a token. It is made anew for each grant, instead of letting
// ncw/swift renew it, so that a refused token is known by the request that it was refused to.
type connection struct {
	*ncw.Connection
	grant backend.Grant
}

func unmapped(a netip.AddrPort) string { return a.Addr().Unmap().WithZone("").String() }

// request is one request to Swift.
type request struct {
	method string
	target name
	query  url.Values
	header map[string]string
	// body is sent with its length. It can be sent again, so it is rewound before each try.
	body   io.ReadSeeker
	length int64
	// eager sends the body at once, at the first try: Swift has just taken another one like it.
	eager bool
	// unasked sends the body without "Expect: 100-continue", which something on the way refuses.
	unasked bool
	// patience is how long to try again, when not the configured time; negative: not at all.
	patience time.Duration
	// silence is how much longer than the stall time the store may be silent, since it has much to do.
	silence time.Duration
	// anyPolicy lets the request through to a container of another storage policy.
	anyPolicy bool
}

// response is Swift's answer, with a status of 2xx.
type response struct {
	status int
	header http.Header
	body   io.ReadCloser // nil after send
}

func (r *response) transID() string { return r.header.Get("X-Trans-Id") }

// send makes a request whose answer is in its headers, and returns when all of it is here.
func (c *client) send(ctx context.Context, req request) (*response, error) {
	resp, err := c.open(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.drain()
}

// drain reads the rest of an answer, and closes it.
func (r *response) drain() (*response, error) {
	defer r.body.Close()
	_, err := io.Copy(io.Discard, r.body)
	r.body = nil
	return r, err
}

// fetch makes a request and returns the body of the answer, which must not be longer than limit bytes.
func (c *client) fetch(ctx context.Context, req request, limit int64) ([]byte, *response, error) {
	var body []byte
	resp, err := c.retry(ctx, req, func(resp *response) error {
		var err error
		body, err = io.ReadAll(io.LimitReader(resp.body, limit+1))
		resp.body.Close()
		if err == nil && int64(len(body)) > limit {
			err = fmt.Errorf("%s %q: %w: more than %d bytes", req.method, req.target.String(), errAnswerTooLong, limit)
		}
		return err
	})
	return body, resp, err
}

// open makes a request and leaves the body of the answer to the caller, who closes it. It fails when no byte passes for the stall time.
func (c *client) open(ctx context.Context, req request) (*response, error) {
	return c.retry(ctx, req, nil)
}

// retry is attempt, with what comes before and after.
func (c *client) retry(ctx context.Context, req request, use func(*response) error) (*response, error) {
	req, err := c.prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	resp, err := c.attempt(ctx, req, use)
	if req.method == http.MethodHead && (err == nil || status(err) == http.StatusNotFound) {
		c.store.rtt.Note(time.Since(began))
	}
	c.observe(ctx, req, began, resp, err)
	return resp, err
}

// attempt makes tries until one succeeds, one fails for good, or the patience is over.
func (c *client) attempt(ctx context.Context, req request, use func(*response) error) (*response, error) {
	patience := c.patience
	if req.patience != 0 {
		patience = req.patience
	}
	if req.target.object == emptyObject {
		return nil, &statusError{method: req.method, target: req.target, status: http.StatusNotFound, text: "an object has a name"}
	}
	if err := req.checkDots(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(patience)
	refusals := 0
	tried := map[int]int{} // how many times after an answer of a status
	earlier := false       // an earlier try may have been carried out
	for try := 0; ; try++ {
		var resp *response
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
		if status(err) == http.StatusUnauthorized && refusals < 2 {
			// Two, since an authenticator may first hand out a token that another gateway has seen revoked.
			refusals++
			if err = c.renew(ctx, conn); err == nil {
				continue
			}
			known = false
		}
		isCopy := known && req.method == methodCopy
		if isCopy && reached(err) {
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
		case status(err) == http.StatusExpectationFailed && req.body != nil && !req.unasked:
			req.unasked = true // RFC 9110, section 10.1.1
			continue
		case tried[status(err)] >= triesFor(req, err), time.Now().After(deadline):
			if earlier {
				err = &repeatError{err}
			}
			return nil, err
		}
		tried[status(err)]++
		pause := max(backoff(try), retryAfter(err))
		if time.Now().Add(pause).After(deadline) && retryAfter(err) > 0 {
			return nil, err // the store has said that it is too early until then
		}
		c.log.Debug("swift request tried again", "method", req.method, "target", req.target.String(), "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if took := time.Since(began); isCopy && reached(err) && took > slowCopy {
			// It goes on in the store, as long as that took at least: another one beside it would only be slower.
			if !earlier {
				deadline = time.Now().Add(patience)
			}
			if resp := c.awaitCopy(ctx, req, time.Now().Add(min(took, time.Until(deadline)))); resp != nil {
				return resp, nil
			}
		}
		earlier = earlier || known && reached(err)
	}
}

// overtaken is the failure of an upload that the store has not kept, since it has a later one: of another client
// in the same moment, or by another of its servers, whose clock is ahead. The next try is later.
func overtaken(req request, header http.Header) error {
	return &statusError{
		method: req.method, target: req.target, status: http.StatusAccepted, transID: header.Get("X-Trans-Id"),
		text: "there is a later version already",
	}
}

// isOvertaken reports whether the conflict that err is about is that of overtaken: what a DELETE and a POST
// of an object get.
func isOvertaken(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && e.target.isObject() && (e.method == http.MethodDelete || e.method == http.MethodPost && e.location == "")
}

// connect returns the connection of the grant in force.
func (c *client) connect(ctx context.Context) (*connection, error) {
	grant, err := c.grants.Current(ctx)
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
			// What ncw/swift calls the connect timeout runs until the headers of the answer, and a server-side copy may take
			// many minutes to them. Requests that move nothing are ended by the stall time instead.
			ConnectTimeout: 24 * time.Hour,
			Timeout:        24 * time.Hour,
		}}
	}
	return c.conn, nil
}

func (c *client) renew(ctx context.Context, refused *connection) error {
	_, err := c.grants.Renew(ctx, refused.grant)
	return err
}

// try makes one request, for the time that number says, from 0.
func (c *client) try(ctx context.Context, conn *connection, req request, number int) (*response, error) {
	ctx, guard := newStallGuard(ctx, c.stallFor(req))
	asked := req
	if req.method == methodCopy && c.copyByPut.Load() {
		req = req.asPut(accountOf(conn.grant.Endpoint))
	}
	ctx, way := withExchange(ctx, req.unasked || req.eager && number == 0)
	way.fenced = c.needsFence(req, number)
	object, version := req.target.cutVersion()
	query := req.query
	if version != "" {
		query = maps.Clone(query)
		if query == nil {
			query = url.Values{}
		}
		query.Set("version-id", version)
	}
	opts := ncw.RequestOpts{
		Operation:  req.method,
		Container:  object.container,
		ObjectName: object.object,
		Parameters: query,
		Headers:    ncw.Headers{},
		Retries:    -1,
	}
	for k, v := range req.header {
		opts.Headers[k] = v
	}
	if c.remote != "" {
		opts.Headers["X-Forwarded-For"] = c.remote
	}
	if req.body != nil {
		if _, err := req.body.Seek(0, io.SeekStart); err != nil {
			guard.stop()
			return nil, errors.Join(errNotRewound, err)
		}
		opts.Body = guard.reader(io.LimitReader(req.body, req.length))
		if req.length > 0 || !way.fenced { // of no bytes, the end can be kept back
			opts.Headers["Content-Length"] = strconv.FormatInt(req.length, 10)
		}
	} else if req.method == http.MethodPut {
		opts.Headers["Content-Length"] = "0"
	}
	target, err := accountURL(conn.StorageUrl, req.target.account)
	if err != nil {
		guard.stop()
		return nil, err
	}
	resp, header, err := conn.Call(ctx, target, opts) //nolint:bodyclose // it is the caller's, as response.body
	if err != nil {
		err = requestError(ctx, asked, header, err) // which asks why ctx has ended, if it has
		if e, ok := errors.AsType[*statusError](err); ok && way.redirect != "" {
			e.text = fmt.Sprintf("redirected to %s, which is not followed: set storage_url of the authenticator to the URL that serves requests itself", shortText(way.redirect))
		}
		guard.stop()
		if status(err) == 0 && req.method != http.MethodGet && req.method != http.MethodHead {
			c.store.doubt.note()
		}
		return nil, err
	}
	if resp.StatusCode == http.StatusAccepted && req.target.isObject() && (req.method == http.MethodPut || req.method == methodCopy) &&
		!req.query.Has("heartbeat") { // else see afterHeartbeat
		way.body.Close()
		guard.stop()
		return nil, overtaken(req, resp.Header)
	}
	if got := strings.Trim(resp.Header.Get("Etag"), `"`); req.body != nil && got != "" && got != req.header["Etag"] && req.header["Etag"] != "" {
		way.body.Close()
		guard.stop()
		// Swift compares the two by itself, unless something between it and here has other ideas.
		return nil, &repeatError{&statusError{
			method: req.method, target: req.target, status: http.StatusUnprocessableEntity, transID: resp.Header.Get("X-Trans-Id"),
			text: "it has stored what has the ETag " + shortText(got),
		}}
	}
	return &response{status: resp.StatusCode, header: resp.Header, body: guard.body(way.body)}, nil
}

// stallFor is the stall time of a request. A server-side copy answers only when it is done, and so does a manifest.
func (c *client) stallFor(req request) time.Duration {
	if req.method == methodCopy {
		return copyTimeout
	}
	return c.stall + req.silence
}

// copyTimeout is how long a server-side copy may take: 5 GiB, the most that there can be, at 2 MiB/s.
const copyTimeout = 45 * time.Minute

// requestError makes of ncw/swift's error what the rest of the package understands.
func requestError(ctx context.Context, req request, header ncw.Headers, err error) error {
	if e, ok := errors.AsType[*ncw.Error](err); ok && e.StatusCode > 0 && e != ncw.TimeoutError {
		return &statusError{method: req.method, target: req.target, status: e.StatusCode, transID: header["X-Trans-Id"], location: header["Content-Location"], retryAfter: parseRetryAfter(header["Retry-After"], time.Now()), text: shortText(err.Error())}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s %q: %w", req.method, req.target.String(), err)
}

// shortText keeps a log line readable whatever Swift answered.
func shortText(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
