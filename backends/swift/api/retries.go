package api

import (
	"cmp"
	"crypto/tls"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"filegate/core/vfs"
)

// What is tried again, and for what reason. All requests of this package can be made twice: a PUT
// stores the same, a DELETE finds nothing the second time (see repeatError), and a COPY is looked
// up first (see copyDone). A request is tried again until the patience is over, with growing
// pauses, or later where the store says when (Retry-After). Apart from these rules,
//
//   - 401 renews the login, twice;
//   - 405 and 501 of a COPY make it a PUT, since something on the way does not know the method;
//   - 417 repeats the request without "Expect: 100-continue", which something on the way refuses;
//   - a login that cannot be renewed at the moment is tried again as a store that is not there.

// retryRule is what becomes of a request that was answered by a status.
type retryRule struct {
	from, to int // statuses
	tries    int // after the first; anyTries: as many as the patience allows
	why      string
}

const anyTries = 1 << 30

// statusRules are the rules for statuses: the first that fits. What none fits is about the request
// itself, and would be answered alike.
var statusRules = []retryRule{
	{http.StatusAccepted, http.StatusAccepted, anyTries, "the store has a later version, and the next try is later (see overtaken)"},
	{http.StatusRequestTimeout, http.StatusRequestTimeout, anyTries, "the request did not arrive in time"},
	{http.StatusUnprocessableEntity, http.StatusUnprocessableEntity, 2, "what is in memory is right: the checksum failed on the way"},
	{http.StatusTooEarly, http.StatusTooEarly, anyTries, "a proxy wants the request once the connection stands"},
	{http.StatusTooManyRequests, http.StatusTooManyRequests, anyTries, "the store limits the rate of requests"},
	{StatusRateLimited, statusClientClosed, anyTries, "Swift limits the rate of requests, or has not got all of the body"},
	{http.StatusNotImplemented, http.StatusNotImplemented, 0, "the store does not have the feature"},
	{http.StatusHTTPVersionNotSupported, http.StatusNetworkAuthenticationRequired, 0, "the store is full, or something between it and here is set up wrongly"},
	{http.StatusInternalServerError, 599, anyTries, "a server failed, and another one may not"},
}

const (
	// StatusRateLimited is Swift's own status of its ratelimit middleware.
	StatusRateLimited = 498
	// statusClientClosed is Swift's word for a body that ended or stalled before its length.
	statusClientClosed = 499
)

// triesFor returns how many times a request that ended in err may be tried again.
func triesFor(req Request, err error) int {
	code := StatusOf(err)
	if code == 0 {
		if isFinal(err) {
			return 0
		}
		return anyTries // a connection broke or stalled, or could not be made
	}
	if code == http.StatusUnprocessableEntity && req.Body == nil {
		return 0 // there was nothing to fail on the way
	}
	if code == http.StatusConflict && isOvertaken(err) {
		return anyTries // as 202 of an upload
	}
	for _, r := range statusRules {
		if r.from <= code && code <= r.to {
			return r.tries
		}
	}
	return 0
}

// isFinal reports whether a failure that is no answer of the store's is one that comes again each
// time.
func isFinal(err error) bool {
	for _, final := range []error{errNotRewound, errAnswerTooLong, http.ErrSchemeMismatch} {
		if errors.Is(err, final) {
			return true
		}
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || vfs.Kind(err) != nil
}

var (
	// errNotRewound is the failure to send a body again.
	errNotRewound = errors.New("request body cannot be sent again")
	// errAnswerTooLong is the failure of a request whose answer is longer than any that makes
	// sense. It would be as long the second time.
	errAnswerTooLong = errors.New("answer too long")
)

// Backoff is how long to wait before try+1: doubling from 100 ms to 10 s, less up to a half of it
// at random.
func Backoff(try int) time.Duration {
	d := min(100*time.Millisecond<<min(try, 10), 10*time.Second)
	return d - rand.N(d/2)
}

// Reached reports whether the failed request may have been carried out all the same.
func Reached(err error) bool {
	_, repeated := errors.AsType[*repeatError](err)
	return repeated || StatusOf(err) == 0 || StatusOf(err) >= 500
}

// repeatError is the failure of a request that had been made before, and may have been carried out
// then: what refuses it now may be its own work.
type repeatError struct{ error }

func (e *repeatError) Unwrap() error { return e.error }

// asPut returns a COPY in its other form, a PUT that names where from. What is sent for the login's
// own account goes without its name.
func (r Request) asPut(own string) Request {
	header := maps.Clone(r.Header)
	delete(header, "Destination")
	delete(header, "Destination-Account")
	from, version := r.Target.CutVersion()
	header["X-Copy-From"] = Quote(from.InAccount())
	to := CopyTarget(r, own)
	if from.Account != to.Account {
		header["X-Copy-From-Account"] = Quote(cmp.Or(from.Account, own))
	}
	query := maps.Clone(r.Query)
	if version != "" {
		if query == nil {
			query = url.Values{}
		}
		query.Set("version-id", version)
	}
	return Request{Method: http.MethodPut, Target: to, Query: query, Header: header}
}

// methodRefused reports whether err is the answer of something that does not know the method.
func methodRefused(err error) bool {
	code := StatusOf(err)
	return code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}
