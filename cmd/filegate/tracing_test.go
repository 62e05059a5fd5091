package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"filegate/backends/swift/swifttest"
)

// TestTracing has a collector get an upload by SFTP, with the requests to Swift that it needed.
func TestTracing(t *testing.T) {
	t.Parallel() // it waits for the collector
	var mu sync.Mutex
	var got bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := gzip.NewReader(req.Body)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if _, err := io.Copy(&got, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(collector.Close)
	srv := swifttest.Start(t, swifttest.Config{})
	user := swifttest.DefaultUsers()[0]
	s := openShared(t, cluster{
		auth: fmt.Sprintf(`auth "swiftv1" "shared" {
  config {
    auth_url = %q
  }
}
tracing {
  endpoint = %q
}
`, srv.AuthURL(), collector.URL),
		user: user.Account + ":" + user.Name, password: user.Key,
	})
	file := filepath.Join(s.work, "traced")
	write(t, file, "content", 0o600)
	s.sftp(t, "mkdir /"+s.container+"\nput "+file+" /"+s.container+"/traced")
	// In the encoded spans: the operation, its path, and a request with Swift's id.
	for _, want := range []string{`upload`, `/shared/traced`, `(?s)http\.request\.method.{2,6}PUT.{1,100}filegate\.transaction_id.{2,6}tx`} {
		pattern := regexp.MustCompile(want)
		if !eventually(func() bool {
			mu.Lock()
			defer mu.Unlock()
			return pattern.Match(got.Bytes())
		}) {
			t.Errorf("the collector does not get %s", want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if bytes.Contains(got.Bytes(), []byte(user.Key)) || bytes.Contains(got.Bytes(), []byte("X-Auth-Token")) {
		t.Error("a span has a password or a token")
	}
}
