package swifttest_test

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func agreePut(t *testing.T, c *cloud) {
	path := c.container()
	c.run("answer", func(t *testing.T, c *cloud) {
		r := c.do(http.MethodPut, path+"/o", "hello").is(201, "Etag", hash("hello"), "Content-Type", "text/html; charset=UTF-8").says("")
		equal(t, "Last-Modified", r.header.Get("Last-Modified"), c.do(http.MethodHead, path+"/o", "").header.Get("Last-Modified"))
		c.do(http.MethodGet, path+"/o", "").is(200, "Etag", hash("hello"), "Content-Length", "5", "Accept-Ranges", "bytes").says("hello")
	})
	c.run("overwrite", func(t *testing.T, c *cloud) {
		c.put(path+"/over", "old", "X-Object-Meta-A", "b", "Content-Type", "text/a")
		c.put(path+"/over", "new one", "X-Object-Meta-C", "d")
		c.do(http.MethodGet, path+"/over", "").is(200, "X-Object-Meta-A", "", "X-Object-Meta-C", "d", "Content-Type", "application/octet-stream").says("new one")
	})
	c.run("etag", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/e", "hello", "Etag", hash("hello")).is(201)
		c.do(http.MethodPut, path+"/e", "hello", "Etag", `"`+hash("hello")+`"`).is(201)
		c.do(http.MethodPut, path+"/e", "other", "Etag", hash("hello")).is(422).
			says("<html><h1>Unprocessable Entity</h1><p>Unable to process the contained instructions</p></html>")
		c.do(http.MethodGet, path+"/e", "").is(200).says("hello")
		c.do(http.MethodPut, path+"/none", "other", "Etag", hash("hello")).is(422)
		c.do(http.MethodHead, path+"/none", "").is(404)
	})
	c.run("type", func(t *testing.T, c *cloud) {
		for name, want := range map[string]string{"a.txt": "text/plain", "a.html": "text/html", "a.png": "image/png", "a": "application/octet-stream"} {
			c.put(path+"/"+name, "x")
			c.do(http.MethodHead, path+"/"+name, "").is(200, "Content-Type", want)
		}
		c.put(path+"/dir", "", "Content-Type", "application/directory;charset=UTF-8")
		c.do(http.MethodHead, path+"/dir", "").is(200, "Content-Type", "application/directory;charset=UTF-8", "Content-Length", "0")
	})
	c.run("only new", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/new", "1", "If-None-Match", "*").is(201)
		c.do(http.MethodPut, path+"/new", "2", "If-None-Match", "*").is(412)
		c.do(http.MethodPut, path+"/new", "2", "If-None-Match", "abc").is(400).says("If-None-Match only supports *")
		c.do(http.MethodGet, path+"/new", "").is(200).says("1")
	})
	c.run("expiry", func(t *testing.T, c *cloud) {
		c.put(path+"/x", "1", "X-Delete-After", "3000")
		at, err := strconv.ParseInt(c.do(http.MethodHead, path+"/x", "").header.Get("X-Delete-At"), 10, 64)
		if err != nil || math.Abs(time.Until(time.Unix(at, 0)).Seconds()-3000) > 60 {
			t.Errorf("X-Delete-At %d (%v)", at, err)
		}
		for header, text := range map[[2]string]string{
			{"X-Delete-After", "-1"}: "X-Delete-After in past",
			{"X-Delete-After", "x"}:  "Non-integer X-Delete-After",
			{"X-Delete-At", "100"}:   "X-Delete-At in past",
			{"X-Delete-At", "abc"}:   "Non-integer X-Delete-At",
		} {
			c.do(http.MethodPut, path+"/x", "1", header[0], header[1]).is(400).says(text)
		}
		c.put(path+"/soon", "1", "X-Delete-After", "1")
		for deadline := time.Now().Add(10 * time.Second); c.do(http.MethodHead, path+"/soon", "").status != 404; {
			if time.Now().After(deadline) {
				t.Fatal("the object does not end")
			}
		}
		c.do(http.MethodGet, path+"/soon", "").is(404)
		c.do(http.MethodPost, path+"/soon", "").is(404)
	})
	c.run("chunked", func(t *testing.T, c *cloud) {
		body := fill("c", 1_000_000)
		c.sendReader(http.MethodPut, c.storage+path+"/ch", struct{ *strings.Reader }{strings.NewReader(body)}).is(201, "Etag", hash(body))
		c.do(http.MethodHead, path+"/ch", "").is(200, "Content-Length", "1000000")
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		c.put(path+"/d", "x")
		c.do(http.MethodDelete, path+"/d", "").is(204).says("")
		for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPost} {
			c.do(method, path+"/d", "").is(404).says("<html><h1>Not Found</h1><p>The resource could not be found.</p></html>")
		}
		c.do(http.MethodHead, path+"/d", "").is(404).says("")
		c.do("FOO", path+"/d", "").is(405)
	})
}

func agreeGet(t *testing.T, c *cloud) {
	path := c.container()
	c.run("headers", func(t *testing.T, c *cloud) {
		c.put(path+"/o", "body", "Content-Type", "text/x", "X-Object-Meta-Mtime", "1234567890.123456789",
			"Content-Disposition", "attachment", "Content-Encoding", "x-own", "Cache-Control", "no-cache")
		want := []string{
			"Content-Type", "text/x", "X-Object-Meta-Mtime", "1234567890.123456789", "Content-Disposition", "attachment",
			"Content-Encoding", "x-own", "Content-Length", "4", "Etag", hash("body"), "Accept-Ranges", "bytes", "X-Static-Large-Object", "",
		}
		c.do(http.MethodHead, path+"/o", "").is(200, want...).says("")
		c.do(http.MethodGet, path+"/o", "").is(200, want...).says("body")
	})
	c.run("times", func(t *testing.T, c *cloud) {
		c.put(path+"/t", "x")
		h := c.do(http.MethodHead, path+"/t", "").header
		exact := stamp(t, h.Get("X-Timestamp"))
		up := exact.Truncate(time.Second)
		if up.Before(exact) {
			up = up.Add(time.Second)
		}
		equal(t, "Last-Modified, rounded up", h.Get("Last-Modified"), up.Format(http.TimeFormat))
		equal(t, "last_modified in the listing", c.entry(path, "t")["last_modified"], any(exact.Format("2006-01-02T15:04:05.000000")))
	})
	c.run("while overwritten", func(t *testing.T, c *cloud) {
		size := min(12<<20, int(c.info.Swift.MaxFileSize)) // more than the buffers of the connection hold
		c.put(path+"/big", fill("o", size))
		req, err := http.NewRequest(http.MethodGet, c.storage+path+"/big", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", c.token)
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		c.put(path+"/big", fill("n", size))
		got, err := io.ReadAll(resp.Body)
		if err != nil || hash(string(got)) != hash(fill("o", size)) {
			t.Errorf("the GET that was under way ended with %v and %d bytes, not the old ones", err, len(got))
		}
	})
}

// stamp returns the time in X-Timestamp.
func stamp(t *testing.T, v string) time.Time {
	t.Helper()
	sec, frac, _ := strings.Cut(v, ".")
	s, err1 := strconv.ParseInt(sec, 10, 64)
	f, err2 := strconv.ParseInt(frac, 10, 64)
	if err1 != nil || err2 != nil || len(frac) != 5 {
		t.Errorf("X-Timestamp %q", v)
	}
	return time.Unix(s, f*10_000).UTC()
}
