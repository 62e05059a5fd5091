package gateway

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"filegate/core/session"
	"filegate/core/vfs"
)

// metrics are the metrics of /metrics. Labels have only values from fixed tables, never values that
// a client has sent.
type metrics struct {
	registry  *prometheus.Registry
	sessions  *prometheus.GaugeVec
	logins    *prometheus.CounterVec
	bans      *prometheus.CounterVec
	refused   *prometheus.CounterVec
	connected *prometheus.CounterVec
	reloads   *prometheus.CounterVec
	events    *prometheus.CounterVec

	connections *prometheus.GaugeVec

	operations *prometheus.CounterVec
	durations  *prometheus.HistogramVec
	bytes      *prometheus.CounterVec
	auths      authMetrics
	backends   backendMetrics
	moved      struct{ in, out atomic.Int64 } // bytes of files, of all services
}

func newMetrics(version string, auths *authenticators) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "filegate_sessions", Help: "Clients that are logged in.",
		}, []string{"service"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_logins_total", Help: "Logins by how they ended.",
		}, []string{"service", "method", "result"}),
		bans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_bans_total", Help: "Bans that began here, by what was banned: an address, a user, or the connections of an address.",
		}, []string{"of"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_connections_refused_total", Help: "Connections that were not served, by frontend and why.",
		}, []string{"frontend", "reason"}),
		connected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_connections_total", Help: "Connections that were served, by frontend.",
		}, []string{"frontend"}),
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "filegate_connections", Help: "Connections that are open, by frontend, logged in or not.",
		}, []string{"frontend"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_reloads_total", Help: "Reloads of the configuration by how they ended: ok, or failed, and nothing has changed.",
		}, []string{"result"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_hook_events_total", Help: "Events of event hooks by what became of them: delivered or dropped; for a hook with before: allowed, refused, failed, or busy if too many were asked at the same time.",
		}, []string{"hook", "result"}),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_operations_total", Help: "Operations on files and directories by how they ended.",
		}, []string{"service", "op", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "filegate_operation_duration_seconds", Help: "How long operations took; transfers from opening to closing.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800},
		}, []string{"op"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_bytes_total", Help: "Bytes of files that passed, in from clients and out to them.",
		}, []string{"service", "direction"}),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "filegate_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.sessions, m.logins, m.bans, m.refused, m.connected, m.connections, m.reloads, m.events, m.operations, m.durations, m.bytes, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, of := range []string{"address", "user", "connections"} {
		m.bans.WithLabelValues(of) // so that it exists before the first ban
	}
	for _, result := range []string{"ok", "failed"} {
		m.reloads.WithLabelValues(result)
	}
	m.auths = newAuthMetrics(m.registry)
	m.backends = newBackendMetrics(m.registry)
	m.registry.MustRegister(newAuthState(auths))
	return m
}

// Event implements [hook.Observer].
func (m *metrics) Event(hook, result string) { m.events.WithLabelValues(hook, result).Inc() }

// Ban implements [login.Observer].
func (m *metrics) Ban(of string) { m.bans.WithLabelValues(of).Inc() }

// Entered implements [login.Observer].
func (m *metrics) Entered(service string) (left func()) {
	gauge := m.sessions.WithLabelValues(service)
	gauge.Inc()
	return gauge.Dec
}

// operation counts an operation of a session.
func (m *metrics) operation(service string, e session.Event) {
	m.operations.WithLabelValues(service, string(e.Op), outcome(e.Err)).Inc()
	m.durations.WithLabelValues(string(e.Op)).Observe(e.Duration.Seconds())
	switch e.Op {
	case session.OpUpload:
		m.bytes.WithLabelValues(service, "in").Add(float64(e.Bytes))
		m.moved.in.Add(e.Bytes)
	case session.OpDownload:
		m.bytes.WithLabelValues(service, "out").Add(float64(e.Bytes))
		m.moved.out.Add(e.Bytes)
	}
}

// outcomes maps errors of operations to label values.
var outcomes = map[error]string{
	vfs.ErrNotExist:    "not_exist",
	vfs.ErrExist:       "exist",
	vfs.ErrPermission:  "permission",
	vfs.ErrClosed:      "closed",
	vfs.ErrUnsupported: "unsupported",
	vfs.ErrIsDir:       "is_dir",
	vfs.ErrNotDir:      "not_dir",
	vfs.ErrNotEmpty:    "not_empty",
	vfs.ErrInvalidName: "invalid_name",
	vfs.ErrInvalid:     "invalid",
	vfs.ErrQuota:       "quota",
	vfs.ErrTooLarge:    "too_large",
	vfs.ErrChanged:     "changed",
	vfs.ErrCorrupt:     "corrupt",
	vfs.ErrUnavailable: "unavailable",
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, session.ErrAbandoned):
		return "abandoned"
	}
	if word, ok := outcomes[vfs.Kind(err)]; ok {
		return word
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "internal"
}
