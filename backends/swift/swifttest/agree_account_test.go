package swifttest_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func agreeAccount(t *testing.T, c *cloud) {
	prefix := c.container()
	for _, suffix := range []string{"-a/b", "-b", "-c"} {
		path := prefix + strings.ReplaceAll(suffix, "/", "_")
		c.do(http.MethodPut, path, "").is(201)
		t.Cleanup(func() { c.clear(path) })
	}
	name := prefix[1:]
	c.run("head", func(t *testing.T, c *cloud) {
		r := c.do(http.MethodHead, "", "").is(204, "Content-Type", "text/plain; charset=utf-8", "Accept-Ranges", "bytes")
		for _, key := range []string{"X-Account-Container-Count", "X-Account-Object-Count", "X-Account-Bytes-Used", "X-Timestamp"} {
			if r.header.Get(key) == "" {
				t.Errorf("no %s", key)
			}
		}
	})
	c.run("totals", func(t *testing.T, c *cloud) {
		for _, key := range []string{"X-Account-Container-Count", "X-Account-Object-Count", "X-Account-Bytes-Used"} {
			if _, err := strconv.ParseUint(c.do(http.MethodHead, "", "").is(204).header.Get(key), 10, 64); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		for _, key := range []string{"count", "bytes"} {
			if n, ok := c.list("", "prefix="+name+"-b")[0][key].(float64); !ok || n != 0 {
				t.Errorf("an empty container has the %s %v", key, n)
			}
		}
	})
	c.run("list", func(t *testing.T, c *cloud) {
		for query, want := range map[string][]string{
			"prefix=" + name:                                             {"", "-a_b", "-b", "-c"},
			"prefix=" + name + "-":                                       {"-a_b", "-b", "-c"},
			"prefix=" + name + "&limit=2":                                {"", "-a_b"},
			"prefix=" + name + "&marker=" + name + "-a_b":                {"-b", "-c"},
			"prefix=" + name + "&end_marker=" + name + "-b":              {"", "-a_b"},
			"prefix=" + name + "&reverse=on":                             {"-c", "-b", "-a_b", ""},
			"prefix=" + name + "&reverse=true&marker=" + name + "-b":     {"-a_b", ""},
			"prefix=" + name + "&delimiter=_":                            {"", "subdir -a_", "-b", "-c"},
			"prefix=" + name + "&limit=0":                                {},
			"prefix=" + name + "&marker=" + name + "-a_&delimiter=_":     {"-b", "-c"},
			"prefix=" + name + "&reverse=on&limit=1&delimiter=_":         {"-c"},
			"prefix=" + name + "&end_marker=" + name + "-a_b&limit=9999": nil,
		} {
			if want == nil {
				continue
			}
			got := c.names("", query)
			for i := range got {
				got[i] = strings.Replace(got[i], name, "", 1)
			}
			equal(t, query, got, want)
		}
		e := c.list("", "prefix="+name+"-b")[0]
		for _, key := range []string{"name", "count", "bytes", "last_modified"} {
			if _, ok := e[key]; !ok {
				t.Errorf("an entry without %s: %v", key, e)
			}
		}
		c.do(http.MethodGet, "?prefix="+name+"-", "").is(200, "Content-Type", "text/plain; charset=utf-8").
			says(name + "-a_b\n" + name + "-b\n" + name + "-c\n")
		c.do(http.MethodGet, "?limit=10001", "").is(412)
		c.do(http.MethodGet, "?prefix=no-such-thing", "").is(204).says("")
	})
	c.run("metadata", func(t *testing.T, c *cloud) {
		key := "X-Account-Meta-" + name
		c.do(http.MethodPost, "", "", key, "one").is(204).says("")
		c.do(http.MethodHead, "", "").is(204, key, "one")
		c.do(http.MethodPost, "", "", "X-Account-Meta-Other", "").is(204)
		c.do(http.MethodHead, "", "").is(204, key, "one")
		c.do(http.MethodPost, "", "", "X-Remove-Account-Meta-"+name, "x").is(204)
		c.do(http.MethodHead, "", "").is(204, key, "")
		c.do(http.MethodPost, "", "", key, fill("x", 257)).is(400)
	})
	c.run("refused", func(t *testing.T, c *cloud) {
		c.do(http.MethodPut, "", "").is(403)
		c.do(http.MethodDelete, "", "").is(403)
		allow := strings.Split(c.do("FOO", "", "").is(405).header.Get("Allow"), ", ")
		slices.Sort(allow)
		equal(t, "Allow", allow, []string{"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
		c.do(http.MethodPost, "", "", "X-Account-Meta-Quota-Bytes", "12").is(403)
	})
}
