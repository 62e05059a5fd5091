package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/audit"
	"filegate/core/config"
)

// Logs are the log and the audit log of a process. Their outputs can be reopened, and replaced by a
// reload.
type Logs struct {
	*slog.Logger
	Audit *audit.Log

	stderr io.Writer
	root   *rootHandler

	lost atomic.Int64 // number of audit records that could not be written

	mu          sync.Mutex
	log         config.Log
	auditConfig config.Audit
	logOut      output
	auditOut    *auditOutput
}

// OpenLogs opens the logs of a configuration. Call Close after the last use to close their outputs.
func OpenLogs(log config.Log, auditing config.Audit, stderr io.Writer) (*Logs, error) {
	l := &Logs{stderr: stderr, root: new(rootHandler), auditOut: new(auditOutput)}
	l.Logger = slog.New(&followHandler{root: l.root})
	l.Audit = audit.New(l.auditOut, l.auditFailed())
	if err := l.Follow(log, auditing); err != nil {
		return nil, err
	}
	return l, nil
}

// Follow switches the logs to another configuration. After an error the logs are unchanged.
func (l *Logs) Follow(log config.Log, auditing config.Audit) error {
	next, err := l.open(log, auditing)
	if err != nil {
		return err
	}
	return next.take()
}

// nextLogs are opened logs that have not replaced the current ones yet.
type nextLogs struct {
	of       *Logs
	log      config.Log
	auditing config.Audit
	handler  slog.Handler
	logOut   output // nil: unchanged
	auditOut output // nil: unchanged
}

// open opens the logs of another configuration. The caller must then call take or drop.
func (l *Logs) open(log config.Log, auditing config.Audit) (*nextLogs, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := &nextLogs{of: l, log: log, auditing: auditing}
	var level slog.Level
	if err := level.UnmarshalText([]byte(log.Level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	out := l.logOut
	if out == nil || log.Output != l.log.Output || log.Tag != l.log.Tag {
		var err error
		if out, err = openOutput(log.Output, log.Tag, l.stderr); err != nil {
			return nil, err
		}
		n.logOut = out
	}
	if auditing.Output != "" && (l.auditConfig != auditing || log.Tag != l.log.Tag) {
		var err error
		if n.auditOut, err = openOutput(auditing.Output, log.Tag, l.stderr); err != nil {
			return nil, errors.Join(err, n.drop())
		}
	}
	if s, ok := out.(syslogOutput); ok {
		n.handler = newSyslogHandler(log.Format, s, level)
	} else {
		n.handler = handler(log.Format, out, &slog.HandlerOptions{Level: level})
	}
	return n, nil
}

// drop closes the opened logs without using them.
func (n *nextLogs) drop() error {
	var errs []error
	for _, out := range []output{n.logOut, n.auditOut} {
		if out != nil {
			errs = append(errs, out.Close())
		}
	}
	return errors.Join(errs...)
}

// take makes the opened logs the current ones.
func (n *nextLogs) take() error {
	l := n.of
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	l.root.set(n.handler)
	if n.logOut != nil {
		if l.logOut != nil {
			errs = append(errs, l.logOut.Close())
		}
		l.logOut = n.logOut
	}
	if n.auditOut != nil || n.auditing.Output == "" {
		errs = append(errs, l.auditOut.set(n.auditOut))
	}
	l.log, l.auditConfig = n.log, n.auditing
	return errors.Join(errs...)
}

// Reopen reopens files that were renamed. If this fails, the old files stay in use.
func (l *Logs) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.logOut.reopen(), l.auditOut.reopen())
}

// Close closes the outputs.
func (l *Logs) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.auditOut.set(nil), l.logOut.Close())
}

// auditPause is the interval at which failures to write audit records are logged. In between they
// are only counted.
const auditPause = time.Minute

// auditFailed returns the function that logs records that could not be written, once in auditPause.
func (l *Logs) auditFailed() func(error) {
	var (
		mu   sync.Mutex
		last time.Time
		lost int
	)
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		lost++
		l.lost.Add(1)
		if time.Since(last) < auditPause {
			return
		}
		l.Error("records of the audit log are lost", "count", lost, "err", err)
		last, lost = time.Now(), 0
	}
}

// auditOutput is the current output of the audit log. If it is nil, records are dropped.
type auditOutput struct {
	mu  sync.RWMutex
	out output
}

// Write implements [io.Writer].
func (a *auditOutput) Write(line []byte) (int, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.out == nil {
		return len(line), nil
	}
	return a.out.Write(line)
}

func (a *auditOutput) set(out output) error {
	a.mu.Lock()
	old := a.out
	a.out = out
	a.mu.Unlock()
	if old == nil {
		return nil
	}
	return old.Close()
}

func (a *auditOutput) reopen() error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.out == nil {
		return nil
	}
	return a.out.reopen()
}

// rootHandler is the handler of a log, which a reload can replace.
type rootHandler struct{ current atomic.Pointer[slog.Handler] }

func (r *rootHandler) set(h slog.Handler) { r.current.Store(&h) }

// followHandler passes lines on to the current handler of the log, with the attributes and groups
// that were added by With.
type followHandler struct {
	root *rootHandler
	with []func(slog.Handler) slog.Handler
	made atomic.Pointer[madeHandler]
}

// madeHandler is a handler with these attributes and groups.
type madeHandler struct {
	of   *slog.Handler
	made slog.Handler
}

func (h *followHandler) now() slog.Handler {
	current := h.root.current.Load()
	if m := h.made.Load(); m != nil && m.of == current {
		return m.made
	}
	made := *current
	for _, with := range h.with {
		made = with(made)
	}
	h.made.Store(&madeHandler{current, made})
	return made
}

// Enabled implements [slog.Handler].
func (h *followHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return (*h.root.current.Load()).Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *followHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.now().Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h *followHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.add(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements [slog.Handler].
func (h *followHandler) WithGroup(name string) slog.Handler {
	return h.add(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *followHandler) add(with func(slog.Handler) slog.Handler) slog.Handler {
	return &followHandler{root: h.root, with: append(h.with[:len(h.with):len(h.with)], with)}
}

func handler(format string, w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(w, opts)
	}
	return slog.NewTextHandler(w, opts)
}

// severities contains the methods of syslog.Writer that a syslogHandler needs.
type severities interface {
	Err(line string) error
	Warning(line string) error
	Info(line string) error
	Debug(line string) error
}

// syslogHandler sends each line to syslog with its severity. It omits the time, because syslog adds
// its own.
type syslogHandler struct {
	slog.Handler // formats into line.text
	line         *syslogLine
}

type syslogLine struct {
	mu   sync.Mutex
	text bytes.Buffer
	out  severities
}

func newSyslogHandler(format string, out severities, level slog.Level) *syslogHandler {
	line := &syslogLine{out: out}
	return &syslogHandler{line: line, Handler: handler(format, &line.text, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})}
}

// Handle implements [slog.Handler].
func (h *syslogHandler) Handle(ctx context.Context, r slog.Record) error {
	h.line.mu.Lock()
	defer h.line.mu.Unlock()
	h.line.text.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	text := h.line.text.String()
	switch {
	case r.Level >= slog.LevelError:
		return h.line.out.Err(text)
	case r.Level >= slog.LevelWarn:
		return h.line.out.Warning(text)
	case r.Level >= slog.LevelInfo:
		return h.line.out.Info(text)
	}
	return h.line.out.Debug(text)
}

// WithAttrs implements [slog.Handler].
func (h *syslogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &syslogHandler{Handler: h.Handler.WithAttrs(attrs), line: h.line}
}

// WithGroup implements [slog.Handler].
func (h *syslogHandler) WithGroup(name string) slog.Handler {
	return &syslogHandler{Handler: h.Handler.WithGroup(name), line: h.line}
}
