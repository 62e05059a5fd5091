package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/frontend"
	"filegate/core/vfs"
)

const withAdmin = oneOfEach + `admin { listen = "127.0.0.1:0" }`

func get(t *testing.T, g *Gateway, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + g.AdminAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestHealth(t *testing.T) {
	w := newWorld()
	g := start(t, w, withAdmin)
	if code, body := get(t, g.Gateway, "/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	if code, body := get(t, g.Gateway, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz: %d %s", code, body)
	}
	w.mu.Lock()
	w.unhealthy = errFake
	w.mu.Unlock()
	code, body := get(t, g.Gateway, "/readyz")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "authenticator first: "+errFake.Error()) {
		t.Errorf("/readyz with an authenticator that does not answer: %d %s, want 503 and which", code, body)
	}
	if code, body := get(t, g.Gateway, "/nothing"); code != http.StatusNotFound {
		t.Errorf("/nothing: %d %s", code, body)
	}
}

func TestNotReadyWhileDraining(t *testing.T) {
	w := newWorld()
	g, err := New(t.Context(), w.config(t, oneOfEach), w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.readiness(); err != nil {
		t.Errorf("a gateway that is up is not ready: %v", err)
	}
	g.desk.Shut()
	if !errors.Is(g.readiness(), ErrShutdown) {
		t.Error("the gateway is ready while it shuts down")
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld()
	g := start(t, w, withAdmin)
	sess := g.door.login(t)
	g.door.env.Login(t.Context(), request(func(r *auth.Request) { r.Password = "wrong" }))
	if err := upload(t.Context(), sess, "/file", strings.NewReader("12345")); err != nil {
		t.Fatal(err)
	}
	sess.Remove(t.Context(), "/none")
	var visits []frontend.Visit
	for range 2 {
		v, err := g.door.env.Connect(request(nil).Remote.Addr())
		if err != nil {
			t.Fatal(err)
		}
		visits = append(visits, v)
	}
	visits[0].Ended(frontend.EndedFine)
	defer visits[1].Ended(frontend.EndedFine)
	store := w.envs[0].Observer
	store.Request(backend.Request{Verb: "GET", Status: 503, Again: true})
	store.Request(backend.Request{Verb: "BREW"})
	store.Sent(7)
	_, body := get(t, g.Gateway, "/metrics")
	for _, want := range []string{
		`filegate_sessions{service="door"} 1`,
		`filegate_logins_total{method="password",result="ok",service="door"} 1`,
		`filegate_logins_total{method="password",result="denied",service="door"} 1`,
		`filegate_bans_total{of="user"} 0`,
		`filegate_operations_total{op="upload",outcome="ok",service="door"} 1`,
		`filegate_operations_total{op="remove",outcome="not_exist",service="door"} 1`,
		`filegate_operation_duration_seconds_count{op="upload"} 1`,
		`filegate_bytes_total{direction="in",service="door"} 5`,
		`filegate_authenticator_up{auth="first"} 1`,
		`filegate_build_info{goversion="go`,
		`filegate_connections{frontend="door.public"} 1`,
		`filegate_connections_total{frontend="door.public"} 2`,
		`filegate_ready 1`,
		`filegate_transfers{op="upload"} 0`,
		`filegate_bans_in_force{of="address"} 0`,
		`filegate_cache_requests_total{cache="memory",result="miss"}`,
		`filegate_authenticator_logins_in_flight{auth="first"} 0`,
		`filegate_backend_requests_total{backend="main",status="503",verb="GET"} 1`,
		`filegate_backend_requests_total{backend="main",status="0",verb="other"} 1`,
		`filegate_backend_retries_total{backend="main",verb="GET"} 1`,
		`filegate_backend_bytes_total{backend="main",direction="out"} 7`,
		`filegate_backend_request_duration_seconds_count{backend="main",verb="GET"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics does not have %s", want)
		}
	}
}

// TestOutcomesAreComplete tests that there is a label for each error of an operation.
func TestOutcomesAreComplete(t *testing.T) {
	seen := map[string]error{}
	for _, kind := range vfs.Kinds() {
		word := outcome(&vfs.Error{Kind: kind})
		if word == "internal" || seen[word] != nil {
			t.Errorf("the outcome of %v is %q, want a word of its own", kind, word)
		}
		seen[word] = kind
	}
	if got := outcome(errFake); got != "internal" {
		t.Errorf("the outcome of a foreign error is %q, want internal", got)
	}
}
