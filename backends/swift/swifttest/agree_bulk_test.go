package swifttest_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

func agreeBulk(t *testing.T, c *cloud) {
	bulk := func(t *testing.T, c *cloud, body string, header ...string) map[string]any {
		r := c.do(http.MethodPost, "?bulk-delete", body, append(header, "Accept", "application/json")...).is(200, "Content-Type", "application/json")
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	result := func(status, text string, deleted, missing float64, errors ...any) map[string]any {
		if errors == nil {
			errors = []any{}
		}
		return map[string]any{"Response Status": status, "Response Body": text, "Number Deleted": deleted, "Number Not Found": missing, "Errors": errors}
	}
	c.run("delete", func(t *testing.T, c *cloud) {
		path := c.container()
		c.put(path+"/a%20b", "x")
		c.put(path+"/c%25d", "x")
		got := bulk(t, c, path+"/a%20b\n"+path[1:]+"/c%25d\n"+path+"/none\n\n"+path+"-none/x", "Content-Type", "text/plain")
		equal(t, "result", got, result("200 OK", "", 2, 2))
		equal(t, "what is left", c.names(path, ""), []string{})
		c.put(path+"/x", "x")
		equal(t, "container", bulk(t, c, path+"\n"+path+"/x"), result("200 OK", "", 2, 0))
		c.do(http.MethodHead, path, "").is(404)
	})
	c.run("errors", func(t *testing.T, c *cloud) {
		path := c.container()
		c.put(path+"/x", "x")
		equal(t, "full container", bulk(t, c, path), result("400 Bad Request", "", 0, 0, []any{path, "409 Conflict"}))
		equal(t, "nothing", bulk(t, c, "\n"), result("400 Bad Request", "Invalid bulk delete.", 0, 0))
		got := bulk(t, c, path+"/x", "Content-Type", "text/html")
		equal(t, "type", got["Response Status"], any("406 Not Acceptable"))
		c.do(http.MethodHead, path+"/x", "").is(200)
	})
	c.run("text", func(t *testing.T, c *cloud) {
		path := c.container()
		c.put(path+"/x", "x")
		c.do(http.MethodPost, "?bulk-delete", path+"/x\n"+path+"/y", "Content-Type", "text/plain").is(200, "Content-Type", "text/plain").
			says("Number Deleted: 1\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n")
	})
}

func agreeSymlinks(t *testing.T, c *cloud) {
	path := c.container()
	etag := c.put(path+"/target", "hello", "Content-Type", "text/x", "X-Object-Meta-A", "1")
	c.do(http.MethodPut, path+"/link", "", "X-Symlink-Target", path[1:]+"/target", "Content-Type", "application/symlink", "X-Object-Meta-B", "2").is(201)
	c.run("follow", func(t *testing.T, c *cloud) {
		want := []string{"Content-Length", "5", "Etag", etag, "Content-Type", "text/x", "X-Object-Meta-A", "1", "X-Object-Meta-B", "",
			"Content-Location", "/v1/AUTH_test" + path + "/target", "X-Symlink-Target", ""}
		c.do(http.MethodGet, path+"/link", "").is(200, want...).says("hello")
		c.do(http.MethodHead, path+"/link", "").is(200, want...)
		c.do(http.MethodGet, path+"/link", "", "Range", "bytes=1-2").is(206).says("el")
	})
	c.run("itself", func(t *testing.T, c *cloud) {
		c.do(http.MethodHead, path+"/link?symlink=get", "").is(200, "Content-Length", "0", "X-Symlink-Target", path[1:]+"/target",
			"Content-Type", "application/symlink", "X-Object-Meta-B", "2", "Etag", hash(""))
		e := c.entry(path, "link")
		equal(t, "symlink_path", e["symlink_path"], any("/v1/AUTH_test"+path+"/target"))
		equal(t, "bytes", e["bytes"], any(0.0))
	})
	c.run("post", func(t *testing.T, c *cloud) {
		c.do(http.MethodPost, path+"/link", "", "X-Object-Meta-C", "3").is(307, "Location", "/v1/AUTH_test"+path+"/target")
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

func agreeQuota(t *testing.T, c *cloud) {
	// Swift knows the size of a container from its cache, so only what is over by itself is the same everywhere.
	path := c.container("X-Container-Meta-Quota-Bytes", "10")
	c.do(http.MethodPut, path+"/o", "12345678901").is(413, "Content-Type", "text/html; charset=UTF-8").says("Upload exceeds quota.")
	c.do(http.MethodHead, path+"/o", "").is(404)
	c.put(path+"/o", "1234567890")
	none := c.container("X-Container-Meta-Quota-Count", "0")
	c.do(http.MethodPut, none+"/o", "").is(413).says("Upload exceeds quota.")
}
