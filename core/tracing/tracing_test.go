package tracing

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"filegate/core/config"
	"filegate/core/session"
	"filegate/core/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a collector.
type receiver struct {
	*httptest.Server
	status int // of the answers; 0: 200

	mu       sync.Mutex
	headers  []http.Header
	resource map[string]string
	spans    []*traces.Span
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.receive(req); err != nil {
			t.Errorf("%s %s: %v", req.Method, req.URL, err)
		}
		if r.status != 0 {
			w.WriteHeader(r.status)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) receive(req *http.Request) error {
	if req.URL.Path != "/v1/traces" {
		return errors.New("a wrong path")
	}
	unzipped, err := gzip.NewReader(req.Body)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(unzipped)
	if err != nil {
		return err
	}
	var m collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = append(r.headers, req.Header)
	for _, rs := range m.ResourceSpans {
		r.resource = texts(rs.Resource.Attributes)
		for _, ss := range rs.ScopeSpans {
			r.spans = append(r.spans, ss.Spans...)
		}
	}
	return nil
}

// texts returns attributes as texts.
func texts(attrs []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attrs {
		if v, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
			all[a.Key] = fmt.Sprint(v.IntValue)
			continue
		}
		all[a.Key] = a.Value.GetStringValue()
	}
	return all
}

func tracingTo(url string) config.Tracing {
	return config.Tracing{Endpoint: url, Sample: 1, Timeout: 10 * time.Second}
}

func upload(began time.Time) session.Event {
	return session.Event{
		Op: session.OpUpload, Path: "/c/file", Bytes: 7, Duration: time.Second,
		Err: errors.New("secret text of an error"),
		Requests: []vfs.Request{
			{Verb: "HEAD", Status: 404, TransID: "tx1", Began: began, Took: time.Millisecond},
			{Verb: "PUT", Status: 503, TransID: "tx2", Began: began.Add(time.Millisecond), Took: time.Millisecond},
			{Verb: "PUT", Began: began.Add(3 * time.Millisecond), Took: time.Millisecond, Attempt: 1},
		},
		MoreRequests: 5,
	}
}

var client = Client{Session: "s1", User: "demo", Address: "192.0.2.1", Service: "sftp"}

func TestOperation(t *testing.T) {
	r := startReceiver(t)
	tracer := New(slog.New(slog.NewTextHandler(t.Output(), nil)), "1.2.3")
	c := tracingTo(r.URL)
	c.Headers = []config.TracingHeader{{Name: "Authorization", Value: "Bearer token"}}
	c.Attributes = map[string]string{"deployment.environment.name": "test"}
	tracer.Follow(c)
	began := time.Now()
	tracer.Operation(client, upload(began), "unavailable")
	tracer.Operation(client, session.Event{Op: session.OpStat, Path: "/"}, "ok")
	tracer.Close(10 * time.Second)

	if got := r.headers[0].Get("Authorization"); got != "Bearer token" {
		t.Errorf("the header is %q", got)
	}
	if diff := cmp.Diff(map[string]string{"service.name": "filegate", "service.version": "1.2.3", "deployment.environment.name": "test"}, r.resource); diff != "" {
		t.Errorf("the resource (-want +got)\n%s", diff)
	}
	var parent *traces.Span
	for _, s := range r.spans {
		if s.Name == "upload" {
			parent = s
		}
	}
	if parent == nil || len(r.spans) != 5 {
		t.Fatalf("there are %d spans: %v", len(r.spans), r.spans)
	}
	if took := time.Duration(parent.EndTimeUnixNano - parent.StartTimeUnixNano); took != time.Second {
		t.Errorf("the operation took %v", took)
	}
	if diff := cmp.Diff(map[string]string{
		"session.id": "s1", "user.name": "demo", "client.address": "192.0.2.1", "network.protocol.name": "sftp", "file.path": "/c/file",
		"filegate.bytes": "7", "filegate.requests_left_out": "5", "error.type": "unavailable",
	}, texts(parent.Attributes)); diff != "" {
		t.Errorf("the attributes of the operation (-want +got)\n%s", diff)
	}
	var children []map[string]string
	for _, s := range r.spans {
		if bytes.Equal(s.TraceId, parent.TraceId) && s != parent {
			if !bytes.Equal(s.ParentSpanId, parent.SpanId) || s.Kind != traces.Span_SPAN_KIND_CLIENT {
				t.Errorf("%s is not a request of the operation", s.Name)
			}
			children = append(children, texts(s.Attributes))
		}
		if strings.Contains(s.String(), "secret") {
			t.Errorf("a span has the text of an error: %v", s)
		}
	}
	if diff := cmp.Diff([]map[string]string{
		{"http.request.method": "HEAD", "http.response.status_code": "404", "filegate.transaction_id": "tx1"},
		{"http.request.method": "PUT", "http.response.status_code": "503", "filegate.transaction_id": "tx2", "error.type": "503"},
		{"http.request.method": "PUT", "http.request.resend_count": "1", "error.type": "no_answer"},
	}, children); diff != "" {
		t.Errorf("the requests (-want +got)\n%s", diff)
	}
}

// TestFollow changes the collector while spans wait.
func TestFollow(t *testing.T) {
	one, two := startReceiver(t), startReceiver(t)
	tracer := New(slog.New(slog.NewTextHandler(t.Output(), nil)), "")
	if tracer.WantedRequests() != 0 {
		t.Error("requests are recorded without a collector")
	}
	tracer.Operation(client, upload(time.Now()), "lost")
	for _, r := range []*receiver{one, two} {
		tracer.Follow(tracingTo(r.URL))
		tracer.Operation(client, upload(time.Now()), "unavailable")
	}
	tracer.Follow(tracingTo(two.URL))
	tracer.Follow(config.Tracing{})
	if tracer.WantedRequests() != 0 {
		t.Error("requests are recorded after the collector was removed")
	}
	tracer.Close(10 * time.Second)
	if len(one.spans) != 4 || len(two.spans) != 4 {
		t.Errorf("the collectors have %d and %d spans, want 4 each", len(one.spans), len(two.spans))
	}
}

// TestFailures has a collector that refuses spans, and one that is down. The log gets one line in a
// minute.
func TestFailures(t *testing.T) {
	refusing, down := startReceiver(t), startReceiver(t)
	refusing.status = http.StatusForbidden
	down.Close()
	for _, r := range []*receiver{refusing, down} {
		var log bytes.Buffer
		tracer := New(slog.New(slog.NewTextHandler(&log, nil)), "")
		tracer.Follow(tracingTo(r.URL))
		for range 2000 { // several batches
			tracer.Operation(client, session.Event{Op: session.OpStat, Path: "/"}, "ok")
		}
		tracer.Close(10 * time.Second)
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "does not take spans") {
			t.Errorf("the log is\n%s", &log)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := &exporter{log: slog.New(slog.NewTextHandler(&log, nil))}
		for range 180 {
			e.failed(errors.New(strings.Repeat("<html>", 1000)))
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n != 3 || log.Len() > 2000 {
			t.Errorf("three minutes have %d lines, and %d bytes", n, log.Len())
		}
	})
}

// TestOff measures what operations cost without a collector.
func TestOff(t *testing.T) {
	tracer := New(slog.New(slog.DiscardHandler), "")
	e := upload(time.Now())
	if n := testing.AllocsPerRun(100, func() { tracer.Operation(client, e, "ok") }); n != 0 {
		t.Errorf("an operation allocates %v times", n)
	}
}
