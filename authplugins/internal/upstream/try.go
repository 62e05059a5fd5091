package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"filegate/core/auth"
)

const (
	tries      = 3
	firstPause = 100 * time.Millisecond // doubled after each try, and up to half of it more at random

	maxRequestID = 64
)

// StatusError is an answer that is no grant. Its text holds nothing of what the service wrote but
// the name of the request.
type StatusError struct {
	Code      int
	RequestID string // by which the service's log has the request; may be empty
}

// NewStatusError takes an answer's status and what names the request in its header.
func NewStatusError(code int, header http.Header) *StatusError {
	id := cmp.Or(header.Get("X-Openstack-Request-Id"), header.Get("X-Trans-Id"))
	if len(id) > maxRequestID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		id = ""
	}
	return &StatusError{Code: code, RequestID: id}
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the identity service answered %d %s", e.Code, http.StatusText(e.Code))
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	return text
}

// Unwrap says which kind of failure the answer is for a login.
func (e *StatusError) Unwrap() error {
	switch e.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return auth.ErrDenied
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		return auth.ErrInvalid
	default:
		return auth.ErrUnavailable
	}
}

// hint is what else the log should say: a service that answers in such a way may be another one.
func (e *StatusError) hint() string {
	switch {
	case e.Code >= 300 && e.Code < 400:
		return " (redirects are not followed: set auth_url to the final address)"
	case e.Code == http.StatusNotFound, e.Code == http.StatusMethodNotAllowed:
		return " (check auth_url)"
	}
	return ""
}

// Try calls f, again after a pause if the service failed for its own reasons, within the service's
// timeout. Its errors are of auth.Kinds.
func (s Service) Try(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	pause := firstPause
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil || n == tries || !passing(err) || ctx.Err() != nil {
			return s.kind(ctx, err)
		}
		select {
		case <-ctx.Done():
			return s.kind(ctx, err)
		case <-time.After(pause + rand.N(pause/2)):
		}
		pause *= 2
	}
}

// passing reports whether another try may fare better.
func passing(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Code >= 500 || status.Code == http.StatusTooManyRequests
	}
	// Nobody listens, or the connection broke. A time-out is not tried again: it has used up the
	// patience.
	network, ok := errors.AsType[*url.Error](err)
	return ok && !network.Timeout()
}

// kind makes sure that err is of auth.Kinds, and says which service it is about.
func (s Service) kind(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range auth.Kinds() {
		if errors.Is(err, kind) {
			if status, ok := errors.AsType[*StatusError](err); ok {
				return fmt.Errorf("%s: %w%s: %w", s.URL.Redacted(), status, status.hint(), kind)
			}
			return err
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: no answer within %s: %w: %w", s.URL.Redacted(), s.Timeout, auth.ErrUnavailable, ctx.Err())
	}
	// The text of a url.Error repeats the URL; what it wraps says why.
	if network, ok := errors.AsType[*url.Error](err); ok {
		if op, ok := errors.AsType[*net.OpError](network.Err); ok {
			return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), op.Err, auth.ErrUnavailable)
		}
		return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), network.Err, auth.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), err, auth.ErrUnavailable)
}
