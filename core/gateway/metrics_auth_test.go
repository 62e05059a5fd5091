package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
)

// TestAuthenticatorMetrics tests that metrics of authenticators are labelled with their names and
// follow a reload.
func TestAuthenticatorMetrics(t *testing.T) {
	w := newWorld()
	g := start(t, w, withAdmin)
	observer := w.launched[0].Observer
	observer.Started(2*time.Second, false)
	observer.Started(3*time.Second, true)
	observer.Called("authenticate", 7*time.Millisecond, nil)
	observer.Called("renew", time.Second, fmt.Errorf("no: %w", auth.ErrDenied))
	observer.Dropped()
	g.door.login(t)
	wantMetrics(t, g,
		`filegate_authenticator_up{auth="first"} 1`,
		`filegate_authenticator_info{auth="first",kind="people",version="1"} 1`,
		`filegate_authenticator_memory_bytes{auth="first"} 5.24288e+06`,
		`filegate_authenticator_start_seconds{auth="first"} 3`,
		`filegate_authenticator_restarts_total{auth="first"} 1`,
		`filegate_authenticator_call_duration_seconds_bucket{auth="first",call="authenticate",result="ok",le="0.01"} 1`,
		`filegate_authenticator_call_duration_seconds_bucket{auth="first",call="renew",result="denied",le="0.5"} 0`,
		`filegate_authenticator_call_duration_seconds_count{auth="first",call="renew",result="denied"} 1`,
		`filegate_authenticator_output_dropped_total{auth="first"} 1`,
		`filegate_authenticators_retired 0`,
	)
	w.mu.Lock()
	w.unhealthy = errFake
	w.mu.Unlock()
	g.reload(t, w, changedConfig(withAdmin))
	wantMetrics(t, g, `filegate_authenticator_up{auth="first"} 0`, `filegate_authenticators_retired 1`)
	if _, body := get(t, g.Gateway, "/metrics"); strings.Contains(body, "\nfilegate_authenticator_memory_bytes") {
		t.Error("/metrics has the memory of a program that is down")
	}
}

func wantMetrics(t *testing.T, g *started, want ...string) {
	t.Helper()
	_, body := get(t, g.Gateway, "/metrics")
	for _, line := range want {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("/metrics has no line %s", line)
		}
	}
}
