package swifttest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	versionID   = "X-Object-Version-Id"
	deletedType = "application/x-deleted;swift_versions_deleted=1"
)

// withVersions creates a container that keeps versions. It is deleted after the test, with all
// versions.
func (c *cloud) withVersions() string {
	c.t.Helper()
	path := c.container("X-Versions-Enabled", "true")
	c.t.Cleanup(func() {
		for page := c.list(path, "versions"); len(page) > 0; page = c.list(path, "versions") {
			for _, e := range page {
				c.do(http.MethodDelete, fmt.Sprintf("%s/%s?version-id=%s", path, url.PathEscape(fmt.Sprint(e["name"])), e["version_id"]), "")
			}
		}
	})
	return path
}

// version puts an object and returns the ID of its version.
func (c *cloud) version(path, body string, header ...string) string {
	c.t.Helper()
	r := c.do(http.MethodPut, path, body, header...).is(201, "Etag", hash(body))
	return r.header.Get(versionID)
}

// lines returns the lines of a listing of versions in the form "name id", with a mark for the
// latest version and for a deletion. ids has the names of the IDs.
func (c *cloud) lines(path, query string, ids map[string]string) []string {
	c.t.Helper()
	out := []string{}
	for _, e := range c.list(path, "versions&"+query) {
		if dir, ok := e["subdir"]; ok {
			out = append(out, fmt.Sprint("subdir ", dir))
			continue
		}
		id := fmt.Sprint(e["version_id"])
		if known, ok := ids[id]; ok {
			id = known
		}
		line := fmt.Sprint(e["name"], " ", id)
		if e["is_latest"] == true {
			line += " latest"
		}
		if e["content_type"] == deletedType {
			line = strings.Replace(line, id, "deleted", 1)
		}
		out = append(out, line)
	}
	return out
}

func agreeVersions(t *testing.T, c *cloud) {
	path := c.withVersions()
	c.do(http.MethodHead, path, "").is(204, "X-Versions-Enabled", "True")
	one, two := c.version(path+"/d/f", "one", "X-Object-Meta-A", "1"), c.version(path+"/d/f", "two", "Content-Type", "text/x")
	ids := map[string]string{one: "one", two: "two", c.version(path+"/d/e/x", "x"): "x", c.version(path+"/d/e/y", "y"): "y", c.version(path+"/top", "top"): "top"}
	location := func(id string) string { return "/v1/" + c.name + path + "/d/f?version-id=" + id }
	c.run("current", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"/d/f", "").is(200, versionID, two, "Content-Location", location(two), "Content-Type", "text/x", "X-Object-Meta-A", "",
			"X-Timestamp", two).says("two")
		c.do(http.MethodHead, path+"/none", "").is(404, versionID, "null")
		e := c.entry(path, "d/f")
		equal(t, "bytes", e["bytes"], any(3.0))
		equal(t, "hash", e["hash"], any(hash("two")))
		equal(t, "symlink_path", e["symlink_path"], any(location(two)))
		equal(t, "version_symlink", e["version_symlink"], any(true))
	})
	c.run("one version", func(t *testing.T, c *cloud) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			c.do(method, path+"/d/f?version-id="+one, "").is(200, versionID, one, "Content-Location", "", "Etag", hash("one"), "X-Object-Meta-A", "1",
				"X-Timestamp", one, "Content-Length", "3")
		}
		c.do(http.MethodGet, path+"/d/f?version-id="+one, "", "Range", "bytes=1-1", "If-Match", hash("one")).is(206).says("n")
		c.do(http.MethodGet, path+"/d/f?version-id="+one, "", "If-Match", hash("two")).is(412)
		c.do(http.MethodGet, path+"/d/f?version-id=123.00000", "").is(404)
		c.do(http.MethodGet, path+"/d/f?version-id=abc", "").is(400).says("Invalid version parameter")
		c.do(http.MethodGet, path+"/d/f?version-id=null", "").is(404)
		c.do(http.MethodPost, path+"/d/f?version-id="+one, "").is(400).says("POST to a specific version is not allowed")
		c.do(http.MethodPut, path+"/d/f?version-id="+one, "x").is(400).says("PUT version-id requests require a zero byte body")
		c.do(http.MethodPut, path+"/d/f?version-id=123.00000", "").is(404).says("The specified version does not exist")
	})
	c.run("listing", func(t *testing.T, c *cloud) {
		lines := func(query string, want ...string) {
			t.Helper()
			equal(t, query, c.lines(path, query, ids), want)
		}
		lines("prefix=d/&delimiter=/", "subdir d/e/", "d/f two latest", "d/f one")
		lines("delimiter=/", "subdir d/", "top top latest")
		lines("limit=2", "d/e/x x latest", "d/e/y y latest")
		lines("prefix=d/f&limit=1", "d/f two latest")
		lines("marker=d/f&version_marker="+two+"&limit=1", "d/f one")
		lines("marker=d/f&version_marker=9999999999.99999&limit=2&prefix=d/", "d/f two", "d/f one")
		lines("marker=d/f&limit=2", "top top latest")
		lines("prefix=d/&delimiter=/&marker=d/e/&limit=2", "subdir d/e/", "d/f two latest") // once more
		lines("prefix=d/&delimiter=/&marker="+url.QueryEscape("d/e/\U0010ffff")+"&limit=2", "d/f two latest", "d/f one")
		e := c.list(path, "versions&prefix=d/f")[1]
		equal(t, "bytes", e["bytes"], any(3.0))
		equal(t, "hash", e["hash"], any(hash("one")))
		c.do(http.MethodGet, path+"?versions&version_marker="+two, "").is(400)
		c.do(http.MethodGet, path+"?versions&delimiter=0", "").is(400).says("invalid delimiter param")
		c.do(http.MethodGet, path+"?versions", "", "Accept", "text/plain").is(406)
		c.do(http.MethodGet, path+"?versions", "").is(200, "Content-Type", "application/json; charset=utf-8", "X-Versions-Enabled", "True")
		c.do(http.MethodGet, path+"-none?versions", "").is(404)
	})
	c.run("delete and restore", func(t *testing.T, c *cloud) {
		marker := c.do(http.MethodDelete, path+"/d/f", "").is(204).header.Get(versionID)
		c.do(http.MethodHead, path+"/d/f", "").is(404, versionID, "null")
		equal(t, "deleted", c.lines(path, "prefix=d/f", ids), []string{"d/f deleted latest", "d/f two", "d/f one"})
		c.do(http.MethodGet, path+"/d/f?version-id="+marker, "").is(404, "Content-Type", deletedType, versionID, marker)
		c.do(http.MethodPut, path+"/d/f?version-id="+one, "").is(201, versionID, one, "Etag", hash("one"))
		c.do(http.MethodGet, path+"/d/f", "").is(200, versionID, one, "X-Object-Meta-A", "1", "X-Timestamp", one).says("one")
		equal(t, "restored", c.lines(path, "prefix=d/f", ids), []string{"d/f deleted latest", "d/f two", "d/f one latest"})
		if gone := c.do(http.MethodDelete, path+"/none", "").is(404).header.Get(versionID); gone == "" || gone == "null" {
			t.Errorf("what is not there is deleted as version %q", gone)
		}
		c.do(http.MethodDelete, path+"/d/f?version-id="+two, "").is(204, versionID, two, "X-Object-Current-Version-Id", one)
		c.do(http.MethodGet, path+"/d/f", "").is(200).says("one")
		c.do(http.MethodDelete, path+"/d/f?version-id="+one, "").is(204, versionID, one, "X-Object-Current-Version-Id", "null")
		c.do(http.MethodGet, path+"/d/f", "").is(404)
	})
	c.run("copy", func(t *testing.T, c *cloud) {
		was := c.version(path+"/src", "was", "X-Object-Meta-A", "1")
		c.version(path+"/src", "is")
		c.do("COPY", path+"/src?version-id="+was, "", "Destination", path+"/dst").is(201, "X-Object-Meta-A", "1")
		c.do(http.MethodGet, path+"/dst", "").is(200).says("was")
		c.do("COPY", path+"/src?multipart-manifest=get", "", "Destination", path+"/dst").is(201)
		c.do(http.MethodGet, path+"/dst", "").is(200).says("is")
		c.do("COPY", path+"/src?multipart-manifest=get&symlink=get", "", "Destination", path+"/dst").is(409).says("X-Symlink-Target does not exist")
	})
	c.run("post", func(t *testing.T, c *cloud) {
		id := c.version(path+"/post", "post")
		c.do(http.MethodPost, path+"/post", "", "X-Object-Meta-A", "1").is(202)
		c.do(http.MethodHead, path+"/post", "").is(200, versionID, id, "X-Object-Meta-A", "1")
		c.do(http.MethodHead, path+"/post?version-id="+id, "").is(200, versionID, id, "X-Object-Meta-A", "1")
		if n := len(c.list(path, "versions&prefix=post")); n != 1 {
			t.Errorf("a POST makes %d versions", n)
		}
	})
	c.run("delete the container", func(t *testing.T, c *cloud) {
		own := c.withVersions()
		c.version(own+"/f", "f")
		c.do(http.MethodDelete, own+"/f", "").is(204)
		c.do(http.MethodDelete, own, "").is(409).says("Delete all versions before deleting container.")
	})
}

// agreeNullVersions uses objects that were put before versions were enabled, and after they were
// disabled.
func agreeNullVersions(t *testing.T, c *cloud) {
	path := c.container()
	c.put(path+"/f", "before")
	c.do(http.MethodGet, path+"/f?version-id=1.0", "").is(400).says("version-aware operations require that the container is versioned")
	c.do(http.MethodPost, path, "", "X-Versions-Enabled", "true").is(204)
	before := c.do(http.MethodHead, path+"/f", "").is(200, versionID, "null", "Content-Location", "").header.Get("X-Timestamp")
	equal(t, "before", c.lines(path, "", nil), []string{"f null latest"})
	c.do(http.MethodGet, path+"/f?version-id=null", "").is(200, versionID, "null").says("before")
	after := c.version(path+"/f", "after")
	ids := map[string]string{before: "before", after: "after"}
	equal(t, "after", c.lines(path, "", ids), []string{"f after latest", "f before"})
	c.do(http.MethodGet, path+"/f?version-id="+before, "").is(200).says("before")
	c.do(http.MethodPost, path, "", "X-Versions-Enabled", "false").is(204)
	c.do(http.MethodHead, path, "").is(204, "X-Versions-Enabled", "False")
	c.put(path+"/f", "disabled")
	c.do(http.MethodHead, path+"/f", "").is(200, versionID, "null")
	equal(t, "disabled", c.lines(path, "", ids), []string{"f null latest", "f after", "f before"})
	equal(t, "behind null", c.lines(path, "marker=f&version_marker=null", ids), []string{}) // and not the others
	equal(t, "behind all times", c.lines(path, "marker=f&version_marker=9999999999.99999", ids), []string{"f after", "f before"})
	c.put(path+"/f", "disabled again")
	equal(t, "disabled again", c.lines(path, "", ids), []string{"f null latest", "f after", "f before"})
	for _, id := range []string{before, after} {
		c.do(http.MethodDelete, path+"/f?version-id="+id, "").is(204, "X-Object-Current-Version-Id", "null")
	}
	c.do(http.MethodGet, path+"/f", "").is(200).says("disabled again")
	c.do(http.MethodDelete, path+"/f?version-id=null", "").is(204)
	c.do(http.MethodGet, path+"/f", "").is(404)
}

// agreeVersionsOfLarge replaces a static large object. The old version must still exist, with its
// segments.
func agreeVersionsOfLarge(t *testing.T, c *cloud) {
	path, segments := c.withVersions(), c.container()
	put := func(seg string) string {
		t.Helper()
		c.put(segments+"/"+seg, seg)
		manifest := fmt.Sprintf(`[{"path":"%s/%s","etag":"%s","size_bytes":%d}]`, segments, seg, hash(seg), len(seg))
		return c.do(http.MethodPut, path+"/slo?multipart-manifest=put", manifest).is(201).header.Get(versionID)
	}
	one := put("one")
	put("three")
	etag := `"` + hash(hash("one")) + `"`
	c.do(http.MethodGet, path+"/slo?version-id="+one, "").is(200, "X-Static-Large-Object", "True", "Etag", etag).says("one")
	c.do(http.MethodHead, path+"/slo", "").is(200, "X-Static-Large-Object", "True", "Content-Length", "5")
	e := c.list(path, "versions")[1]
	equal(t, "bytes", e["bytes"], any(3.0))
	equal(t, "slo_etag", e["slo_etag"], any(etag))
	c.do("COPY", path+"/slo?version-id="+one+"&multipart-manifest=get", "", "Destination", path+"/slo").is(201, "Etag", etag)
	c.do(http.MethodGet, path+"/slo", "").is(200, "X-Static-Large-Object", "True").says("one")
	equal(t, "bytes", c.entry(path, "slo")["bytes"], any(3.0))
	c.do(http.MethodGet, path+"/slo?version-id="+one+"&multipart-manifest=get", "").is(200, "Content-Type", "application/json; charset=utf-8", versionID, one)
}

func agreeArchives(t *testing.T, c *cloud) {
	c.do(http.MethodPut, "/agree-both", "", "X-Versions-Location", "a", "X-History-Location", "b").is(400).
		says("Only one of x-versions-location or x-history-location may be specified")
	for _, header := range []string{"X-Versions-Location", "X-History-Location"} {
		c.run(header, func(t *testing.T, c *cloud) {
			archive := c.container()
			path := c.container(header, archive[1:])
			t.Cleanup(func() { c.do(http.MethodPost, path, "", "X-Remove-"+header[2:], "x").is(204) })
			c.do(http.MethodHead, path, "").is(204, header, archive[1:])
			c.put(path+"/d/f", "one", "X-Object-Meta-A", "1")
			one := c.do(http.MethodHead, path+"/d/f", "").is(200, versionID, "").header.Get("X-Timestamp")
			c.put(path+"/d/f", "two")
			two := c.do(http.MethodHead, path+"/d/f", "").header.Get("X-Timestamp")
			equal(t, "archive", c.names(archive, ""), []string{"003d/f/" + one})
			c.do(http.MethodGet, archive+"/003d/f/"+one, "").is(200, "X-Object-Meta-A", "1", "Etag", hash("one")).says("one")
			c.do(http.MethodDelete, path+"/d/f", "").is(204)
			if header == "X-Versions-Location" {
				c.do(http.MethodGet, path+"/d/f", "").is(200, "X-Object-Meta-A", "1").says("one")
				equal(t, "archive after the deletion", c.names(archive, ""), []string{})
			} else {
				c.do(http.MethodGet, path+"/d/f", "").is(404)
				all := c.list(archive, "")
				if len(all) != 3 || all[1]["name"] != "003d/f/"+two || all[2]["content_type"] != deletedType {
					t.Errorf("the archive has %v", all)
				}
			}
			c.put(path+"/manifest", "", "X-Object-Manifest", path[1:]+"/d/")
			c.put(path+"/manifest", "over it")
			if names := c.names(archive, "prefix=008manifest/"); len(names) != 1 {
				t.Errorf("of a dynamic large object the archive has %q", names)
			}
			c.do(http.MethodPost, path, "", "X-Versions-Enabled", "true").is(400).
				says("Cannot enable object versioning on a container that is already using the legacy versioned writes feature.")
		})
	}
	c.run("no archive", func(t *testing.T, c *cloud) {
		path := c.container("X-Versions-Location", "agree-none")
		c.put(path+"/f", "one")
		c.do(http.MethodPut, path+"/f", "two").is(412)
		c.do(http.MethodGet, path+"/f", "").is(200).says("one")
		c.do(http.MethodPost, path, "", "X-Remove-Versions-Location", "x").is(204)
		c.do(http.MethodHead, path, "").is(204, "X-Versions-Location", "")
		c.put(path+"/f", "two")
	})
}
