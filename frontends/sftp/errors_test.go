package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/pkg/sftp"

	"filegate/core/vfs"
)

func TestStatus(t *testing.T) {
	want := map[error]error{
		vfs.ErrNotExist:    sftp.ErrSSHFxNoSuchFile,
		vfs.ErrExist:       sftp.ErrSSHFxFailure,
		vfs.ErrPermission:  sftp.ErrSSHFxPermissionDenied,
		vfs.ErrClosed:      sftp.ErrSSHFxFailure,
		vfs.ErrUnsupported: sftp.ErrSSHFxOpUnsupported,
		vfs.ErrIsDir:       sftp.ErrSSHFxFailure,
		vfs.ErrNotDir:      sftp.ErrSSHFxNoSuchFile,
		vfs.ErrNotEmpty:    sftp.ErrSSHFxFailure,
		vfs.ErrInvalidName: sftp.ErrSSHFxFailure,
		vfs.ErrInvalid:     sftp.ErrSSHFxFailure,
		vfs.ErrQuota:       sftp.ErrSSHFxFailure,
		vfs.ErrTooLarge:    sftp.ErrSSHFxFailure,
		vfs.ErrChanged:     sftp.ErrSSHFxFailure,
		vfs.ErrCorrupt:     sftp.ErrSSHFxFailure,
		vfs.ErrUnavailable: sftp.ErrSSHFxFailure,
	}
	for _, kind := range vfs.Kinds() {
		code, ok := want[kind]
		if !ok {
			t.Errorf("%v is new: say here which status it has", kind)
			continue
		}
		for _, err := range []error{kind, fmt.Errorf("somewhere: %w", kind), &vfs.Error{Kind: kind, Text: "safe", Err: errors.New("secret")}} {
			got := status(err)
			if !errors.Is(got, code) {
				t.Errorf("status(%v) has not %v", err, code)
			}
			if got.Error() != vfs.ClientText(err) {
				t.Errorf("status(%v) reads %q, want %q", err, got, vfs.ClientText(err))
			}
		}
	}
}

func TestStatusOfOthers(t *testing.T) {
	if err := status(nil); err != nil {
		t.Errorf("status(nil) = %v", err)
	}
	if err := status(io.EOF); err != io.EOF {
		t.Errorf("status(io.EOF) = %v, want it as it is: that is how a file ends", err)
	}
	for _, err := range []error{context.Canceled, errors.New("dial tcp 192.0.2.1: refused"), io.ErrUnexpectedEOF} {
		got := status(err)
		if !errors.Is(got, sftp.ErrSSHFxFailure) || errors.Is(got, io.EOF) || got.Error() != vfs.ClientText(err) {
			t.Errorf("status(%v) = %v", err, got)
		}
	}
}
