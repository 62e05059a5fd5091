package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
)

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
