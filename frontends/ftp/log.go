package ftp

import (
	"context"
	"log/slog"
	"sync"
)

// quiet logs the library's messages at debug level, because the library logs ordinary behaviour of
// clients as errors and warnings.
type quiet struct {
	slog.Handler
	end *endOfLog
}

// endOfLog is set when a connection has ended. The library may log something after everything that
// can be waited for.
type endOfLog struct {
	mu sync.RWMutex
	is bool
}

func (e *endOfLog) set() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.is = true
}

func (q quiet) Enabled(ctx context.Context, _ slog.Level) bool {
	return q.Handler.Enabled(ctx, slog.LevelDebug)
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	q.end.mu.RLock()
	defer q.end.mu.RUnlock()
	if q.end.is {
		return nil
	}
	r.Level = slog.LevelDebug
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attrs), q.end}
}

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.end} }
