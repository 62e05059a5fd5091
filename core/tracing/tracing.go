// Package tracing sends the operations of clients to an OpenTelemetry collector: one span for each
// operation, and below it one for each request to the storage, with the storage's transaction ID.
// It is the only package that imports go.opentelemetry.io/otel.
//
// Spans are made when an operation has ended, from what the session has recorded. Without a
// collector nothing is recorded. Spans wait in a bounded queue; if the collector is slow or down,
// spans are lost, and operations are not delayed.
//
// Names of attributes are those of OpenTelemetry's semantic conventions, where they exist. Spans
// contain names of users and files, and no passwords, tokens, URLs, and texts of errors.
package tracing

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"filegate/core/config"
	"filegate/core/session"
	"filegate/core/vfs"
)

const (
	// MaxRequests is how many requests to the storage are kept for an operation. A large upload has
	// one for each segment.
	MaxRequests = 64
	// maxQueue is how many spans wait for the collector.
	maxQueue = 4096
)

// Tracer sends spans to the collector of the current configuration, if there is one. It is safe for
// concurrent use.
type Tracer struct {
	log     *slog.Logger
	version string
	current atomic.Pointer[pipeline]

	flushing sync.WaitGroup // collectors of before
}

// pipeline is the way to one collector.
type pipeline struct {
	config   config.Tracing
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns a Tracer without a collector. The version is that of filegate.
func New(log *slog.Logger, version string) *Tracer { return &Tracer{log: log, version: version} }

// Follow applies a configuration. Spans that wait for the collector of before are sent within its
// timeout. Calls must not overlap.
func (t *Tracer) Follow(c config.Tracing) {
	old := t.current.Load()
	if old != nil && reflect.DeepEqual(old.config, c) || old == nil && c.Endpoint == "" {
		return
	}
	t.current.Store(t.open(c))
	if old != nil {
		t.flushing.Go(func() { t.flush(old, old.config.Timeout) })
	}
}

// Close sends the waiting spans, for which it takes at most the given time, and ends tracing.
func (t *Tracer) Close(within time.Duration) {
	if p := t.current.Swap(nil); p != nil {
		t.flush(p, within)
	}
	t.flushing.Wait()
}

func (t *Tracer) flush(p *pipeline, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), min(within, p.config.Timeout))
	defer cancel()
	if err := p.provider.Shutdown(ctx); err != nil {
		t.log.Warn("not all spans could be sent to the collector", "err", err)
	}
}

// open returns the way to a collector, without waiting for it, or nil for none.
func (t *Tracer) open(c config.Tracing) *pipeline {
	if c.Endpoint == "" {
		return nil
	}
	endpoint := c.Endpoint
	if u, err := url.Parse(endpoint); err == nil && (u.Path == "" || u.Path == "/") {
		endpoint = u.JoinPath("v1", "traces").String()
	}
	headers := map[string]string{}
	for _, h := range c.Headers {
		headers[h.Name] = h.Value.Reveal()
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(c.Timeout),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}), // the queue would fill meanwhile
	}
	if strings.HasPrefix(endpoint, "https:") {
		options = append(options, otlptracehttp.WithTLSClientConfig(&tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}))
	}
	sender, err := otlptracehttp.New(context.Background(), options...) // it does not connect yet
	if err != nil {
		t.log.Error("spans cannot be sent to the collector", "err", err)
		return nil
	}
	exp := &exporter{SpanExporter: sender, log: t.log}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(exp.failed)) // the library's own writes to standard error
	attrs := []attribute.KeyValue{semconv.ServiceName("filegate"), semconv.ServiceVersion(t.version)}
	for name, value := range c.Attributes {
		attrs = append(attrs, attribute.String(name, value))
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewWithAttributes(semconv.SchemaURL, attrs...)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Sample))),
		sdktrace.WithBatcher(exp,
			sdktrace.WithMaxQueueSize(maxQueue), sdktrace.WithExportTimeout(c.Timeout)),
	)
	return &pipeline{c, provider, provider.Tracer("filegate")}
}

// WantedRequests returns how many requests to the storage an operation should record.
func (t *Tracer) WantedRequests() int {
	if t.current.Load() == nil {
		return 0
	}
	return MaxRequests
}

// Client describes the client of a session.
type Client struct {
	Session, User, Address, Service string
}

// Operation sends the spans of an operation that has just ended. The result is a word that names
// the kind of its failure.
func (t *Tracer) Operation(c Client, e session.Event, result string) {
	p := t.current.Load()
	if p == nil {
		return
	}
	end := time.Now()
	attrs := []attribute.KeyValue{
		attribute.String("session.id", c.Session), attribute.String("user.name", c.User), attribute.String("client.address", c.Address),
		attribute.String("network.protocol.name", c.Service), attribute.String("file.path", string(e.Path)),
	}
	if e.Target != "" {
		attrs = append(attrs, attribute.String("filegate.target", string(e.Target)))
	}
	if e.Op == session.OpUpload || e.Op == session.OpDownload {
		attrs = append(attrs, attribute.Int64("filegate.bytes", e.Bytes))
	}
	if e.MoreRequests > 0 {
		attrs = append(attrs, attribute.Int("filegate.requests_left_out", e.MoreRequests))
	}
	ctx, span := p.tracer.Start(context.Background(), string(e.Op),
		trace.WithTimestamp(end.Add(-e.Duration)), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attrs...))
	defer span.End(trace.WithTimestamp(end))
	if e.Err != nil {
		fail(span, result)
	}
	if !span.IsRecording() {
		return
	}
	for _, r := range e.Requests {
		p.request(ctx, r)
	}
}

// request sends the span of a request to the storage.
func (p *pipeline) request(ctx context.Context, r vfs.Request) {
	attrs := []attribute.KeyValue{attribute.String("http.request.method", r.Verb)}
	if r.Status != 0 {
		attrs = append(attrs, attribute.Int("http.response.status_code", r.Status))
	}
	if r.TransID != "" {
		attrs = append(attrs, attribute.String("filegate.transaction_id", r.TransID))
	}
	if r.Attempt > 0 {
		attrs = append(attrs, attribute.Int("http.request.resend_count", r.Attempt))
	}
	_, span := p.tracer.Start(ctx, r.Verb, trace.WithTimestamp(r.Began), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	switch {
	case r.Status == 0:
		fail(span, "no_answer")
	case r.Status >= 400 && r.Status != 404: // looking for a missing name is no failure
		fail(span, strconv.Itoa(r.Status))
	}
	span.End(trace.WithTimestamp(r.Began.Add(r.Took)))
}

func fail(span trace.Span, kind string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(attribute.String("error.type", kind))
}
