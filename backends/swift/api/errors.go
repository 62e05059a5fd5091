package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// StatusError is an answer with a status other than 2xx.
type StatusError struct {
	Method  string
	Target  Name
	Status  int
	TransID string
	Text    string // text of the answer, shortened; for the log
	// retryAfter is how long the store asks to wait (RFC 9110, section 10.2.3); 0: it does not ask.
	retryAfter time.Duration
	// Location is the target of a link if Swift cannot return it, as
	// "/v1/account/container/object".
	Location string
}

// Error implements error. The text is for the log.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %q: status %d %s: %s", e.Method, e.Target.String(), e.Status, http.StatusText(e.Status), e.Text)
}

// maxRetryAfter is the longest Retry-After that is accepted.
const maxRetryAfter = 24 * time.Hour

// parseRetryAfter parses a Retry-After: seconds, or a date. It returns 0 for an invalid value.
func parseRetryAfter(s string, now time.Time) time.Duration {
	if s == "" {
		return 0
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return min(max(time.Duration(n)*time.Second, 0), maxRetryAfter)
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(t.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// retryAfter returns how long the store asks to wait, or 0.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.retryAfter
	}
	return 0
}

// StatusOf returns the HTTP status in err, or 0.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Status
	}
	return 0
}

// kindOf returns the error of package vfs for a status if nothing more is known of the request.
func kindOf(code int) (text string, kind error) {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "the storage redirects requests to another address, which is not followed: the operator has to set storage_url to that address", vfs.ErrUnavailable
	case http.StatusAccepted: // see overtaken
		return "the storage has a later version of the file: try again", vfs.ErrUnavailable
	case http.StatusBadRequest:
		return "the storage refused the request as invalid", vfs.ErrInvalid
	case http.StatusUnauthorized:
		return "the storage no longer accepts this login, or access rules forbid this: log in again, or ask for other rules", vfs.ErrPermission
	case http.StatusForbidden:
		return "permission denied by the storage", vfs.ErrPermission
	case http.StatusNotFound:
		return "", vfs.ErrNotExist
	case http.StatusConflict:
		return "the storage is busy with the same name, try again", vfs.ErrUnavailable
	case http.StatusPreconditionFailed:
		return "", vfs.ErrChanged
	case http.StatusRequestEntityTooLarge:
		return "", vfs.ErrTooLarge
	case http.StatusUnprocessableEntity:
		return "", vfs.ErrCorrupt
	case http.StatusInsufficientStorage:
		return "the storage is full", vfs.ErrQuota
	case http.StatusTooManyRequests, StatusRateLimited:
		return "the storage is limiting the rate of requests, try again later", vfs.ErrUnavailable
	}
	return "", vfs.ErrUnavailable
}

// Translate returns the error of package vfs for an error of this package's requests. It returns
// errors of vfs and of contexts, and nil, unchanged.
func Translate(err error) error {
	if err == nil || vfs.Kind(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e, ok := errors.AsType[*StatusError](err)
	if !ok {
		text := ""
		if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
			text = "the certificate of the storage cannot be verified: the operator has to set ca_file to the authority that signed it"
		}
		return &vfs.Error{Kind: vfs.ErrUnavailable, Text: text, Err: err}
	}
	text, kind := kindOf(e.Status)
	if e.Status == http.StatusRequestEntityTooLarge && strings.Contains(strings.ToLower(e.Text), "quota") {
		kind, text = vfs.ErrQuota, ""
	}
	switch {
	case e.Status == http.StatusConflict && e.Method == http.MethodHead && e.Location != "":
		kind, text = vfs.ErrChanged, "the target of this static link has changed since the link was created"
	// A HEAD cannot conflict with anything else.
	case e.Status == http.StatusConflict && e.Method == http.MethodHead:
		return &vfs.Error{Kind: vfs.Kind(errTooManyLinks), Text: vfs.ClientText(errTooManyLinks), TransID: e.TransID, Err: err}
	case e.Status == http.StatusConflict && e.Method == MethodCopy && e.Location != "":
		kind, text = vfs.ErrChanged, "the target of this static link has changed since the link was created, so Swift refuses to move the link"
	case Dangles(e):
		text = "the symbolic link leads to nothing"
	// A segment is gone, or the login may not read it.
	case e.Status == http.StatusConflict && e.Method == http.MethodGet:
		kind, text = vfs.ErrCorrupt, fmt.Sprintf("parts of the file are missing in the storage, or this login may not read them: then %s", OpenSegments(e.Target))
	case e.Status == http.StatusForbidden && strings.HasSuffix(e.Target.Container, SegmentsSuffix):
		text = fmt.Sprintf("permission denied by the storage in the container %q, where the parts of large files lie: %s", e.Target.Container, OpenSegments(e.Target.SegmentsOf()))
	}
	if kind == vfs.ErrUnavailable && e.retryAfter > 0 {
		text = fmt.Sprintf("the storage is not available: try again in %v", e.retryAfter.Round(time.Second))
	}
	return &vfs.Error{Kind: kind, Text: text, TransID: e.TransID, Err: err}
}

// RefusedAs returns err with a kind and a text, for an answer whose meaning for the request is
// known, such as 404 for a missing container.
func RefusedAs(err error, kind error, text string) error {
	e := &vfs.Error{Kind: kind, Text: text, Err: err}
	if s, ok := errors.AsType[*StatusError](err); ok {
		e.TransID = s.TransID
	}
	return e
}

// Refusal is Translate for a request that reads n. In another account, a container that the login
// may not read is reported as not existing, like any unknown container. In a container that the
// login may read, an object is reported as forbidden.
func (c *Client) Refusal(ctx context.Context, n Name, err error) error {
	if n.Account == "" || n.IsAccount() || StatusOf(err) != http.StatusForbidden {
		return Translate(err)
	}
	if n.IsObject() {
		_, topErr := c.Send(ctx, Request{Method: http.MethodHead, Target: n.Top()})
		if StatusOf(topErr) != http.StatusForbidden {
			return Translate(err)
		}
	}
	return RefusedAs(err, vfs.ErrNotExist, "")
}

// ErrNoContainer is wrapped by the errors for names in containers that do not exist.
var ErrNoContainer = errors.New("no such container")
