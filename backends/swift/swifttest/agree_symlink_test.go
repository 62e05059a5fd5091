package swifttest_test

import (
	"net/http"
	"testing"
)

func agreeSymlinks(t *testing.T, c *cloud) {
	path := c.container()
	etag := c.put(path+"/target", "hello", "Content-Type", "text/x", "X-Object-Meta-A", "1")
	c.do(http.MethodPut, path+"/link", "", "X-Symlink-Target", path[1:]+"/target", "Content-Type", "application/symlink", "X-Object-Meta-B", "2").is(201)
	c.run("follow", func(t *testing.T, c *cloud) {
		want := []string{
			"Content-Length", "5", "Etag", etag, "Content-Type", "text/x", "X-Object-Meta-A", "1", "X-Object-Meta-B", "",
			"Content-Location", "/v1/AUTH_test" + path + "/target", "X-Symlink-Target", "",
		}
		c.do(http.MethodGet, path+"/link", "").is(200, want...).says("hello")
		c.do(http.MethodHead, path+"/link", "").is(200, want...)
		c.do(http.MethodGet, path+"/link", "", "Range", "bytes=1-2").is(206).says("el")
	})
	c.run("itself", func(t *testing.T, c *cloud) {
		c.do(http.MethodHead, path+"/link?symlink=get", "").is(200, "Content-Length", "0", "X-Symlink-Target", path[1:]+"/target",
			"Content-Type", "application/symlink", "X-Object-Meta-B", "2", "Etag", hash(""))
		e := c.entry(path, "link")
		equal(t, "symlink_path", e["symlink_path"], any("/v1/"+c.name+path+"/target"))
		equal(t, "bytes", e["bytes"], any(0.0))
	})
	c.run("post", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/link", "", "X-Object-Meta-C", "3").is(307, "Location", "/v1/"+c.name+path+"/target")
	})
	c.run("chain", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/link2", "", "X-Symlink-Target", path[1:]+"/link").is(201)
		c.do(http.MethodGet, path+"/link2", "").is(200).says("hello")
		c.do(http.MethodPut, path+"/link3", "", "X-Symlink-Target", path[1:]+"/link2").is(201)
		c.do(http.MethodGet, path+"/link3", "").is(409)
	})
	c.run("copy", func(t *testing.T, c *cloud) {
		c.do("COPY", path+"/link", "", "Destination", path+"/followed").is(201)
		c.do(http.MethodHead, path+"/followed?symlink=get", "").is(200, "Content-Length", "5", "X-Symlink-Target", "")
		c.do("COPY", path+"/link?symlink=get", "", "Destination", path+"/again").is(201)
		c.do(http.MethodHead, path+"/again?symlink=get", "").is(200, "Content-Length", "0", "X-Symlink-Target", path[1:]+"/target")
	})
	c.run("odd", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/odd", "x", "X-Symlink-Target", path[1:]+"/target").is(400).says("Symlink requests require a zero byte body")
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", path[1:]+"/odd").is(400).says("Symlink cannot target itself")
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", "nothing").is(412)
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", path[1:]+"/gone").is(201)
		c.do(http.MethodGet, path+"/odd", "").is(404)
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		c.do(http.MethodDelete, path+"/link", "").is(204)
		c.do(http.MethodHead, path+"/target", "").is(200)
	})
}
