package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"filegate/core/vfs"
)

// Op is the name of an operation in the log and in metrics.
type Op string

// The operations.
const (
	OpStat     Op = "stat"
	OpList     Op = "list"
	OpDownload Op = "download"
	OpUpload   Op = "upload"
	OpMkdir    Op = "mkdir"
	OpRemove   Op = "remove"
	OpRmdir    Op = "rmdir"
	OpRename   Op = "rename"
	OpCopy     Op = "copy"
	OpSetAttrs Op = "setattrs"
	OpTruncate Op = "truncate"
	OpSpace    Op = "space"
	OpDigest   Op = "digest"
	OpSymlink  Op = "symlink"
	OpReadlink Op = "readlink"
	OpVersions Op = "versions"
	OpRestore  Op = "restore"
	OpTempURL  Op = "tempurl"
	OpACL      Op = "acl"
)

// Event describes an operation that has ended.
type Event struct {
	Op      Op
	Path    vfs.Path // as the client sees it
	Target  vfs.Path // of a rename, a copy or a link
	Bytes   int64    // received from or sent to the client
	Entries int      // returned by a listing
	// Place and TargetPlace are where links lead Path and Target in the whole store. They are empty
	// if that is the home directory with the name below it, and if it is unknown: it is known in a
	// session with a home directory or rules, and if an observer is asked.
	Place, TargetPlace vfs.Path
	// Changes are the new values of what the operation sets, by attribute.
	Changes  map[string]string
	Duration time.Duration
	Err      error

	Sums     vfs.Sums // of the content that was read or published, if known
	TransIDs []string // IDs of the latest requests to the store for the operation

	// Requests are the first requests to the store for the operation, and MoreRequests is the
	// number of further ones, for a RequestObserver.
	Requests     []vfs.Request
	MoreRequests int
}

// traced adds what the trace of the operation has collected.
func (e Event) traced(t *vfs.Trace) Event {
	e.TransIDs = t.TransIDs()
	e.Requests, e.MoreRequests = t.Requests()
	return e
}

// Observer is notified of every operation when it has ended.
type Observer interface{ Observe(Event) }

// Summary describes a session that has ended.
type Summary struct {
	In, Out  int64 // bytes of files received from the client and sent to it
	Duration time.Duration
	Reason   string // why it has ended; "closed" if the client has left
}

// EndObserver is an Observer that is also notified of the end of the session.
type EndObserver interface {
	Observer
	// Ended is called once, after the last Observe.
	Ended(Summary)
}

// BeforeObserver is an Observer that is also asked before an operation, and may refuse it.
type BeforeObserver interface {
	Observer
	// Asks reports whether Before is needed for operations of this kind.
	Asks(op Op) bool
	// Before is called when a permitted operation begins; for a transfer when the file is opened.
	// The places of the event are known. Its error is the result of the operation.
	Before(ctx context.Context, e Event) error
}

// RequestObserver is an Observer that may want the requests to the store for each operation.
type RequestObserver interface {
	Observer
	// WantedRequests returns how many requests to keep for an operation that begins now.
	WantedRequests() int
}

// newTrace returns the trace of an operation that begins.
func (s *Session) newTrace() *vfs.Trace {
	t := new(vfs.Trace)
	if o, ok := s.observer.(RequestObserver); ok {
		t.Keep(o.WantedRequests())
	}
	return t
}

type nobody struct{}

func (nobody) Observe(Event) {}

// ErrAbandoned is the outcome of an upload that was closed without a commit because the client went
// away or asked for it, and of any transfer that the client's side broke off.
var ErrAbandoned = errors.New("abandoned before it was complete")

// record logs an operation and notifies the observer. Operations that only look are logged at debug
// level, and failures of the storage as warnings.
func (s *Session) record(e Event) {
	s.observer.Observe(e)
	level := slog.LevelInfo
	switch e.Op {
	case OpStat, OpList, OpSpace, OpDigest, OpReadlink:
		level = slog.LevelDebug
	}
	if errors.Is(e.Err, vfs.ErrPermission) {
		level = slog.LevelInfo // refusals are always logged at this level
	}
	if storageFault(e.Err) {
		level = slog.LevelWarn
	}
	// The session's context may have ended, but the operation must still be logged.
	ctx := context.WithoutCancel(s.ctx)
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 7)
	attrs = append(attrs, slog.String("op", string(e.Op)), slog.String("path", string(e.Path)))
	if e.Target != "" {
		attrs = append(attrs, slog.String("target", string(e.Target)))
	}
	switch e.Op {
	case OpUpload, OpDownload:
		attrs = append(attrs, slog.Int64("bytes", e.Bytes))
	case OpList:
		attrs = append(attrs, slog.Int("entries", e.Entries))
	}
	attrs = append(attrs, slog.Duration("dur", e.Duration))
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	s.log.LogAttrs(ctx, level, "operation", attrs...)
}

// storageFault reports whether an operator should investigate a failure: it was caused neither by
// the client nor by a regular refusal of the store.
func storageFault(err error) bool {
	switch {
	case err == nil, errors.Is(err, ErrAbandoned), errors.Is(err, errTooMany),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	}
	switch vfs.Kind(err) {
	case vfs.ErrUnavailable, vfs.ErrCorrupt, nil:
		return true
	}
	return false
}
