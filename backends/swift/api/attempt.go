package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	ncw "github.com/ncw/swift/v2"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// connection is ncw/swift's account with a token. A new one is made for each grant. ncw/swift does
// not renew the token itself, so that it is known which token a request was refused with.
type connection struct {
	*ncw.Connection
	grant backend.Grant
}

// attempt repeats a request until an attempt succeeds, an attempt fails with a final error, or the
// time for repeating is over.
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
	tried := map[int]int{} // number of attempts after answers with a status
	earlier := false       // an earlier attempt may have been carried out
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
			// Twice, because an authenticator may first return a token that another gateway has
			// already seen revoked.
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
			// The service that renews the login cannot be reached, which may be temporary, as for
			// Swift.
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
			return nil, err // the store has asked not to repeat the request earlier
		}
		c.Log.Debug("swift request tried again", "method", req.Method, "target", req.Target.String(), "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if took := time.Since(began); isCopy && Reached(err) && took > slowCopy {
			// The copy continues in the store, probably for at least as long again. A second copy
			// in parallel would only be slower.
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

// Overtaken is the error of an upload that the store has discarded because it has a later version:
// one of another client at the same moment, or one from another server whose clock is ahead. The
// next attempt will be later.
func Overtaken(req Request, header http.Header) error {
	return &StatusError{
		Method: req.Method, Target: req.Target, Status: http.StatusAccepted, TransID: header.Get("X-Trans-Id"),
		Text: "there is a later version already",
	}
}

// isOvertaken reports whether a conflict has the same reason as Overtaken, for a DELETE or a POST
// of an object.
func isOvertaken(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Target.IsObject() && (e.Method == http.MethodDelete || e.Method == http.MethodPost && e.Location == "")
}

// connect returns the connection for the current grant.
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
			Retries:    -1, // this package repeats requests
			// The connect timeout of ncw/swift includes the time until the headers of the answer,
			// which for a server-side copy may be many minutes. The stall time ends requests that
			// make no progress.
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

// try makes one attempt of a request. number counts the attempts from 0.
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
		// An empty body is sent in chunks, so that its end can be kept back.
		if req.Length > 0 || !way.fenced {
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
	if err != nil {
		err = requestError(ctx, asked, header, err) // uses the cause if ctx has ended
	}
	c.observeTry(ctx, asked, number, began, resp, transIDOf(resp, header), err)
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
		// Swift itself compares the ETags, unless something between client and store removes the
		// header.
		return nil, &repeatError{&StatusError{
			Method: req.Method, Target: req.Target, Status: http.StatusUnprocessableEntity, TransID: resp.Header.Get("X-Trans-Id"),
			Text: "it has stored what has the ETag " + ShortText(got),
		}}
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: &received{guard.body(way.body), c.store.config.Observer}}, nil
}

// transIDOf returns the ID of a request from its answer or from the headers of its error.
func transIDOf(resp *http.Response, header ncw.Headers) string {
	if resp != nil {
		return resp.Header.Get("X-Trans-Id")
	}
	return header["X-Trans-Id"]
}

// stallFor returns the stall time of a request. A server-side copy and the PUT of a manifest are
// answered only at their end.
func (c *Client) stallFor(req Request) time.Duration {
	if req.Method == MethodCopy {
		return copyTimeout
	}
	return c.Stall + req.Silence
}

// copyTimeout is the time limit for a server-side copy: enough for the largest object of 5 GiB at 2
// MiB/s.
const copyTimeout = 45 * time.Minute

// requestError translates an error of ncw/swift for this package.
func requestError(ctx context.Context, req Request, header ncw.Headers, err error) error {
	if e, ok := errors.AsType[*ncw.Error](err); ok && e.StatusCode > 0 && e != ncw.TimeoutError {
		return &StatusError{Method: req.Method, Target: req.Target, Status: e.StatusCode, TransID: header["X-Trans-Id"], Location: header["Content-Location"], retryAfter: parseRetryAfter(header["Retry-After"], time.Now()), Text: ShortText(err.Error())}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s %q: %w", req.Method, req.Target.String(), err)
}
