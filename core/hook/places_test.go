package hook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"filegate/core/audit"
)

// TestPlacesOfOneUser has one user wait for a hook with more requests than it takes at a time: the
// requests of another user are answered.
func TestPlacesOfOneUser(t *testing.T) {
	asked := make(chan struct{}, 2*maxAsking)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(body), "alice") {
			asked <- struct{}{}
			<-r.Context().Done()
		}
	}))
	defer srv.Close()
	web := webHook("web", srv.URL)
	web.Before, web.Timeout = true, time.Minute
	c := newCounter()
	h := hooksOf(t, c, t.Output(), web)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 * maxAsking {
		all.Go(func() {
			if err := h.Ask(ctx, audit.Record{Event: "upload", User: "alice"}); !errors.Is(err, ErrFailed) {
				t.Errorf("a request without an answer: %v", err)
			}
		})
	}
	for range maxAskingOfUser {
		<-asked
	}
	patient, end := context.WithTimeout(t.Context(), 5*time.Second)
	defer end()
	if err := h.Ask(patient, audit.Record{Event: "upload", User: "bob"}); err != nil {
		t.Errorf("the request of another user: %v", err)
	}
	cancel()
	all.Wait()
	if n := len(h.current["web"].asking.users); n > 0 {
		t.Errorf("%d users are remembered after all requests", n)
	}
	if len(asked) > 0 {
		t.Errorf("the hook was asked %d times more for one user", len(asked))
	}
}

// TestBusy tests that a request that gets no place in time is not a failure of the hook.
func TestBusy(t *testing.T) {
	web := webHook("web", "http://127.0.0.1:1")
	web.Before, web.Timeout = true, 20*time.Millisecond
	c := newCounter()
	var log strings.Builder
	h := hooksOf(t, c, &log, web)
	for range maxAskingOfUser {
		leave, err := h.current["web"].asking.take(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	if err := h.Ask(t.Context(), audit.Record{Event: "upload", User: "alice"}); !errors.Is(err, ErrBusy) {
		t.Errorf("a request that waits too long: %v", err)
	}
	if c.counts["web busy"] != 1 || c.counts["web failed"] != 0 || !strings.Contains(log.String(), "too many wait") {
		t.Errorf("counted %v and logged %q", c.counts, log.String())
	}
}
