package swifttest_test

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func agreeRanges(t *testing.T, c *cloud) {
	path := c.container()
	const ten = "0123456789"
	c.put(path+"/ten", ten, "Content-Type", "text/x")
	c.put(path+"/none", "")
	const not = "<html><h1>Requested Range Not Satisfiable</h1><p>The Range requested is not available.</p></html>"
	c.run("single", func(t *testing.T, c *cloud) {
		for _, tc := range []struct {
			header, span, body string
			status             int
		}{
			{"bytes=0-0", "bytes 0-0/10", "0", 206},
			{"bytes=9-9", "bytes 9-9/10", "9", 206},
			{"bytes=5-", "bytes 5-9/10", "56789", 206},
			{"bytes=-3", "bytes 7-9/10", "789", 206},
			{"bytes=-100", "bytes 0-9/10", ten, 206},
			{"bytes=0-100", "bytes 0-9/10", ten, 206},
			{"bytes=10-", "bytes */10", not, 416},
			{"bytes=10-12", "bytes */10", not, 416},
			{"bytes=-0", "bytes */10", not, 416},
			{"bytes=5-2", "", ten, 200},
			{"bytes=a-b", "", ten, 200},
			{"bytes=--3", "", ten, 200},
			{"bytes=-", "", ten, 200},
			{"bytes=", "", ten, 200},
			{"bytes", "", ten, 200},
			{"items=0-1", "", ten, 200},
			{"bytes=1-2,x", "", ten, 200},
			{"bytes=20-,1-2", "bytes 1-2/10", "12", 206},
		} {
			r := c.do(http.MethodGet, path+"/ten", "", "Range", tc.header)
			r.is(tc.status, "Content-Range", tc.span, "Content-Length", strconv.Itoa(len(tc.body)), "Content-Type", "text/x", "Etag", hash(ten),
				"Accept-Ranges", "bytes").says(tc.body)
			if t.Failed() {
				t.Fatal("with", tc.header)
			}
		}
	})
	c.run("head", func(t *testing.T, c *cloud) {
		c.do(http.MethodHead, path+"/ten", "", "Range", "bytes=0-0").is(200, "Content-Length", "10", "Content-Range", "")
	})
	c.run("empty", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"/none", "", "Range", "bytes=0-").is(416, "Content-Range", "bytes */0")
		c.do(http.MethodGet, path+"/none", "", "Range", "bytes=0-0").is(416, "Content-Range", "bytes */0")
		c.do(http.MethodGet, path+"/none", "", "Range", "bytes=-5").is(200, "Content-Range", "").says("")
	})
	c.run("several", func(t *testing.T, c *cloud) {
		r := c.do(http.MethodGet, path+"/ten", "", "Range", "bytes=0-0,2-3,-1").is(206, "Content-Range", "", "Etag", hash(ten))
		equal(t, "Content-Length", r.header.Get("Content-Length"), strconv.Itoa(len(r.body)))
		kind, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
		if err != nil || kind != "multipart/byteranges" {
			t.Fatalf("%q: %v", r.header.Get("Content-Type"), err)
		}
		parts := multipart.NewReader(strings.NewReader(r.body), params["boundary"])
		for _, want := range [][2]string{{"bytes 0-0/10", "0"}, {"bytes 2-3/10", "23"}, {"bytes 9-9/10", "9"}} {
			p, err := parts.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "part", [2]string{p.Header.Get("Content-Range"), string(body)}, want)
			equal(t, "its type", p.Header.Get("Content-Type"), "text/x")
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("after the last part: %v", err)
		}
	})
	c.run("too many", func(t *testing.T, c *cloud) {
		c.do(http.MethodGet, path+"/ten", "", "Range", "bytes="+strings.Repeat("0-0,", 50)+"0-0").is(416)
		c.do(http.MethodGet, path+"/ten", "", "Range", "bytes=9-9,8-8,7-7,6-6,5-5,4-4,3-3,2-2,1-1").is(416)
		c.do(http.MethodGet, path+"/ten", "", "Range", "bytes=0-5,1-6,2-7,3-8").is(416)
		c.do(http.MethodGet, path+"/ten", "", "Range", "bytes=0-5,1-6").is(206)
	})
}

func agreeConditions(t *testing.T, c *cloud) {
	path := c.container()
	etag := c.put(path+"/o", "body", "Content-Type", "text/x")
	at := modified(t, c.do(http.MethodHead, path+"/o", "").header)
	before, same, after := at.Add(-time.Second).Format(http.TimeFormat), at.Format(http.TimeFormat), at.Add(time.Second).Format(http.TimeFormat)
	for _, tc := range []struct {
		key, value string
		status     int
	}{
		{"If-Match", etag, 200},
		{"If-Match", `"` + etag + `"`, 200},
		{"If-Match", "*", 200},
		{"If-Match", "abc, " + etag, 200},
		{"If-Match", "abc", 412},
		{"If-None-Match", etag, 304},
		{"If-None-Match", `"` + etag + `"`, 304},
		{"If-None-Match", "*", 304},
		{"If-None-Match", "abc", 200},
		{"If-Modified-Since", before, 200},
		{"If-Modified-Since", same, 304},
		{"If-Modified-Since", after, 304},
		{"If-Modified-Since", "no time", 200},
		{"If-Unmodified-Since", before, 412},
		{"If-Unmodified-Since", same, 200},
		{"If-Unmodified-Since", after, 200},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := c.do(method, path+"/o", "", tc.key, tc.value).is(tc.status, "Etag", etag)
			if tc.status != 200 {
				r.says("")
			}
			if t.Failed() {
				t.Fatalf("with %s: %s", tc.key, tc.value)
			}
		}
	}
	c.do(http.MethodGet, path+"/o", "", "If-Match", etag, "Range", "bytes=1-2").is(206).says("od")
	c.do(http.MethodGet, path+"/o", "", "If-Match", "abc", "Range", "bytes=1-2").is(412).says("")
	c.do(http.MethodGet, path+"/none", "", "If-Match", "*").is(412)
	c.do(http.MethodGet, path+"/none", "", "If-Match", etag).is(404)
	c.do(http.MethodGet, path+"/none", "", "If-None-Match", "*").is(404)
}
