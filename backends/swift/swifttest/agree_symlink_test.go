package swifttest_test

import (
	"net/http"
	"strings"
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
		before := c.do(http.MethodHead, path+"/link?symlink=get", "").header.Get("X-Timestamp")
		c.do(http.MethodPost, path+"/link", "", "X-Object-Meta-C", "3").is(307, "Location", "/v1/"+c.name+path+"/target").
			says("The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.")
		after := c.do(http.MethodHead, path+"/link?symlink=get", "").is(200, "X-Object-Meta-C", "3", "X-Object-Meta-B", "").header.Get("X-Timestamp")
		if after <= before {
			t.Errorf("a POST to a link leaves its time at %s", after)
		}
		c.do(http.MethodHead, path+"/target", "").is(200, "X-Object-Meta-C", "")
		c.do(http.MethodPost, path+"/target", "", "X-Symlink-Target", path[1:]+"/link").is(400).says("A PUT request is required to set a symlink target")
	})
	c.run("chain", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/link2", "", "X-Symlink-Target", path[1:]+"/link").is(201)
		c.do(http.MethodGet, path+"/link2", "").is(200).says("hello")
		c.do(http.MethodPut, path+"/link3", "", "X-Symlink-Target", path[1:]+"/link2").is(201)
		c.do(http.MethodGet, path+"/link3", "").is(409, "Content-Location", "").says("Too many levels of symbolic links, maximum allowed is 2")
		c.do(http.MethodHead, path+"/link3", "").is(409, "Content-Location", "")
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
		c.do(http.MethodGet, path+"/odd", "").is(404, "Content-Location", "/v1/"+c.name+path+"/gone")
		c.do(http.MethodHead, path+"/odd?symlink=get", "").is(200, "Content-Type", "application/symlink")
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", "/"+path[1:]+"/target").is(412)
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", path[1:]+"/target", "X-Symlink-Target-Account", "a/b").is(412).says("Account name cannot contain slashes")
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", path[1:]+"/target", "If-None-Match", "*").is(412)
		c.do(http.MethodPut, path+"-none/odd", "", "X-Symlink-Target", path[1:]+"/target").is(404)
		c.do(http.MethodPut, path+"/odd", "", "X-Symlink-Target", path[1:]+"/a%20b%2Fc%3F%25").is(201)
		c.do(http.MethodHead, path+"/odd?symlink=get", "").is(200, "X-Symlink-Target", path[1:]+"/a%20b/c%3F%25")
		equal(t, "symlink_path", c.entry(path, "odd")["symlink_path"], any("/v1/"+c.name+path+"/a%20b/c%3F%25"))
	})
	c.run("circle", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, path+"/a", "", "X-Symlink-Target", path[1:]+"/b").is(201)
		c.do(http.MethodPut, path+"/b", "", "X-Symlink-Target", path[1:]+"/a").is(201)
		c.do(http.MethodGet, path+"/a", "").is(409)
		c.do(http.MethodHead, path+"/b", "").is(409)
		c.do("COPY", path+"/a", "", "Destination", path+"/copy").is(409)
	})
	c.run("static", func(t *testing.T, c *cloud) {
		etag := c.put(path+"/once", "hello", "Content-Type", "text/x")
		static := func(name, target, etag string) reply {
			return c.do(http.MethodPut, path+name, "", "X-Symlink-Target", path[1:]+target, "X-Symlink-Target-Etag", etag)
		}
		static("/static", "/once", `"`+etag+`"`).is(201, "Etag", hash(""))
		c.do(http.MethodHead, path+"/static?symlink=get", "").is(200, "Content-Length", "0", "Content-Type", "text/x", "X-Symlink-Target", path[1:]+"/once",
			"X-Symlink-Target-Etag", etag, "X-Symlink-Target-Bytes", "5")
		c.do(http.MethodGet, path+"/static", "").is(200, "Content-Location", "/v1/"+c.name+path+"/once").says("hello")
		e := c.entry(path, "static")
		equal(t, "bytes", e["bytes"], any(0.0))
		equal(t, "symlink_bytes", e["symlink_bytes"], any(5.0))
		equal(t, "symlink_etag", e["symlink_etag"], any(etag))
		equal(t, "symlink_path", e["symlink_path"], any("/v1/"+c.name+path+"/once"))
		c.do("COPY", path+"/static?symlink=get", "", "Destination", path+"/again").is(201)
		c.do(http.MethodHead, path+"/again?symlink=get", "").is(200, "X-Symlink-Target-Etag", etag)
		static("/other", "/gone", etag).is(409, "Content-Location", "/v1/"+c.name+path+"/gone").says("X-Symlink-Target does not exist")
		static("/other", "/once", "a;b").is(400).says("Bad X-Symlink-Target-Etag format")
		static("/other", "/once", hash("other")).is(409).
			says("Object Etag '" + etag + "' does not match X-Symlink-Target-Etag header '" + hash("other") + "'")
		c.do(http.MethodPost, path+"/static", "").is(307, "X-Symlink-Target-Etag", etag)
		c.put(path+"/once", "changed")
		c.do(http.MethodHead, path+"/static", "").is(409, "Content-Location", "/v1/"+c.name+path+"/once")
		c.do(http.MethodGet, path+"/static", "").is(409, "Content-Location", "/v1/"+c.name+path+"/once").
			says("Object Etag '" + hash("changed") + "' does not match X-Symlink-Target-Etag header '" + etag + "'")
		c.do("COPY", path+"/static?symlink=get", "", "Destination", path+"/again").is(409)
		c.do(http.MethodDelete, path+"/static", "").is(204)
	})
	c.run("static large", func(t *testing.T, c *cloud) {
		c.put(path+"/segment", "segment")
		c.do(http.MethodPut, path+"/slo?multipart-manifest=put", `[{"path": "`+path+`/segment"}]`).is(201)
		c.do(http.MethodPut, path+"/toslo", "", "X-Symlink-Target", path[1:]+"/slo").is(201)
		c.do(http.MethodGet, path+"/toslo", "").is(200, "X-Static-Large-Object", "True").says("segment")
		manifest := c.entry(path, "slo")["hash"].(string)
		c.do(http.MethodPut, path+"/static", "", "X-Symlink-Target", path[1:]+"/slo", "X-Symlink-Target-Etag", manifest).is(201)
		c.do(http.MethodGet, path+"/static", "").is(200).says("segment")
		c.do(http.MethodHead, path+"/static?symlink=get", "").is(200, "X-Static-Large-Object", "", "X-Symlink-Target-Bytes", "7")
		e := c.entry(path, "static")
		equal(t, "slo_etag", e["slo_etag"], any(`"`+hash(hash("segment"))+`"`))
		equal(t, "symlink_bytes", e["symlink_bytes"], any(7.0))
	})
	c.run("account", func(t *testing.T, c *cloud) {
		other := dial(t, c.login.other())
		there := other.container("X-Container-Read", "test:tester")
		other.put(there+"/theirs", "theirs")
		closed := other.container()
		other.put(closed+"/theirs", "theirs")
		to := func(name, target string) {
			c.do(http.MethodPut, path+name, "", "X-Symlink-Target", target, "X-Symlink-Target-Account", other.name).is(201)
		}
		to("/across", there[1:]+"/theirs")
		c.do(http.MethodGet, path+"/across", "").is(200, "Content-Location", "/v1/"+other.name+there+"/theirs").says("theirs")
		c.do(http.MethodHead, path+"/across?symlink=get", "").is(200, "X-Symlink-Target", there[1:]+"/theirs", "X-Symlink-Target-Account", other.name)
		equal(t, "symlink_path", c.entry(path, "across")["symlink_path"], any("/v1/"+other.name+there+"/theirs"))
		c.do("COPY", path+"/across?symlink=get", "", "Destination", path+"/again").is(201)
		c.do(http.MethodGet, path+"/again", "").is(200).says("theirs")
		c.do(http.MethodPost, path+"/across", "").is(307, "Location", "/v1/"+other.name+there+"/theirs")
		to("/closed", closed[1:]+"/theirs")
		c.do(http.MethodHead, path+"/closed", "").is(403, "Content-Location", "/v1/"+other.name+closed+"/theirs")
		to("/none", there[1:]+"/none")
		c.do(http.MethodHead, path+"/none", "").is(404, "Content-Location", "/v1/"+other.name+there+"/none")
	})
	c.run("to what has versions", func(t *testing.T, c *cloud) {
		there := c.withVersions()
		c.put(there+"/file", "version")
		c.do(http.MethodPut, path+"/versioned", "", "X-Symlink-Target", there[1:]+"/file").is(201)
		r := c.do(http.MethodGet, path+"/versioned", "").is(200, versionID, "").says("version")
		if location := r.header.Get("Content-Location"); !strings.HasPrefix(location, "/v1/"+c.name+"/%00versions%00"+there[1:]+"/%00file%00") {
			t.Errorf("the location is %q", location)
		}
	})
	c.run("delete", func(t *testing.T, c *cloud) {
		c.do(http.MethodDelete, path+"/link", "").is(204)
		c.do(http.MethodHead, path+"/target", "").is(200)
	})
}
