package swifttest_test

import (
	"net/http"
	"testing"
)

func agreeDLO(t *testing.T, c *cloud) {
	path := c.container()
	c.put(path+"/part/1", "aaaaa")
	c.put(path+"/part/2", "bbbbb")
	c.put(path+"/part/3", "ccccc")
	etag := `"` + hash(hash("aaaaa")+hash("bbbbb")+hash("ccccc")) + `"`
	c.do(http.MethodPut, path+"/dlo", "", "X-Object-Manifest", path[1:]+"/part/", "X-Object-Meta-A", "1").is(201, "Etag", hash(""))
	c.run("get", func(t *testing.T, c *cloud) {
		want := []string{"Etag", etag, "Content-Length", "15", "X-Object-Manifest", path[1:] + "/part/", "X-Object-Meta-A", "1"}
		c.do(http.MethodGet, path+"/dlo", "").is(200, want...).says("aaaaabbbbbccccc")
		c.do(http.MethodHead, path+"/dlo", "").is(200, want...).says("")
		e := c.entry(path, "dlo")
		equal(t, "bytes in the listing", e["bytes"], any(0.0))
		equal(t, "hash in the listing", e["hash"], any(hash("")))
		c.do(http.MethodGet, path+"/dlo?multipart-manifest=get", "").is(200, "Etag", hash(""), "X-Object-Manifest", path[1:]+"/part/").says("")
	})
	c.run("ranges", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"/dlo", "", "Range", "bytes=4-10").is(206, "Content-Range", "bytes 4-10/15", "Etag", etag).says("abbbbbc")
		c.do(http.MethodGet, path+"/dlo", "", "Range", "bytes=-1").is(206).says("c")
		c.do(http.MethodGet, path+"/dlo", "", "Range", "bytes=15-").is(416, "Content-Range", "bytes */15")
		c.do(http.MethodGet, path+"/dlo", "", "Range", "bytes=0-1,3-4").is(200).says("aaaaabbbbbccccc")
		c.do(http.MethodGet, path+"/dlo", "", "If-Match", etag).is(200)
		c.do(http.MethodGet, path+"/dlo", "", "If-Match", "abc").is(412)
	})
	c.run("copy", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/dlo", "", "Destination", path+"/plain").is(201)
		c.do(http.MethodGet, path+"/plain", "").is(200, "X-Object-Manifest", "", "Etag", hash("aaaaabbbbbccccc"), "X-Object-Meta-A", "1").says("aaaaabbbbbccccc")
		c.do("COPY", path+"/dlo?multipart-manifest=get", "", "Destination", path+"/again").is(201)
		c.do(http.MethodGet, path+"/again", "").is(200, "X-Object-Manifest", path[1:]+"/part/", "Etag", etag).says("aaaaabbbbbccccc")
	})
	c.run("grows", func(t *testing.T, c *cloud) {
		c.put(path+"/part/4", "d")
		c.do(http.MethodGet, path+"/dlo", "").is(200, "Content-Length", "16").says("aaaaabbbbbcccccd")
		c.do(http.MethodDelete, path+"/part/4", "").is(204)
	})
	c.run("post", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/again", "", "X-Object-Manifest", path[1:]+"/part/", "X-Object-Meta-B", "2").is(202)
		c.do(http.MethodHead, path+"/again", "").is(200, "Content-Length", "15", "X-Object-Meta-B", "2")
		c.do(http.MethodPost, path+"/again", "").is(202)
		c.do(http.MethodHead, path+"/again", "").is(200, "Content-Length", "0", "X-Object-Manifest", "")
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		c.do(http.MethodDelete, path+"/dlo", "").is(204)
		equal(t, "segments", c.names(path, "prefix=part/"), []string{"part/1", "part/2", "part/3"})
	})
	c.run("odd", func(t *testing.T, c *cloud) {
		for _, v := range []string{"none", path[1:] + "/", path[1:] + "/a?b", "/x"} {
			c.do(http.MethodPut, path+"/odd", "", "X-Object-Manifest", v).is(400).says("X-Object-Manifest must be in the format container/prefix")
		}
		c.do(http.MethodPut, path+"/odd", "", "X-Object-Manifest", path[1:]+"/nothing").is(201)
		c.do(http.MethodGet, path+"/odd", "").is(200, "Content-Length", "0", "Etag", `"`+hash("")+`"`)
		c.do(http.MethodPut, path+"/odd", "", "X-Object-Manifest", path[1:]+"-none/nothing").is(201)
		c.do(http.MethodGet, path+"/odd", "").is(404)
		c.put(path+"/sp ace", "x")
		c.do(http.MethodPut, path+"/odd", "", "X-Object-Manifest", path[1:]+"/sp%20").is(201)
		c.do(http.MethodGet, path+"/odd", "").is(200, "X-Object-Manifest", path[1:]+"/sp%20").says("x")
	})
}
