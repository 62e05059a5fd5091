package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/session"
)

// stateMetrics reports the state of the gateway at the time of a scrape.
type stateMetrics struct {
	g *Gateway

	ready, transfers, bans                   *prometheus.Desc
	memory, free, waiters                    *prometheus.Desc
	cacheRequests, cacheFailures, cacheBytes *prometheus.Desc
	inFlight, waiting, auditLost             *prometheus.Desc
}

var _ prometheus.Collector = (*stateMetrics)(nil)

func newStateMetrics(g *Gateway) *stateMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &stateMetrics{
		g:             g,
		ready:         desc("filegate_ready", "1 while clients should be sent here, as /readyz says."),
		transfers:     desc("filegate_transfers", "Files that clients have open, by upload and download.", "op"),
		bans:          desc("filegate_bans_in_force", "Bans in force that this gateway knows of, by what is banned.", "of"),
		memory:        desc("filegate_backend_memory_bytes", "Memory that a backend may use for buffers.", "backend"),
		free:          desc("filegate_backend_memory_free_bytes", "What is left of that.", "backend"),
		waiters:       desc("filegate_backend_memory_waiters", "Transfers that wait for some of it.", "backend"),
		cacheRequests: desc("filegate_cache_requests_total", "Values that a cache was asked for, by whether it had them.", "cache", "result"),
		cacheFailures: desc("filegate_cache_failures_total", "Requests that a shared cache has not answered.", "cache"),
		cacheBytes:    desc("filegate_cache_bytes", "Memory that a cache of this process uses.", "cache"),
		inFlight:      desc("filegate_authenticator_logins_in_flight", "Logins that an authenticator is checking.", "auth"),
		waiting:       desc("filegate_authenticator_logins_waiting", "Logins that wait for their turn.", "auth"),
		auditLost:     desc("filegate_audit_lost_total", "Records of the audit log that could not be written."),
	}
}

// Describe implements [prometheus.Collector].
func (s *stateMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.ready, s.transfers, s.bans, s.memory, s.free, s.waiters, s.cacheRequests, s.cacheFailures, s.cacheBytes, s.inFlight, s.waiting, s.auditLost,
	} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (s *stateMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	g := s.g
	ready := 1.
	if g.readiness() != nil {
		ready = 0
	}
	gauge(s.ready, ready)
	transfers := map[session.Op]int{session.OpUpload: 0, session.OpDownload: 0}
	for _, sess := range g.desk.Sessions() {
		for _, t := range sess.Status().Transfers {
			transfers[t.Op]++
		}
	}
	for op, n := range transfers {
		gauge(s.transfers, float64(n), string(op))
	}
	bans := map[string]int{"address": 0, "user": 0, "connections": 0}
	for _, b := range g.desk.Bans() {
		bans[b.Of]++
	}
	for of, n := range bans {
		gauge(s.bans, float64(n), of)
	}
	for name, b := range g.stores() {
		if u, ok := backend.UsageOf(b.Backend); ok {
			gauge(s.memory, float64(u.Memory), name)
			gauge(s.free, float64(u.Free), name)
			gauge(s.waiters, float64(u.Waiting), name)
		}
	}
	for kind, c := range g.caches() {
		if st, ok := cache.StatsOf(c); ok {
			counter(s.cacheRequests, float64(st.Hits), kind, "hit")
			counter(s.cacheRequests, float64(st.Misses), kind, "miss")
			if c == g.local {
				gauge(s.cacheBytes, float64(st.Bytes), kind)
			} else {
				counter(s.cacheFailures, float64(st.Failures), kind)
			}
		}
	}
	for name, load := range g.auths.load() {
		gauge(s.inFlight, float64(load.checking), name)
		gauge(s.waiting, float64(load.waiting), name)
	}
	if g.opts.Logs != nil {
		counter(s.auditLost, float64(g.opts.Logs.lost.Load()))
	}
}

// caches returns the caches by kind.
func (g *Gateway) caches() map[string]cache.Cache {
	all := map[string]cache.Cache{"memory": g.local}
	if g.shared != g.local {
		for _, c := range g.config().Caches {
			if c.Shared {
				all[c.Kind] = g.shared
			}
		}
	}
	return all
}
