package swiftv1_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// fake answers auth 1.0 like tempauth, for the user test:tester with the key testing.
type fake struct {
	*httptest.Server

	mu       sync.Mutex
	requests []http.Header
	answer   http.HandlerFunc // replaces the usual answer
}

func newFake(t *testing.T) *fake {
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Header.Clone())
	answer := f.answer
	f.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case r.Header.Get("X-Auth-User") != "test:tester" || r.Header.Get("X-Auth-Key") != "testing":
		w.Header().Set("Www-Authenticate", `Swift realm="unknown"`)
		http.Error(w, "<html><h1>Unauthorized</h1></html>", http.StatusUnauthorized)
	default:
		w.Header().Set("X-Storage-Url", "http://swift.example.net/v1/AUTH_test")
		w.Header().Set("X-Auth-Token", "AUTH_tk0123456789")
		w.Header().Set("X-Storage-Token", "AUTH_tk0123456789")
		w.Header().Set("X-Auth-Token-Expires", "86400")
	}
}

// Requests returns the number of requests so far.
func (f *fake) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}
