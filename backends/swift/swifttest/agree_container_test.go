package swifttest_test

import (
	"net/http"
	"testing"
	"time"
)

func agreeContainers(t *testing.T, c *cloud) {
	c.run("life", func(t *testing.T, c *cloud) {
		path := c.container()
		c.do(http.MethodPut, path, "").is(202).says("<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>")
		c.put(path+"/o", "five!")
		r := c.do(http.MethodHead, path, "").is(204,
			"X-Container-Object-Count", "1", "X-Container-Bytes-Used", "5", "Accept-Ranges", "bytes",
			"Content-Type", "text/plain; charset=utf-8", "X-Storage-Policy", "Policy-0", "Vary", "Accept")
		if _, err := http.ParseTime(r.header.Get("Last-Modified")); err != nil {
			t.Error(err)
		}
		c.do(http.MethodDelete, path, "").is(409).says("<html><h1>Conflict</h1><p>There was a conflict when trying to complete your request.</p></html>")
		c.do(http.MethodDelete, path+"/o", "").is(204)
		c.do(http.MethodDelete, path, "").is(204).says("")
		c.do(http.MethodPut, path+"/o", "x").is(404)
		for _, method := range []string{http.MethodDelete, http.MethodPost, http.MethodGet} {
			c.do(method, path, "").is(404).says("<html><h1>Not Found</h1><p>The resource could not be found.</p></html>")
		}
		c.do(http.MethodHead, path, "").is(404).says("")
		c.do("FOO", path, "").is(405)
	})
	c.run("policy", func(t *testing.T, c *cloud) {
		path := c.container("X-Storage-Policy", "policy-0")
		c.do(http.MethodHead, path, "").is(204, "X-Storage-Policy", "Policy-0")
		c.do(http.MethodPut, path, "", "X-Storage-Policy", "Policy-0").is(202)
		c.do(http.MethodPut, path, "", "X-Storage-Policy", "nope").is(400, "Content-Type", "text/plain").says("Invalid X-Storage-Policy 'nope'")
	})
	c.run("empty", func(t *testing.T, c *cloud) {
		path := c.container()
		c.do(http.MethodGet, path, "").is(204, "Content-Type", "text/plain; charset=utf-8", "Vary", "Accept").says("")
		c.do(http.MethodGet, path+"?format=json", "").is(200, "Content-Type", "application/json; charset=utf-8", "Vary", "").says("[]")
		c.do(http.MethodGet, path+"/", "").is(204)
	})
	c.run("metadata", func(t *testing.T, c *cloud) {
		path := c.container("X-Container-Meta-One", "1", "X-Container-Meta-Two", "2")
		c.do(http.MethodHead, path, "").is(204, "X-Container-Meta-One", "1", "X-Container-Meta-Two", "2")
		c.do(http.MethodPost, path, "", "X-Container-Meta-Two", "", "X-Container-Meta-Three", "drei ü").is(204)
		c.do(http.MethodHead, path, "").is(204, "X-Container-Meta-One", "1", "X-Container-Meta-Two", "", "X-Container-Meta-Three", "drei ü")
		c.do(http.MethodPut, path, "", "X-Container-Meta-Four", "4").is(202)
		c.do(http.MethodPost, path, "", "X-Remove-Container-Meta-One", "x").is(204)
		c.do(http.MethodHead, path, "").is(204, "X-Container-Meta-One", "", "X-Container-Meta-Four", "4")
		c.do(http.MethodPost, path, "", "X-Container-Read", ".r:*,.rlistings").is(204)
		c.do(http.MethodHead, path, "").is(204, "X-Container-Read", ".r:*,.rlistings")
		c.do(http.MethodPost, path, "", "X-Container-Meta-Long", fill("x", 257)).is(400).
			says("Metadata value longer than 256: x-container-meta-Long")
		c.do(http.MethodPost, path, "", "X-Container-Meta-Quota-Bytes", "many").is(400).says("Invalid bytes quota.")
		c.do(http.MethodPost, path, "", "X-Container-Meta-Quota-Count", "-1").is(400).says("Invalid count quota.")
	})
	c.run("times", func(t *testing.T, c *cloud) {
		path := c.container()
		created := c.do(http.MethodHead, path, "").header
		c.do(http.MethodPost, path, "", "X-Container-Meta-A", "b").is(204)
		changed := c.do(http.MethodHead, path, "").header
		equal(t, "X-Timestamp after a POST", changed.Get("X-Timestamp"), created.Get("X-Timestamp"))
		if stamp(t, changed.Get("X-Timestamp")).After(modified(t, changed)) {
			t.Errorf("made at %s, changed at %s", changed.Get("X-Timestamp"), changed.Get("Last-Modified"))
		}
	})
}

// modified returns the time in Last-Modified.
func modified(t *testing.T, h http.Header) time.Time {
	t.Helper()
	at, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		t.Error(err)
	}
	return at
}
