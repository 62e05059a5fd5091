package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"filegate/core/auth"
	"filegate/core/login"
)

// authMetrics are the metrics of authenticators.
type authMetrics struct {
	starts   *prometheus.GaugeVec
	restarts *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	calls    *prometheus.HistogramVec
}

func newAuthMetrics(registry *prometheus.Registry) authMetrics {
	m := authMetrics{
		starts: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "filegate_authenticator_start_seconds", Help: "How long the authenticator's last start took, until it was configured.",
		}, []string{"auth"}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_authenticator_restarts_total", Help: "How often the authenticator has died or hung, and was started again.",
		}, []string{"auth"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "filegate_authenticator_output_dropped_total", Help: "Lines of the authenticator's output that were too much for the log.",
		}, []string{"auth"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "filegate_authenticator_call_duration_seconds", Help: "How long the authenticator's answers took, the wait for a free place included.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"auth", "call", "result"}),
	}
	registry.MustRegister(m.starts, m.restarts, m.dropped, m.calls)
	return m
}

// authenticator returns the observer for an authenticator.
func (m *metrics) authenticator(name string) auth.Observer {
	m.auths.restarts.WithLabelValues(name) // so that it exists before the first restart
	m.auths.dropped.WithLabelValues(name)
	return authObserver{m.auths, name}
}

// authObserver counts the events of one authenticator.
type authObserver struct {
	m    authMetrics
	name string
}

// Started implements [auth.Observer].
func (o authObserver) Started(took time.Duration, again bool) {
	o.m.starts.WithLabelValues(o.name).Set(took.Seconds())
	if again {
		o.m.restarts.WithLabelValues(o.name).Inc()
	}
}

// Called implements [auth.Observer].
func (o authObserver) Called(call string, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result, _ = login.Classify(err)
	}
	o.m.calls.WithLabelValues(o.name, call, result).Observe(took.Seconds())
}

// Dropped implements [auth.Observer].
func (o authObserver) Dropped() { o.m.dropped.WithLabelValues(o.name).Inc() }

// authState reports the current state of the authenticators.
type authState struct {
	auths                     *authenticators
	up, info, memory, retired *prometheus.Desc
}

var _ prometheus.Collector = (*authState)(nil)

func newAuthState(auths *authenticators) *authState {
	return &authState{
		auths:   auths,
		up:      prometheus.NewDesc("filegate_authenticator_up", "1 while the authenticator answers.", []string{"auth"}, nil),
		info:    prometheus.NewDesc("filegate_authenticator_info", "Always 1.", []string{"auth", "kind", "version"}, nil),
		memory:  prometheus.NewDesc("filegate_authenticator_memory_bytes", "Resident memory of the authenticator's program, without its child processes.", []string{"auth"}, nil),
		retired: prometheus.NewDesc("filegate_authenticators_retired", "Programs that a reload has replaced, and that are kept for sessions of before.", nil, nil),
	}
}

// Describe implements [prometheus.Collector].
func (s *authState) Describe(ch chan<- *prometheus.Desc) {
	ch <- s.up
	ch <- s.info
	ch <- s.memory
	ch <- s.retired
}

// Collect implements [prometheus.Collector].
func (s *authState) Collect(ch chan<- prometheus.Metric) {
	for name, r := range s.auths.current() {
		up := 1.
		if r.Healthy() != nil {
			up = 0
		}
		info := r.Info()
		ch <- prometheus.MustNewConstMetric(s.up, prometheus.GaugeValue, up, name)
		ch <- prometheus.MustNewConstMetric(s.info, prometheus.GaugeValue, 1, name, info.Name, info.Version)
		if user, ok := r.Plugin.(auth.MemoryUser); ok {
			if bytes, known := user.Memory(); known {
				ch <- prometheus.MustNewConstMetric(s.memory, prometheus.GaugeValue, float64(bytes), name)
			}
		}
	}
	ch <- prometheus.MustNewConstMetric(s.retired, prometheus.GaugeValue, float64(s.auths.retired()))
}
