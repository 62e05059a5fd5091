package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

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
