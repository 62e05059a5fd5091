package vfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// The kinds of failure. Every error that leaves a store is one of them by errors.Is, a context
// error, or io.EOF. Those that std has are std's, so that errors.Is works with either.
var (
	ErrNotExist    = fs.ErrNotExist
	ErrExist       = fs.ErrExist
	ErrPermission  = fs.ErrPermission
	ErrClosed      = fs.ErrClosed
	ErrUnsupported = errors.ErrUnsupported

	ErrIsDir       = errors.New("is a directory")
	ErrNotDir      = errors.New("not a directory")
	ErrNotEmpty    = errors.New("directory not empty")
	ErrInvalidName = errors.New("invalid name")
	ErrInvalid     = errors.New("invalid argument")
	ErrQuota       = errors.New("quota exceeded")
	ErrTooLarge    = errors.New("file too large")
	ErrChanged     = errors.New("changed by somebody else")
	ErrCorrupt     = errors.New("checksum mismatch")
	ErrUnavailable = errors.New("storage unavailable, try again later")
)

// kinds pairs each sentinel with the text a client reads when nobody knows better.
var kinds = []struct {
	err  error
	text string
}{
	{ErrNotExist, "no such file or directory"},
	{ErrExist, "file exists"},
	{ErrPermission, "permission denied"},
	{ErrClosed, "file already closed"},
	{ErrUnsupported, "operation not supported"},
	{ErrIsDir, "is a directory"},
	{ErrNotDir, "not a directory"},
	{ErrNotEmpty, "directory not empty"},
	{ErrInvalidName, "invalid name"},
	{ErrInvalid, "invalid argument"},
	{ErrQuota, "quota exceeded"},
	{ErrTooLarge, "file too large"},
	{ErrChanged, "file was changed by somebody else"},
	{ErrCorrupt, "checksum mismatch: the data was damaged on the way"},
	{ErrUnavailable, "storage unavailable, try again later"},
}

// Kinds returns the closed set of failures, for the tables that translate it.
func Kinds() []error {
	all := make([]error, len(kinds))
	for i, k := range kinds {
		all[i] = k.err
	}
	return all
}

// Kind returns the member of the set that err is, or nil for an error from outside of it. Of the
// outermost *Error in err it is the Kind, whatever the cause says of itself: the system's
// "directory not empty", for one, is also an fs.ErrExist.
func Kind(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		err = e.Kind
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.err
		}
	}
	return nil
}

// Error is a failure with what its layer knows of it.
type Error struct {
	Kind    error  // one of Kinds
	Text    string // for the client: safe to show; empty for the kind's own text
	TransID string // the backend's id of the failed request, where there is one
	Err     error  // for the log: the cause; never shown to a client
}

// Errorf returns an error of the kind whose text, safe for a client, is formatted from the rest.
func Errorf(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Error is the whole of it, for the log.
func (e *Error) Error() string {
	s := e.client()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

func (e *Error) client() string {
	s := e.Text
	if s == "" {
		s = kindText(e.Kind)
	}
	if e.TransID != "" {
		s += " (transaction " + e.TransID + ")"
	}
	return s
}

func kindText(err error) string {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.text
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "the session was ended"
	}
	return "internal error"
}

// ClientText is what a client may read of err: the text of the outermost *Error in it, else that of
// its kind, else "internal error". Nothing of a foreign error ever shows.
func ClientText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.client()
	}
	return kindText(err)
}
