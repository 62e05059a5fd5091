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

// Which requests are repeated, and why. All requests of this package can be made twice: a PUT
// stores the same, a DELETE finds nothing the second time (see repeatError), and before a COPY is
// repeated its result is looked up (see copyDone). A request is repeated until the time for
// repeating is over, with growing pauses, or later if the store says so (Retry-After). In addition
// to the statusRules:
//
//   - 401 renews the login, at most twice.
//   - 405 and 501 for a COPY turn it into a PUT, because something between client and store does
//     not support the method.
//   - 417 repeats the request without "Expect: 100-continue", because something between client and
//     store refuses it.
//   - If a login cannot be renewed at the moment, the request is repeated as if the store were
//     down.

// retryRule is the rule for requests that were answered with a range of statuses.
type retryRule struct {
	from, to int // statuses
	tries    int // number of repetitions; anyTries: until the time is over
	why      string
}

const anyTries = 1 << 30

// statusRules are the rules by status. The first matching rule applies. Without a rule the answer
// concerns the request itself, and a repetition would get the same answer.
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
	// StatusRateLimited is the status of Swift's ratelimit middleware.
	StatusRateLimited = 498
	// statusClientClosed is Swift's status for a body that ended too early or stalled.
	statusClientClosed = 499
)

// triesFor returns how many times a request that failed with err may be repeated.
func triesFor(req Request, err error) int {
	code := StatusOf(err)
	if code == 0 {
		if isFinal(err) {
			return 0
		}
		return anyTries // the connection was broken, stalled or not possible
	}
	if code == http.StatusUnprocessableEntity && req.Body == nil {
		return 0 // there was no body that could be damaged
	}
	if code == http.StatusConflict && isOvertaken(err) {
		return anyTries // like status 202 for an upload
	}
	for _, r := range statusRules {
		if r.from <= code && code <= r.to {
			return r.tries
		}
	}
	return 0
}

// isFinal reports whether an error without an answer of the store would come again with each
// repetition.
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
	// errNotRewound is the error if a body cannot be sent again.
	errNotRewound = errors.New("request body cannot be sent again")
	// errAnswerTooLong is the error for an answer that is too long. It would be too long the second
	// time too.
	errAnswerTooLong = errors.New("answer too long")
)

// Backoff returns the pause before attempt try+1: from 100 ms, doubled each time, up to 10 s, less
// a random part of up to a half.
func Backoff(try int) time.Duration {
	d := min(100*time.Millisecond<<min(try, 10), 10*time.Second)
	return d - rand.N(d/2)
}

// Reached reports whether a failed request may have been carried out.
func Reached(err error) bool {
	_, repeated := errors.AsType[*repeatError](err)
	return repeated || StatusOf(err) == 0 || StatusOf(err) >= 500
}

// repeatError is the error of a repeated request whose earlier attempt may have been carried out.
// The refusal may be a consequence of that attempt.
type repeatError struct{ error }

func (e *repeatError) Unwrap() error { return e.error }

// asPut returns a COPY in the form of a PUT with the source in its headers. The login's own account
// is left out.
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

// methodRefused reports whether err means that the method is not supported.
func methodRefused(err error) bool {
	code := StatusOf(err)
	return code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}
