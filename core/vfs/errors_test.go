package vfs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"filegate/core/vfs"
)

const secret = "dsn=postgres://admin:hunter2@db"

func TestKind(t *testing.T) {
	for _, kind := range vfs.Kinds() {
		for what, err := range map[string]error{
			"itself":            kind,
			"wrapped":           fmt.Errorf("opening: %w", kind),
			"an Error":          &vfs.Error{Kind: kind},
			"an Error of text":  vfs.Errorf(kind, "no %s today", "files"),
			"a wrapped Error":   fmt.Errorf("opening: %w", &vfs.Error{Kind: kind}),
			"with a cause":      &vfs.Error{Kind: kind, Err: errors.New(secret)},
			"caused by another": &vfs.Error{Kind: kind, Err: vfs.ErrNotExist},
			"caused by ENOENT":  &vfs.Error{Kind: kind, Err: syscall.ENOENT},
		} {
			if got := vfs.Kind(err); got != kind {
				t.Errorf("Kind of %q, %s, = %v", kind, what, got)
			}
			if !errors.Is(err, kind) {
				t.Errorf("errors.Is does not find %q in it, %s", kind, what)
			}
		}
	}
	for _, err := range []error{nil, io.EOF, context.Canceled, context.DeadlineExceeded, errors.New("foreign")} {
		if got := vfs.Kind(err); got != nil {
			t.Errorf("Kind(%v) = %v; it is of none", err, got)
		}
	}
}

// The system's own errors say that they are kinds, ENOTEMPTY even the wrong one.
func TestKindOverCause(t *testing.T) {
	err := &vfs.Error{Kind: vfs.ErrNotEmpty, Err: syscall.ENOTEMPTY}
	if !errors.Is(err, vfs.ErrExist) {
		t.Skip("ENOTEMPTY is no ErrExist here")
	}
	if got := vfs.Kind(err); got != vfs.ErrNotEmpty {
		t.Errorf("Kind = %v, want ErrNotEmpty: the cause does not count", got)
	}
}

func TestKindsAreTheCallers(t *testing.T) {
	vfs.Kinds()[0] = nil
	if vfs.Kinds()[0] == nil {
		t.Error("a caller has changed the set")
	}
}

func TestClientText(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{vfs.ErrNotExist, "no such file or directory"},
		{fmt.Errorf("%s: %w", secret, vfs.ErrNotExist), "no such file or directory"},
		{vfs.Errorf(vfs.ErrQuota, "only %d bytes are left", 7), "only 7 bytes are left"},
		{fmt.Errorf("%s: %w", secret, vfs.Errorf(vfs.ErrQuota, "only 7 bytes are left")), "only 7 bytes are left"},
		{&vfs.Error{Kind: vfs.ErrPermission, Err: errors.New(secret)}, "permission denied"},
		{&vfs.Error{Kind: vfs.ErrPermission, TransID: "tx42", Err: errors.New(secret)}, "permission denied (transaction tx42)"},
		{&vfs.Error{Kind: vfs.ErrPermission, Err: vfs.Errorf(vfs.ErrQuota, "inner")}, "permission denied"},
		{&vfs.Error{Kind: errors.New(secret)}, "internal error"},
		{&vfs.Error{Err: errors.New(secret)}, "internal error"},
		{errors.New(secret), "internal error"},
		{context.Canceled, "the session was ended"},
		{fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), "timed out"},
		{nil, "internal error"},
	} {
		if got := vfs.ClientText(tt.err); got != tt.want {
			t.Errorf("ClientText(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

// Whatever a store found out and wrapped, a client reads none of it.
func TestClientTextHidesTheCause(t *testing.T) {
	cause := errors.New(secret)
	for _, kind := range vfs.Kinds() {
		for _, err := range []error{
			fmt.Errorf("%s: %w", secret, kind),
			fmt.Errorf("%w: %w", kind, cause),
			errors.Join(cause, kind),
			&vfs.Error{Kind: kind, Err: cause},
			vfs.Errorf(kind, "a text"),
			fmt.Errorf("%w: %w", cause, &vfs.Error{Kind: kind, Err: cause}),
		} {
			if text := vfs.ClientText(err); strings.Contains(text, "hunter2") || text == "" || text == "internal error" {
				t.Errorf("the client reads %q of %q", text, err)
			}
		}
	}
}

func TestErrorTellsTheLogEverything(t *testing.T) {
	err := &vfs.Error{Kind: vfs.ErrUnavailable, Text: "try later", TransID: "tx42", Err: errors.New("status 503")}
	if got, want := err.Error(), "try later (transaction tx42): status 503"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
}
