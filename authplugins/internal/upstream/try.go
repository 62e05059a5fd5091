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
	firstPause = 100 * time.Millisecond // doubled after each try, plus up to half of it at random

	maxRequestID = 64
)

// StatusError is an error answer of the service. Its text contains nothing from the service except
// the request ID.
type StatusError struct {
	Code      int
	RequestID string // identifies the request in the service's log; may be empty
}

// NewStatusError returns the error for a status and the request ID in the header.
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

// Unwrap returns the kind of login failure that the status means.
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

// hint returns an explanation for the log: with such a status, the URL may be that of another
// service.
func (e *StatusError) hint() string {
	switch {
	case e.Code >= 300 && e.Code < 400:
		return " (redirects are not followed: set auth_url to the final address)"
	case e.Code == http.StatusNotFound, e.Code == http.StatusMethodNotAllowed:
		return " (check auth_url)"
	}
	return ""
}

// Try calls f, and again after a pause if the service has failed temporarily, within the service's
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

// passing reports whether another try may succeed.
func passing(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Code >= 500 || status.Code == http.StatusTooManyRequests
	}
	// The connection failed. A timeout is not repeated, because it has used most of the time.
	network, ok := errors.AsType[*url.Error](err)
	return ok && !network.Timeout()
}

// kind ensures that err is of auth.Kinds, and adds the address of the service.
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
	// The text of a url.Error repeats the URL; the wrapped error has the reason.
	if network, ok := errors.AsType[*url.Error](err); ok {
		if op, ok := errors.AsType[*net.OpError](network.Err); ok {
			return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), op.Err, auth.ErrUnavailable)
		}
		return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), network.Err, auth.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w: %w", s.URL.Redacted(), err, auth.ErrUnavailable)
}
