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
