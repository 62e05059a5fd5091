package gateway

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
)

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
