package swifttest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
)

// agreeACLs accesses a container with the login of another account.
func agreeACLs(t *testing.T, c *cloud) {
	guest := dial(t, c.login.other())
	// visit makes a request to the owner's account with the guest's login.
	visit := func(c *cloud, method, path, body string, header ...string) reply {
		c.t.Helper()
		r := guest.send(method, c.storage+path, body, header...)
		r.t = c.t
		return r
	}
	home, segments := c.container(), c.container()
	etag := c.put(home+"/a", "hello")
	c.put(segments+"/1", "segment")
	c.do(http.MethodPut, home+"/slo?multipart-manifest=put", `[{"path": "`+segments+`/1"}]`).is(201)
	c.do(http.MethodPut, home+"/dlo", "", "X-Object-Manifest", segments[1:]+"/1").is(201)
	grant := func(c *cloud, path, read, write string) {
		c.t.Helper()
		c.do(http.MethodPost, path, "", "X-Container-Read", read, "X-Container-Write", write).is(204)
	}
	c.run("without", func(t *testing.T, c *cloud) {
		for _, path := range []string{home, home + "/a", home + "/none", home + "-none", home + "-none/a"} {
			visit(c, http.MethodHead, path, "").is(403)
			visit(c, http.MethodPut, path, "").is(403)
			visit(c, http.MethodDelete, path, "").is(403)
			visit(c, http.MethodPost, path, "").is(403)
		}
		visit(c, http.MethodGet, "", "").is(403)
		visit(c, http.MethodGet, home+"/a", "").is(403).says("<html><h1>Forbidden</h1><p>Access was denied to this resource.</p></html>")
	})
	c.run("read", func(t *testing.T, c *cloud) {
		grant(c, home, "test2:tester2", "")
		visit(c, http.MethodHead, home, "").is(204, "X-Container-Read", "", "X-Container-Object-Count", "3")
		visit(c, http.MethodGet, home, "").is(200).says("a\ndlo\nslo\n")
		visit(c, http.MethodGet, home+"/a", "").is(200, "Etag", etag).says("hello")
		visit(c, http.MethodGet, home+"/none", "").is(404)
		visit(c, http.MethodPut, home+"/b", "x").is(403)
		visit(c, http.MethodDelete, home+"/a", "").is(403)
		visit(c, http.MethodPost, home, "").is(403)
		visit(c, http.MethodDelete, home, "").is(403)
	})
	c.run("segments", func(t *testing.T, c *cloud) {
		visit(c, http.MethodHead, home+"/slo", "").is(200, "Content-Length", "7")
		visit(c, http.MethodGet, home+"/slo", "").is(409)
		visit(c, http.MethodGet, home+"/slo?multipart-manifest=get", "").is(200)
		visit(c, http.MethodHead, home+"/dlo", "").is(403)
		visit(c, http.MethodGet, home+"/dlo", "").is(403)
		grant(c, segments, "test2", "")
		visit(c, http.MethodGet, home+"/slo", "").is(200).says("segment")
		visit(c, http.MethodGet, home+"/dlo", "").is(200).says("segment")
	})
	c.run("write", func(t *testing.T, c *cloud) {
		grant(c, home, "", "test2:tester2, somebody")
		visit(c, http.MethodHead, home, "").is(403)
		visit(c, http.MethodHead, home+"/a", "").is(403)
		visit(c, http.MethodPut, home+"/b", "x").is(201)
		visit(c, http.MethodPost, home+"/b", "", "X-Object-Meta-A", "1").is(202)
		visit(c, "COPY", home+"/b", "", "Destination", home[1:]+"/c").is(403)
		visit(c, http.MethodDelete, home+"/b", "").is(204)
		visit(c, http.MethodPut, home+"-none/b", "x").is(403)
	})
	c.run("copy", func(t *testing.T, c *cloud) {
		grant(c, home, "test2:tester2", "test2:tester2")
		own := guest.container()
		visit(c, "COPY", home+"/a", "", "Destination", home[1:]+"/c").is(201, "X-Copied-From-Account", c.name)
		visit(c, "COPY", home+"/a", "", "Destination", own[1:]+"/a", "Destination-Account", guest.name).
			is(201, "X-Copied-From-Account", c.name, "X-Copied-From", home[1:]+"/a")
		guest.do(http.MethodGet, own+"/a", "").is(200).says("hello")
		guest.do("COPY", own+"/a", "", "Destination", home[1:]+"/d", "Destination-Account", c.name).is(201, "X-Copied-From-Account", guest.name)
		guest.do(http.MethodPut, own+"/b", "", "X-Copy-From", home+"/d", "X-Copy-From-Account", c.name).is(201)
		guest.do("COPY", own+"/a", "", "Destination", segments[1:]+"/x", "Destination-Account", c.name).is(403)
		guest.do("COPY", own+"/a", "", "Destination", home[1:]+"/d", "Destination-Account", "a/b").is(412)
		// The segments of a manifest are in the manifest's own account.
		visit(c, "COPY", home+"/slo?multipart-manifest=get", "", "Destination", own[1:]+"/slo", "Destination-Account", guest.name).
			is(400).says("Errors:\n" + segments + "/1, 404 Not Found\n")
		visit(c, "COPY", home+"/slo", "", "Destination", own[1:]+"/slo", "Destination-Account", guest.name).is(201)
	})
	c.run("bulk delete", func(t *testing.T, c *cloud) {
		names := home + "/c\n" + home + "/d\n" + segments + "/1\n" + segments + "/none\n" + home + "\n"
		r := visit(c, http.MethodPost, "?bulk-delete", names, "Content-Type", "text/plain", "Accept", "application/json").is(200)
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		// Swift deletes two names at a time, so the errors come in any order.
		errs, _ := got["Errors"].([]any)
		want := []any{[]any{segments + "/1", "403 Forbidden"}, []any{segments + "/none", "403 Forbidden"}, []any{home, "403 Forbidden"}}
		for _, list := range [][]any{errs, want} {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		equal(t, "result", got, map[string]any{
			"Response Status": "400 Bad Request", "Response Body": "", "Number Deleted": 2.0, "Number Not Found": 0.0, "Errors": want,
		})
	})
	c.run("everybody", func(t *testing.T, c *cloud) {
		grant(c, home, ".r:*", "")
		visit(c, http.MethodGet, home+"/a", "").is(200).says("hello")
		visit(c, http.MethodGet, home, "").is(403)
		grant(c, home, ".r:*,.rlistings", "")
		visit(c, http.MethodGet, home, "").is(200).says("a\ndlo\nslo\n")
		visit(c, http.MethodPut, home+"/a", "x").is(403)
	})
	c.run("account of another", func(t *testing.T, c *cloud) {
		visit(c, http.MethodPut, "/"+path.Base(home)+"-new", "").is(403)
	})
}
