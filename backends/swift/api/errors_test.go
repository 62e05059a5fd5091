package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"filegate/core/vfs"
)

// TestTranslate checks each status that Swift and its middlewares return, and some that they do
// not.
func TestTranslate(t *testing.T) {
	const secret = "the disk of node 17"
	for code, want := range map[int]error{
		301: vfs.ErrUnavailable,
		308: vfs.ErrUnavailable,
		400: vfs.ErrInvalid,
		401: vfs.ErrPermission,
		403: vfs.ErrPermission,
		404: vfs.ErrNotExist,
		405: vfs.ErrUnavailable,
		408: vfs.ErrUnavailable,
		409: vfs.ErrUnavailable,
		411: vfs.ErrUnavailable,
		412: vfs.ErrChanged,
		413: vfs.ErrTooLarge,
		416: vfs.ErrUnavailable,
		422: vfs.ErrCorrupt,
		429: vfs.ErrUnavailable,
		498: vfs.ErrUnavailable,
		499: vfs.ErrUnavailable,
		500: vfs.ErrUnavailable,
		501: vfs.ErrUnavailable,
		502: vfs.ErrUnavailable,
		503: vfs.ErrUnavailable,
		504: vfs.ErrUnavailable,
		507: vfs.ErrQuota,
		599: vfs.ErrUnavailable,
		302: vfs.ErrUnavailable,
	} {
		cause := &StatusError{Method: http.MethodPut, Target: Name{"", "c", "a"}, Status: code, TransID: "tx123", Text: secret}
		err := Translate(fmt.Errorf("sending: %w", cause))
		if vfs.Kind(err) != want {
			t.Errorf("status %d is %v, want %v", code, vfs.Kind(err), want)
		}
		if text := vfs.ClientText(err); strings.Contains(text, secret) || !strings.Contains(text, "tx123") {
			t.Errorf("status %d is told as %q: it must name the transaction and nothing of Swift's own words", code, text)
		}
		if !strings.Contains(err.Error(), secret) || StatusOf(err) != code {
			t.Errorf("status %d is logged as %q", code, err)
		}
		if again := Translate(err); again != err {
			t.Errorf("status %d translated twice is %v", code, again)
		}
	}
}

func TestTranslateQuota(t *testing.T) {
	for text, want := range map[string]error{
		"Upload exceeds quota.":      vfs.ErrQuota, // of a container or an account
		"413 Upload exceeds QUOTA":   vfs.ErrQuota,
		"Your request is too large.": vfs.ErrTooLarge,
		"":                           vfs.ErrTooLarge,
	} {
		if err := Translate(&StatusError{Status: 413, Text: text}); vfs.Kind(err) != want {
			t.Errorf("413 with %q is %v, want %v", text, vfs.Kind(err), want)
		}
	}
}

func TestTranslateOthers(t *testing.T) {
	if err := Translate(nil); err != nil {
		t.Errorf("nil is %v", err)
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, fmt.Errorf("x: %w", context.Canceled), vfs.ErrExist, vfs.Errorf(vfs.ErrQuota, "x")} {
		if got := Translate(err); got != err {
			t.Errorf("%v is %v: it is in the contract's terms already", err, got)
		}
	}
	err := Translate(fmt.Errorf("dial tcp 10.1.2.3:8080: %w", io.ErrUnexpectedEOF))
	if vfs.Kind(err) != vfs.ErrUnavailable || strings.Contains(vfs.ClientText(err), "10.1.2.3") || !strings.Contains(err.Error(), "10.1.2.3") {
		t.Errorf("a broken connection is %v, told as %q", err, vfs.ClientText(err))
	}
}

func TestRefusedAs(t *testing.T) {
	cause := &StatusError{Status: 404, TransID: "tx5", Text: "raw"}
	err := RefusedAs(cause, vfs.ErrNotExist, "there is no container c")
	if got := vfs.ClientText(err); got != "there is no container c (transaction tx5)" || !errors.Is(err, cause) {
		t.Errorf("%v is told as %q", err, got)
	}
	if got := vfs.ClientText(RefusedAs(io.EOF, vfs.ErrChanged, "")); got != "file was changed by somebody else" {
		t.Errorf("told as %q", got)
	}
}
