package tracing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"filegate/core/vfs"
)

// exporter sends spans, and logs failures at most once in a minute.
type exporter struct {
	sdktrace.SpanExporter
	log *slog.Logger

	mu    sync.Mutex
	lost  int       // spans since the last log line
	quiet time.Time // until then nothing is logged
}

// ExportSpans implements [sdktrace.SpanExporter]. Lost spans are not an error for the caller.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.mu.Lock()
		e.lost += len(spans)
		e.mu.Unlock()
		e.failed(err)
	}
	return nil
}

// maxText bounds what is logged of an error, which may quote the collector's answer, in bytes.
const maxText = 300

func (e *exporter) failed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if now.Before(e.quiet) {
		return
	}
	text := err.Error()
	e.log.Warn("the collector does not take spans, some are lost", "lost", e.lost, "err", vfs.EscapeControl(text[:min(len(text), maxText)]))
	e.lost, e.quiet = 0, now.Add(time.Minute)
}
