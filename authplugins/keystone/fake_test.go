package keystone_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fake answers like the Keystone from which the files in testdata were recorded, for the user demo
// with the password demopass.
type fake struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	count  int
	header http.Header      // of the last request
	body   map[string]any   // of the last request
	answer http.HandlerFunc // replaces the usual answer
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

// Requests returns the number of requests so far.
func (f *fake) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil && len(raw) > 0 {
		f.t.Errorf("request body: %v", err)
	}
	f.mu.Lock()
	f.count++
	f.header, f.body = r.Header.Clone(), body
	answer := f.answer
	f.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case !strings.Contains(string(raw), `"name":"demo"`) && !strings.Contains(string(raw), `"username":"demo"`),
		!strings.Contains(string(raw), `"password":"demopass"`):
		recorded(f.t, w, http.StatusUnauthorized, "401.json")
	case r.URL.Path == "/v2.0/tokens":
		recorded(f.t, w, http.StatusOK, "v2.json")
	case r.URL.Path != "/identity/v3/auth/tokens":
		http.NotFound(w, r)
	default:
		w.Header().Set("X-Subject-Token", "gAAAAABk-token")
		if at(body, "auth", "scope") == nil {
			recorded(f.t, w, http.StatusCreated, "v3-unscoped.json")
			return
		}
		recorded(f.t, w, http.StatusCreated, "v3.json")
	}
}

// recorded answers with the contents of a file.
func recorded(t *testing.T, w http.ResponseWriter, code int, name string) {
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text)
}

// at returns the value at a path in decoded JSON, or nil.
func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}
