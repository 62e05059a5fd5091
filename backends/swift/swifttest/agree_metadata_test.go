package swifttest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

func agreeMetadata(t *testing.T, c *cloud) {
	path := c.container()
	put := func(header ...string) reply { return c.do(http.MethodPut, path+"/o", "x", header...) }
	put("X-Object-Meta-Long", fill("x", 256)).is(201)
	put("X-Object-Meta-Long", fill("x", 257)).is(400, "Content-Type", "text/plain").says("Metadata value longer than 256: x-object-meta-Long")
	put("X-Object-Meta-"+fill("n", 128), "x").is(201)
	put("X-Object-Meta-"+fill("n", 129), "x").is(400).says("Metadata name too long: x-object-meta-N" + fill("n", 128))
	put("X-Object-Meta-", "x").is(400).says("Metadata name cannot be empty")
	many := func(n, size int) (header []string) {
		for i := range n {
			header = append(header, fmt.Sprintf("X-Object-Meta-%02d", i), fill("x", size))
		}
		return header
	}
	put(many(90, 1)...).is(201)
	put(many(91, 1)...).is(400).says("Too many metadata items; max 90")
	put(many(17, 250)...).is(400).says("Total metadata too large; max 4096")
	put("X-Object-Meta-Utf", "grün 日本").is(201)
	c.do(http.MethodHead, path+"/o", "").is(200, "X-Object-Meta-Utf", "grün 日本", "X-Object-Meta-00", "")
	put("X-Object-Meta-Empty", "").is(201)
	c.do(http.MethodHead, path+"/o", "").is(200, "X-Object-Meta-Empty", "")
	c.do(http.MethodPost, path+"/o", "", "X-Object-Meta-Long", fill("x", 257)).is(400)
	c.do(http.MethodPost, path+"/o", "", "X-Delete-At", "100").is(400).says("X-Delete-At in past")
}

func agreePost(t *testing.T, c *cloud) {
	path := c.container()
	etag := c.put(path+"/o", "body", "Content-Type", "text/x", "X-Object-Meta-One", "1", "X-Object-Meta-Two", "2", "X-Delete-After", "5000",
		"Content-Encoding", "x-own", "Content-Disposition", "inline")
	before := c.do(http.MethodHead, path+"/o", "").header
	c.run("replaces", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/o", "", "X-Object-Meta-Three", "3").is(202).
			says("<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>")
		after := c.do(http.MethodHead, path+"/o", "").is(200, "X-Object-Meta-One", "", "X-Object-Meta-Two", "", "X-Object-Meta-Three", "3",
			"Content-Type", "text/x", "X-Delete-At", "", "Etag", etag, "Content-Length", "4", "Content-Encoding", "", "Content-Disposition", "").header
		if !stamp(t, after.Get("X-Timestamp")).After(stamp(t, before.Get("X-Timestamp"))) {
			t.Error("POST does not raise X-Timestamp")
		}
		equal(t, "last_modified", c.entry(path, "o")["last_modified"], any(stamp(t, after.Get("X-Timestamp")).Format("2006-01-02T15:04:05.000000")))
		c.do(http.MethodGet, path+"/o", "").is(200).says("body")
	})
	c.run("keeps what it names", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/o", "", "Content-Type", "text/y", "Content-Encoding", "x-mine", "X-Delete-After", "4000").is(202)
		h := c.do(http.MethodHead, path+"/o", "").is(200, "Content-Type", "text/y", "Content-Encoding", "x-mine", "X-Object-Meta-Three", "").header
		if h.Get("X-Delete-At") == "" {
			t.Error("X-Delete-After is not kept")
		}
		equal(t, "type in the listing", c.entry(path, "o")["content_type"], any("text/y"))
		c.do(http.MethodPost, path+"/o", "").is(202)
		c.do(http.MethodHead, path+"/o", "").is(200, "Content-Type", "text/y", "Content-Encoding", "")
	})
	c.do(http.MethodPost, path+"/none", "").is(404)
	c.do(http.MethodPost, path+"-none/o", "").is(404)
}

func agreeNames(t *testing.T, c *cloud) {
	path := c.container()
	c.run("good", func(t *testing.T, c *cloud) {
		for _, name := range []string{
			"ünï/日本 x", "a//b", "./x", "../x", "a/../b", "d", "d/", "/lead", "nl\nx", "cr\rx", "tab\tx", `quote"s'`, "per%cent", "hash#", "quest?ion",
			"amp&eq=", "semi;", "plus+", "-dash", "back\\slash", "a b ", " ", "~", "\x01", "\u00a0", "e\u0301", fill("n", 1024), ".", "..", "%2F",
		} {
			where := path + "/" + url.PathEscape(name)
			c.put(where, name)
			c.do(http.MethodGet, where, "").is(200).says(name)
			c.do(http.MethodHead, where, "").is(200)
			equal(t, "listed", c.entry(path, name)["hash"], any(hash(name)))
			c.do(http.MethodPost, where, "", "X-Object-Meta-A", "b").is(202)
			c.do(http.MethodDelete, where, "").is(204)
			if t.Failed() {
				t.Fatalf("with %q", name)
			}
		}
	})
	c.run("two of a name", func(t *testing.T, c *cloud) {
		c.put(path+"/d2", "file")
		c.put(path+"/d2/", "")
		c.put(path+"/d2/x", "inside")
		equal(t, "names", c.names(path, "prefix=d2"), []string{"d2", "d2/", "d2/x"})
		c.do(http.MethodGet, path+"/d2", "").is(200).says("file")
	})
	c.run("bad", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/%ff", "x").is(412).says("Invalid UTF8 or contains NULL")
		c.do(http.MethodPut, path+"/nul%00x", "x").is(412).says("Invalid UTF8 or contains NULL")
		c.do(http.MethodPut, path+"/"+fill("n", 1025), "x").is(400, "Content-Type", "text/plain").says("Object name length of 1025 longer than 1024")
		c.do(http.MethodGet, path+"/"+fill("n", 1025), "").is(404)
		c.do(http.MethodPut, "/"+fill("n", 257), "").is(400).says("Container name length of 257 longer than 256")
		c.do(http.MethodPut, path+"%2Fsub", "").is(201) // an object
		c.do(http.MethodPut, path+"-none%2Fsub", "").is(404)
	})
	c.run("containers", func(t *testing.T, c *cloud) {
		for _, name := range []string{"ü 日本", `q"'?#%&`, ".", "a b"} {
			where := path + url.PathEscape(name)
			c.do(http.MethodPut, where, "").is(201)
			c.put(where+"/o", "x")
			equal(t, "listed", c.names("", "prefix="+url.QueryEscape(path[1:]+name)), []string{path[1:] + name})
			c.do(http.MethodDelete, where+"/o", "").is(204)
			c.do(http.MethodDelete, where, "").is(204)
		}
	})
}
