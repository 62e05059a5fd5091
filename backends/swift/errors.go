package swift

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

// statusError is an answer of Swift's that is not the one hoped for.
type statusError struct {
	method  string
	target  name
	status  int
	transID string
	text    string // Swift's own words, shortened: for the log
	// retryAfter is how long the store wants to be left alone (RFC 9110, section 10.2.3); 0 where it does
	// not say.
	retryAfter time.Duration
	// location is what a link has led to that cannot be given out, as "/v1/account/container/object".
	location string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %q: status %d %s: %s", e.method, e.target.String(), e.status, http.StatusText(e.status), e.text)
}

// maxRetryAfter bounds what a store can ask for.
const maxRetryAfter = 24 * time.Hour

// parseRetryAfter reads a Retry-After: seconds, or a date. What makes no sense is 0.
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

// retryAfter returns how long the store has asked to be left alone, or 0.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.retryAfter
	}
	return 0
}

// status returns the HTTP status that err is about, or 0.
func status(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	return 0
}

// kindOf says in the contract's terms what a status means where nothing more is known of the request.
func kindOf(code int) (text string, kind error) {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "the storage redirects requests to another address, which is not followed: the operator has to set storage_url to that address", vfs.ErrUnavailable
	case http.StatusAccepted: // see overtaken
		return "the storage has a later version of the file: try again", vfs.ErrUnavailable
	case http.StatusBadRequest:
		return "the storage refused the request as invalid", vfs.ErrInvalid
	case http.StatusUnauthorized:
		return "the storage no longer accepts this login: log in again", vfs.ErrPermission
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
	case http.StatusTooManyRequests, statusRateLimited:
		return "the storage is limiting the rate of requests, try again later", vfs.ErrUnavailable
	}
	return "", vfs.ErrUnavailable
}

// translate puts an error of this package's requests into the contract's terms. Errors of the contract, of contexts, and nil pass as they are.
func translate(err error) error {
	if err == nil || vfs.Kind(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e, ok := errors.AsType[*statusError](err)
	if !ok {
		text := ""
		if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
			text = "the certificate of the storage cannot be verified: the operator has to set ca_file to the authority that signed it"
		}
		return &vfs.Error{Kind: vfs.ErrUnavailable, Text: text, Err: err}
	}
	text, kind := kindOf(e.status)
	if e.status == http.StatusRequestEntityTooLarge && strings.Contains(strings.ToLower(e.text), "quota") {
		kind, text = vfs.ErrQuota, ""
	}
	switch {
	case e.status == http.StatusConflict && e.method == http.MethodHead && e.location != "":
		kind, text = vfs.ErrChanged, "what the link leads to is not what it was made for any more"
	case e.status == http.StatusConflict && e.method == http.MethodHead: // a HEAD conflicts with nothing else
		return &vfs.Error{Kind: vfs.Kind(errTooManyLinks), Text: vfs.ClientText(errTooManyLinks), TransID: e.transID, Err: err}
	case e.status == http.StatusConflict && e.method == methodCopy && e.location != "":
		kind, text = vfs.ErrChanged, "what the link leads to is not what it was made for any more, and the storage lets nobody move such a link"
	case dangles(e):
		text = "the symbolic link leads to nothing"
	case e.status == http.StatusConflict && e.method == http.MethodGet: // what a manifest names is gone, or closed to the login
		kind, text = vfs.ErrCorrupt, fmt.Sprintf("parts of the file are missing in the storage, or this login may not read them: then %s", openSegments(e.target))
	case e.status == http.StatusForbidden && strings.HasSuffix(e.target.container, segmentsSuffix):
		text = fmt.Sprintf("permission denied by the storage in the container %q, where the parts of large files lie: %s", e.target.container, openSegments(e.target.segmentsOf()))
	}
	if kind == vfs.ErrUnavailable && e.retryAfter > 0 {
		text = fmt.Sprintf("the storage is not available: try again in %v", e.retryAfter.Round(time.Second))
	}
	return &vfs.Error{Kind: kind, Text: text, TransID: e.transID, Err: err}
}

// refusedAs gives an answer that has a plain meaning for what was asked, like 404 for a missing container, its own kind and text.
func refusedAs(err error, kind error, text string) error {
	e := &vfs.Error{Kind: kind, Text: text, Err: err}
	if s, ok := errors.AsType[*statusError](err); ok {
		e.TransID = s.transID
	}
	return e
}
