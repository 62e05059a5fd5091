package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"sync"

	"filegate/core/config"
)

// OpenLog makes the logger that the configuration asks for. Close closes its output when nobody logs any more.
func OpenLog(cfg config.Log, stderr io.Writer) (*slog.Logger, io.Closer, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, nil, fmt.Errorf("log level: %w", err)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch cfg.Output {
	case "stderr":
		return slog.New(handler(cfg.Format, stderr, opts)), io.NopCloser(nil), nil
	case "syslog":
		out, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "filegate")
		if err != nil {
			return nil, nil, fmt.Errorf("log to syslog: %w", err)
		}
		return slog.New(newSyslogHandler(cfg.Format, out, level)), out, nil
	}
	// Appending in one write per line, so that logrotate's copytruncate and several processes do no harm.
	f, err := os.OpenFile(cfg.Output, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, nil, fmt.Errorf("log file: %w", err)
	}
	return slog.New(handler(cfg.Format, f, opts)), f, nil
}

func handler(format string, w io.Writer, opts *slog.HandlerOptions) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(w, opts)
	}
	return slog.NewTextHandler(w, opts)
}

// severities is the part of a syslog.Writer that a syslogHandler needs.
type severities interface {
	Err(line string) error
	Warning(line string) error
	Info(line string) error
	Debug(line string) error
}

// syslogHandler hands each line to syslog by its severity. The time is left out, since syslog has its own.
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
