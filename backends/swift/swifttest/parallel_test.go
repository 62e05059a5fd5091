package swifttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
)

// TestParallel makes all kinds of requests in parallel, for the race detector, and checks that
// readers see only complete objects.
func TestParallel(t *testing.T) {
	for name, cfg := range map[string]swifttest.Config{"memory": {}, "directory": {Dir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			srv := swifttest.Start(t, cfg)
			c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
			c.do(http.MethodPut, "/c", "").is(201)
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for n := range 20 {
						shared, own := fmt.Sprintf("/c/shared/%d", n%3), fmt.Sprintf("/c/own/%d-%d", i, n)
						c.race(shared, fill(fmt.Sprint(i), 20_000))
						if r := c.do(http.MethodGet, shared, ""); r.status != 200 || r.header.Get("Etag") != hash(r.body) {
							t.Errorf("%s: status %d, %d bytes", shared, r.status, len(r.body))
						}
						c.put(own, own)
						c.do(http.MethodPost, own, "", "X-Object-Meta-A", "b").is(202)
						c.do("COPY", own, "", "Destination", shared)
						c.race(shared, fill(fmt.Sprint(i), 20_000))
						c.do(http.MethodGet, "/c?prefix=own/&format=json", "").is(200)
						c.do(http.MethodHead, "/c", "").is(204)
						if n%2 == 0 {
							c.do(http.MethodDelete, own, "").is(204)
						}
						if n == 10 && i == 0 {
							srv.ListingLag(time.Millisecond)
						}
						srv.Requests()
					}
				})
			}
			wg.Wait()
			srv.ListingLag(0)
			equal(t, "objects left", len(c.list("/c", "prefix=own/")), 80)
		})
	}
}

// race uploads an object that other goroutines upload too. An upload that a later one has overtaken
// gets 202.
func (c *cloud) race(path, body string) {
	c.t.Helper()
	if r := c.do(http.MethodPut, path, body); r.status != 201 && r.status != 202 {
		c.t.Errorf("PUT %s: status %d", path, r.status)
	}
}

// BenchmarkDirectory measures requests to a container with many objects that is stored in a
// directory.
func BenchmarkDirectory(b *testing.B) {
	const many = 20_000
	dir := b.TempDir()
	srv, err := swifttest.New(swifttest.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	token := ""
	c := func(method, path string, status int) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("X-Auth-User", "test:tester")
		r.Header.Set("X-Auth-Key", "testing")
		r.Header.Set("X-Auth-Token", token)
		r.Header.Set("Content-Length", "0")
		w := httptest.NewRecorder()
		if srv.ServeHTTP(w, r); w.Code != status {
			b.Fatalf("%s %s: %d", method, path, w.Code)
		}
		return w
	}
	token = c(http.MethodGet, "/auth/v1.0", 200).Header().Get("X-Auth-Token")
	const root = "/v1/AUTH_test"
	c(http.MethodPut, root+"/c", 201)
	for i := range many {
		c(http.MethodPut, root+fmt.Sprintf("/c/dir%03d/%06d", i%100, i), 201)
	}
	b.Run("Put", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			c(http.MethodPut, root+fmt.Sprintf("/c/new/%06d", i%1000), 201)
		}
	})
	b.Run("Head", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			c(http.MethodHead, root+fmt.Sprintf("/c/dir%03d/%06d", i%many%100, i%many), 200)
		}
	})
	b.Run("ListDirectories", func(b *testing.B) {
		for b.Loop() {
			c(http.MethodGet, root+"/c?delimiter=/&format=json", 200)
		}
	})
	b.Run("ListThousand", func(b *testing.B) {
		for b.Loop() {
			c(http.MethodGet, root+"/c?limit=1000&marker=dir050&format=json", 200)
		}
	})
	if err := srv.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("Start", func(b *testing.B) {
		for b.Loop() {
			srv, err := swifttest.New(swifttest.Config{Dir: dir})
			if err != nil {
				b.Fatal(err)
			}
			if err := srv.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
