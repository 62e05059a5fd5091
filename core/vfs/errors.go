package vfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// The kinds of errors. Every error from a store matches one of them with errors.Is, or is a context
// error or io.EOF. Kinds that the standard library has are the standard library's values.
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

// kinds pairs each sentinel with its default text for clients.
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

// Kinds returns the closed set of errors, for tables that translate it.
func Kinds() []error {
	all := make([]error, len(kinds))
	for i, k := range kinds {
		all[i] = k.err
	}
	return all
}

// Kind returns the kind of err, or nil for an error outside of the set. For an *Error it is the
// Kind of the outermost *Error, whatever its cause is: the system's "directory not empty", for
// example, is also an fs.ErrExist.
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

// Error is an error with the context that a layer adds.
type Error struct {
	Kind    error  // one of Kinds
	Text    string // for the client: safe to show; empty for the kind's own text
	TransID string // the backend's ID of the failed request, if any
	Err     error  // for the log: the cause; never shown to a client
}

// Errorf returns an error of this kind. The formatted text must be safe to show to a client.
func Errorf(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Error returns the full text, for the log.
func (e *Error) Error() string {
	s := e.client()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the kind and the cause.
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

// ClientText returns the text of err for a client: the text of the outermost *Error, else the text
// of its kind, else "internal error". It never shows the text of a foreign error.
func ClientText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.client()
	}
	return kindText(err)
}
