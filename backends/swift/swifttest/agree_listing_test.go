package swifttest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func agreeListing(t *testing.T, c *cloud) {
	path := c.container()
	for _, name := range []string{"L/d1/a", "L/d1/b", "L/d2", "L/d2/c", "L/e/f/g", "m", "z//y", "ö"} {
		c.put(path+"/"+name, "x")
	}
	c.run("queries", func(t *testing.T, c *cloud) {
		limit := c.info.Swift.ListingLimit
		all := []string{"L/d1/a", "L/d1/b", "L/d2", "L/d2/c", "L/e/f/g", "m", "z//y", "ö"}
		for query, want := range map[string][]string{
			"":                                              all[:min(limit, len(all))],
			"limit=3":                                       all[:3],
			"limit=0":                                       {},
			"limit=nonsense":                                all[:min(limit, len(all))],
			"limit=-1":                                      all[:min(limit, len(all))],
			"marker=L/d2/c":                                 all[4:],
			"marker=L/d2/bb&limit=2":                        all[3:5],
			"marker=öö":                                     {},
			"end_marker=L/d2":                               all[:2],
			"marker=L/d1/a&end_marker=L/d2/c":               all[1:3],
			"marker=m&end_marker=L":                         {},
			"prefix=L/d":                                    all[:4],
			"prefix=L/d&marker=L/d1/b":                      all[2:4],
			"prefix=L/d&marker=A":                           all[:4],
			"prefix=L/d&marker=M":                           {},
			"prefix=L/d&end_marker=L/d2":                    all[:2],
			"prefix=nothing":                                {},
			"prefix=%C3%B6":                                 {"ö"},
			"delimiter=/":                                   {"subdir L/", "m", "subdir z/", "ö"},
			"delimiter=/&prefix=z/":                         {"subdir z//"},
			"delimiter=//":                                  append(slices.Clone(all[:6]), "subdir z//", "ö")[:min(limit, len(all))],
			"delimiter=/&prefix=L/":                         {"subdir L/d1/", "L/d2", "subdir L/d2/", "subdir L/e/"},
			"delimiter=/&prefix=L":                          {"subdir L/"},
			"delimiter=/&prefix=L/d":                        {"subdir L/d1/", "L/d2", "subdir L/d2/"},
			"delimiter=/&prefix=L/&limit=2":                 {"subdir L/d1/", "L/d2"},
			"delimiter=/&prefix=L/&marker=L/d1/":            {"L/d2", "subdir L/d2/", "subdir L/e/"},
			"delimiter=/&prefix=L/&marker=L/d1/a":           {"subdir L/d1/", "L/d2", "subdir L/d2/", "subdir L/e/"},
			"delimiter=/&prefix=L/&marker=L/d1/b":           {"L/d2", "subdir L/d2/", "subdir L/e/"},
			"delimiter=/&prefix=L/&marker=L/d2":             {"subdir L/d2/", "subdir L/e/"},
			"delimiter=/&prefix=L/&end_marker=L/d2":         {"subdir L/d1/"},
			"delimiter=/&marker=L/":                         {"m", "subdir z/", "ö"},
			"delimiter=2&prefix=L/":                         {"L/d1/a", "L/d1/b", "subdir L/d2", "L/e/f/g"},
			"reverse=on&prefix=L/d1/":                       {"L/d1/b", "L/d1/a"},
			"reverse=on&limit=2":                            {"ö", "z//y"},
			"reverse=on&marker=m&limit=2":                   {"L/e/f/g", "L/d2/c"},
			"reverse=on&end_marker=m":                       {"ö", "z//y"},
			"reverse=on&delimiter=/":                        {"ö", "subdir z/", "m", "subdir L/"},
			"reverse=on&delimiter=/&prefix=L/":              {"subdir L/e/", "subdir L/d2/", "L/d2", "subdir L/d1/"},
			"reverse=on&delimiter=/&prefix=L/&marker=L/d2/": {"L/d2", "subdir L/d1/"},
			"reverse=on&delimiter=/&prefix=L/&limit=1":      {"subdir L/e/"},
			"reverse=no&limit=1":                            {"L/d1/a"},
		} {
			equal(t, "?"+query, c.names(path, query), want)
		}
	})
	c.run("text", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"?prefix=L/&delimiter=/", "").is(200, "Content-Type", "text/plain; charset=utf-8", "Content-Length", "22").
			says("L/d1/\nL/d2\nL/d2/\nL/e/\n")
		c.do(http.MethodGet, path+"?format=plain&limit=1", "").is(200, "Vary", "").says("L/d1/a\n")
		c.do(http.MethodGet, path+"?format=other&limit=1", "").is(200).says("L/d1/a\n")
		c.do(http.MethodGet, path+"?limit=1", "", "Accept", "text/plain").is(200, "Vary", "Accept").says("L/d1/a\n")
		c.do(http.MethodGet, path+"?limit=1", "", "Accept", "*/*").is(200).says("L/d1/a\n")
		c.do(http.MethodGet, path+"?limit=1", "", "Accept", "application/json").is(200, "Content-Type", "application/json; charset=utf-8", "Vary", "Accept")
		c.do(http.MethodGet, path, "", "Accept", "foo/bar").is(406)
		c.do(http.MethodGet, path, "", "Accept", "foo").is(400).says("Invalid Accept header")
	})
	c.run("entry", func(t *testing.T, c *cloud) {
		c.put(path+"/typed", "hello", "Content-Type", "text/x-thing; charset=utf-8")
		c.do(http.MethodHead, path+"/typed", "").is(200, "Content-Type", "text/x-thing; charset=utf-8")
		e := c.entry(path, "typed")
		at := c.do(http.MethodHead, path+"/typed", "").header.Get("X-Timestamp")
		equal(t, "the entry", e, map[string]any{
			"name": "typed", "bytes": 5.0, "hash": hash("hello"), "content_type": "text/x-thing;charset=utf-8",
			"last_modified": stamp(t, at).Format("2006-01-02T15:04:05.000000"),
		})
		c.do(http.MethodDelete, path+"/typed", "").is(204)
	})
	c.run("limits", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+fmt.Sprintf("?limit=%d", c.info.Swift.ListingLimit+1), "").is(412).
			says(fmt.Sprintf("Maximum limit is %d", c.info.Swift.ListingLimit))
		c.do(http.MethodGet, path+fmt.Sprintf("?limit=%d", c.info.Swift.ListingLimit), "").is(200)
		c.do(http.MethodGet, path+"?prefix=%ff", "").is(400).says(`"prefix" parameter not valid UTF-8`)
	})
	c.run("at once", func(t *testing.T, c *cloud) {
		for i := range 10 {
			name := fmt.Sprintf("once %d", i)
			c.put(path+"/"+url.PathEscape(name), strings.Repeat("x", i))
			equal(t, "after the PUT", c.names(path, "prefix=once"), []string{name})
			c.do(http.MethodDelete, path+"/"+url.PathEscape(name), "").is(204)
			equal(t, "after the DELETE", c.names(path, "prefix=once"), []string{})
		}
	})
}
