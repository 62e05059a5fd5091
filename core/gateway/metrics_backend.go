package gateway

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"filegate/core/backend"
)

// backendMetrics are the metrics of the requests of backends.
type backendMetrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	retries   *prometheus.CounterVec
	bytes     *prometheus.CounterVec
}

func newBackendMetrics(registry *prometheus.Registry) backendMetrics {
	m := backendMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_backend_requests_total", Help: "Requests to the storage by verb and status of the answer; 0: no answer.",
		}, []string{"backend", "verb", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "filegate_backend_request_duration_seconds", Help: "How long requests to the storage took until the headers of the answer, with what was sent.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"backend", "verb"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_backend_retries_total", Help: "Requests that were made again, since an earlier one had failed.",
		}, []string{"backend", "verb"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_backend_bytes_total", Help: "Bytes of bodies that passed, in from the storage and out to it.",
		}, []string{"backend", "direction"}),
	}
	registry.MustRegister(m.requests, m.durations, m.retries, m.bytes)
	return m
}

// verbs are the HTTP methods that backends use. All others are counted together.
var verbs = map[string]bool{"GET": true, "HEAD": true, "PUT": true, "POST": true, "DELETE": true, "COPY": true, "OPTIONS": true}

// backendObserver counts the requests of one backend.
type backendObserver struct {
	m                backendMetrics
	name             string
	sent, received   prometheus.Counter
	requests, failed atomic.Int64 // for the status; failed: without an answer, or with status 5xx
	took             atomic.Int64 // duration of all requests together, in nanoseconds
}

var _ backend.Observer = (*backendObserver)(nil)

func (m *metrics) backend(name string) *backendObserver {
	return &backendObserver{
		m: m.backends, name: name,
		sent: m.backends.bytes.WithLabelValues(name, "out"), received: m.backends.bytes.WithLabelValues(name, "in"),
	}
}

// Request implements [backend.Observer].
func (o *backendObserver) Request(r backend.Request) {
	if !verbs[r.Verb] {
		r.Verb = "other"
	}
	if r.Status < 0 || r.Status > 599 {
		r.Status = 0
	}
	o.requests.Add(1)
	o.took.Add(int64(r.Took))
	if r.Status == 0 || r.Status >= 500 {
		o.failed.Add(1)
	}
	o.m.requests.WithLabelValues(o.name, r.Verb, strconv.Itoa(r.Status)).Inc()
	o.m.durations.WithLabelValues(o.name, r.Verb).Observe(r.Took.Seconds())
	if r.Again {
		o.m.retries.WithLabelValues(o.name, r.Verb).Inc()
	}
}

// Sent implements [backend.Observer].
func (o *backendObserver) Sent(n int64) { o.sent.Add(float64(n)) }

// Received implements [backend.Observer].
func (o *backendObserver) Received(n int64) { o.received.Add(float64(n)) }
