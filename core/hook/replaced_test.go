package hook

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/audit"
	"filegate/core/config"
)

// TestReplacedQueueEnds removes a hook whose receiver is down and that has many events.
func TestReplacedQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		k := webHook("down", "http://localhost")
		h := hooksOf(t, c, t.Output(), k)
		defer h.Close()
		h.current["down"].send = func(context.Context, string, string, []byte) error { return context.DeadlineExceeded }
		for range k.Queue {
			h.Send(audit.Record{Event: "upload", Result: "ok"})
		}
		began := time.Now()
		h.Follow(nil)
		h.running.Wait()
		if took := time.Since(began); took > k.RetryFor || c.counts["down dropped"] != k.Queue {
			t.Errorf("the queue has ended after %v, %v; want at most %v, and each event counted", took, c.counts, k.RetryFor)
		}
	})
}

// TestSameRoots tests that a hook with a CA file keeps its queue in a reload, unless the
// certificates differ.
func TestSameRoots(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	with := func(certs ...*x509.Certificate) *config.EventHook {
		k := webHook("web", srv.URL)
		k.CAFile, k.Roots = "/ca.pem", x509.NewCertPool()
		for _, c := range certs {
			k.Roots.AddCert(c)
		}
		return k
	}
	h := hooksOf(t, newCounter(), t.Output(), with(srv.Certificate()))
	first := h.current["web"]
	h.Follow([]*config.EventHook{with(srv.Certificate())})
	if h.current["web"] != first {
		t.Error("a hook with the same certificates is replaced")
	}
	h.Follow([]*config.EventHook{with()})
	if h.current["web"] == first {
		t.Error("a hook with other certificates is not replaced")
	}
}
