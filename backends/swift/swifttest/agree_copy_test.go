package swifttest_test

import (
	"net/http"
	"testing"
)

func agreeCopy(t *testing.T, c *cloud) {
	path, other := c.container(), c.container()
	etag := c.put(path+"/src", "source", "Content-Type", "text/x", "X-Object-Meta-One", "1", "X-Object-Meta-Two", "2", "Content-Encoding", "x-own")
	c.run("COPY", func(t *testing.T, c *cloud) {
		from := c.do(http.MethodHead, path+"/src", "").header
		r := c.do("COPY", path+"/src", "", "Destination", other+"/d/dst")
		r.is(201, "Etag", etag, "X-Copied-From", path[1:]+"/src", "X-Copied-From-Account", c.name,
			"X-Copied-From-Last-Modified", from.Get("Last-Modified"), "X-Object-Meta-One", "1").says("")
		c.do(http.MethodGet, other+"/d/dst", "").is(200, "Etag", etag, "Content-Type", "text/x", "X-Object-Meta-One", "1", "X-Object-Meta-Two", "2",
			"Content-Encoding", "x-own", "Content-Length", "6").says("source")
	})
	c.run("PUT", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/put", "", "X-Copy-From", path+"/src").is(201, "Etag", etag, "X-Copied-From", path[1:]+"/src")
		c.do(http.MethodPut, path+"/put2", "", "X-Copy-From", path[1:]+"/src").is(201)
		c.do(http.MethodGet, path+"/put2", "").is(200).says("source")
		c.do(http.MethodPut, path+"/put3", "body", "X-Copy-From", path+"/src").is(400).says("Copy requests require a zero byte body")
	})
	c.run("metadata", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/merged", "X-Object-Meta-Two", "zwei", "X-Object-Meta-Three", "3").is(201)
		c.do(http.MethodHead, path+"/merged", "").is(200, "X-Object-Meta-One", "1", "X-Object-Meta-Two", "zwei", "X-Object-Meta-Three", "3",
			"Content-Type", "text/x")
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/fresh", "X-Fresh-Metadata", "true", "X-Object-Meta-Three", "3").is(201)
		c.do(http.MethodHead, path+"/fresh", "").is(200, "X-Object-Meta-One", "", "X-Object-Meta-Three", "3", "Content-Type", "text/x",
			"Content-Encoding", "")
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/typed", "Content-Type", "text/other").is(201)
		c.do(http.MethodHead, path+"/typed", "").is(200, "Content-Type", "text/other", "X-Object-Meta-One", "1")
	})
	c.run("onto itself", func(t *testing.T, c *cloud) {
		c.put(path+"/self", "self", "X-Object-Meta-A", "1")
		c.do("COPY", path+"/self", "", "Destination", path[1:]+"/self", "X-Object-Meta-B", "2").is(201)
		c.do(http.MethodGet, path+"/self", "").is(200, "X-Object-Meta-A", "1", "X-Object-Meta-B", "2").says("self")
	})
	c.run("names", func(t *testing.T, c *cloud) {
		c.put(path+"/w%20e%C3%BC%25rd%3F", "weird")
		c.do("COPY", path+"/w%20e%C3%BC%25rd%3F", "", "Destination", path[1:]+"/n%20%C3%BC%25x").is(201, "X-Copied-From", path[1:]+"/w%20e%C3%BC%25rd%3F")
		c.do(http.MethodGet, path+"/n%20%C3%BC%25x", "").is(200).says("weird")
		c.do("COPY", path+"/n%20%C3%BC%25x", "", "Destination", path[1:]+"/"+fill("n", 1025)).is(400)
	})
	c.run("range", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/part", "Range", "bytes=1-3").is(201, "Etag", hash("our"))
		c.do(http.MethodGet, path+"/part", "").is(200).says("our")
	})
	c.run("conditions", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/cond", "If-Match", etag).is(201)
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"/cond2", "If-Match", "abc").is(412)
		c.do(http.MethodHead, path+"/cond2", "").is(404)
	})
	c.run("errors", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/src", "").is(412).says("Destination header required")
		c.do("COPY", path+"/src", "", "Destination", "nothing").is(412).
			says("Destination header must be of the form <container name>/<object name>")
		c.do(http.MethodPut, path+"/x", "", "X-Copy-From", "nothing").is(412).
			says("X-Copy-From header must be of the form <container name>/<object name>")
		c.do("COPY", path+"/none", "", "Destination", path[1:]+"/x").is(404)
		c.do("COPY", path+"/src", "", "Destination", path[1:]+"-none/x").is(404)
		c.do(http.MethodPut, path+"/x", "", "X-Copy-From", path+"-none/x").is(404)
	})
}
