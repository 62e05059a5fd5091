package ftp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"filegate/core/auth"
	"filegate/core/vfs"
)

func TestFailure(t *testing.T) {
	want := map[error]string{
		vfs.ErrNotExist:    "550 no such file or directory",
		vfs.ErrExist:       "550 file exists",
		vfs.ErrPermission:  "550 permission denied",
		vfs.ErrClosed:      "451 file already closed",
		vfs.ErrUnsupported: "504 operation not supported",
		vfs.ErrIsDir:       "550 is a directory",
		vfs.ErrNotDir:      "550 not a directory",
		vfs.ErrNotEmpty:    "550 directory not empty",
		vfs.ErrInvalidName: "553 invalid name",
		vfs.ErrInvalid:     "501 invalid argument",
		vfs.ErrQuota:       "552 quota exceeded",
		vfs.ErrTooLarge:    "552 file too large",
		vfs.ErrChanged:     "450 file was changed by somebody else",
		vfs.ErrCorrupt:     "451 checksum mismatch: the data was damaged on the way",
		vfs.ErrUnavailable: "451 storage unavailable, try again later",

		context.Canceled:         "451 the session was ended",
		context.DeadlineExceeded: "451 timed out",
		errors.New("secret"):     "451 internal error",
		errDataLost:              "426 The data connection broke; the transfer is incomplete.",

		vfs.Errorf(vfs.ErrQuota, "two\nlines"):                    `552 two\x0alines`,
		&vfs.Error{Kind: vfs.ErrUnavailable, TransID: "tx1"}:      "451 storage unavailable, try again later (transaction tx1)",
		vfs.Errorf(vfs.ErrQuota, "mark"+mark+"226 done"):          `552 mark\x1e226 done`,
		fmt.Errorf("secret: %w", vfs.ErrNotEmpty):                 "550 directory not empty",
		&vfs.Error{Kind: vfs.ErrExist, Err: errors.New("secret")}: "550 file exists",
	}
	for _, kind := range vfs.Kinds() {
		if want[kind] == "" {
			t.Errorf("the kind %q is not in the table", kind)
		}
	}
	for err, want := range want {
		got := failure(err)
		if got.(*reply).line() != want {
			t.Errorf("the reply to %q is %q, want %q", err, got.(*reply).line(), want)
		}
		// As the library sends it.
		for _, line := range []string{"550 Issue during transfer: network error: error transferring data: " + got.Error(), "450 Could not list: file access error: couldn't stat: " + got.Error()} {
			if got := new(control).amend(line); got != want {
				t.Errorf("%q is sent as %q, want %q", line, got, want)
			}
		}
	}
	if failure(nil) != nil {
		t.Error("no error, and yet a reply")
	}
}

func TestRefusal(t *testing.T) {
	for _, err := range auth.Kinds() {
		want := "530 Login incorrect."
		if err == auth.ErrUnavailable {
			want = "421 Logins are not possible at the moment; try again later."
		}
		if got := refusal(fmt.Errorf("secret: %w", err)).(*reply).line(); got != want {
			t.Errorf("the reply to %q is %q, want %q", err, got, want)
		}
	}
}

func TestAmend(t *testing.T) {
	for _, same := range []string{
		"", " ", "226 Closing transfer connection", "257 \"/a" + mark + "226 b\" is the current directory", "150 x" + mark + "y",
	} {
		if got := new(control).amend(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
	if got := new(control).amend("550 Could not get " + mark + "226 done: " + mark + "451 try again"); got != "451 try again" {
		t.Errorf("the client's name for a file has become the reply %q", got)
	}
	if got := new(control).amend("221 " + errShuttingDown.Error()); !strings.HasPrefix(got, "421 The server") {
		t.Errorf("the last words are %q", got)
	}
}
