package swifttest_test

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cloud is a login to a Swift, for one test.
type cloud struct {
	t       *testing.T
	http    *http.Client
	origin  string // scheme and host
	storage string // URL of the account
	token   string
	login   account
	name    string // of the account, as in the path
	info    struct {
		Swift struct {
			MaxFileSize  int64 `json:"max_file_size"`
			ListingLimit int   `json:"container_listing_limit"`
		}
	}
}

func dial(t *testing.T, a account) *cloud {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	u, err := url.Parse(a.authURL)
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{t: t, http: &http.Client{Transport: tr, CheckRedirect: stay}, origin: u.Scheme + "://" + u.Host, login: a}
	login := c.send(http.MethodGet, a.authURL, "", "X-Auth-User", a.user, "X-Auth-Key", a.key)
	login.is(200)
	c.storage, c.token = login.header.Get("X-Storage-Url"), login.header.Get("X-Auth-Token")
	c.name = path.Base(c.storage)
	if err := json.Unmarshal([]byte(c.send(http.MethodGet, c.origin+"/info", "").body), &c.info); err != nil {
		t.Fatal(err)
	}
	return c
}

// stay prevents a client from following redirects.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// reply is an answer, read to its end.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
	err    error // the error at the end of the body
}

// send makes any request.
func (c *cloud) send(method, url, body string, header ...string) reply {
	c.t.Helper()
	var r io.Reader
	if body != "" || method == http.MethodPut {
		r = strings.NewReader(body)
	}
	return c.sendReader(method, url, r, header...)
}

func (c *cloud) sendReader(method, url string, body io.Reader, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if c.token != "" && req.Header.Get("X-Auth-Token") == "" {
		req.Header.Set("X-Auth-Token", c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return reply{t: c.t, what: method + " " + url, status: resp.StatusCode, header: resp.Header, body: string(raw), err: err}
}

// do makes a request to the account. The path is already escaped, and may have a query.
func (c *cloud) do(method, path, body string, header ...string) reply {
	c.t.Helper()
	return c.send(method, c.storage+path, body, header...)
}

// put uploads an object and returns its MD5. The test fails if the upload fails.
func (c *cloud) put(path, body string, header ...string) string {
	c.t.Helper()
	c.do(http.MethodPut, path, body, header...).is(201, "Etag", hash(body))
	return hash(body)
}

func hash(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// container creates a container, which is deleted after the test, and returns its path.
func (c *cloud) container(header ...string) string {
	c.t.Helper()
	path := "/agree-" + rand.Text()
	c.do(http.MethodPut, path, "", header...).is(201)
	c.t.Cleanup(func() { c.clear(path) })
	return path
}

// clear deletes a container and all of its objects, page by page of the listing.
func (c *cloud) clear(path string) {
	for range 200 {
		for _, e := range c.list(path, "") {
			c.do(http.MethodDelete, path+"/"+url.PathEscape(fmt.Sprint(e["name"])), "")
		}
		if s := c.do(http.MethodDelete, path, "").status; s == 204 || s == 404 {
			return
		}
	}
	c.t.Errorf("%s could not be removed", path)
}

// list returns a listing, parsed from JSON.
func (c *cloud) list(path, query string) []map[string]any {
	c.t.Helper()
	r := c.do(http.MethodGet, path+"?format=json&"+query, "")
	if r.status == 404 {
		return nil
	}
	r.is(200, "Content-Type", "application/json; charset=utf-8")
	var out []map[string]any
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		c.t.Fatalf("%s: %v", r.what, err)
	}
	return out
}

// names returns the names of a listing. Common prefixes have "subdir " before them.
func (c *cloud) names(path, query string) []string {
	c.t.Helper()
	out := []string{}
	for _, e := range c.list(path, query) {
		if dir, ok := e["subdir"]; ok {
			out = append(out, fmt.Sprint("subdir ", dir))
		} else {
			out = append(out, fmt.Sprint(e["name"]))
		}
	}
	return out
}

// entry returns the listing's entry of one object.
func (c *cloud) entry(path, name string) map[string]any {
	c.t.Helper()
	for _, e := range c.list(path, "prefix="+url.QueryEscape(name)) {
		if e["name"] == name {
			return e
		}
	}
	c.t.Errorf("%s does not list %q", path, name)
	return nil
}

// is checks the status and headers, which are pairs of key and value. If the value is "", the
// header must be missing.
func (r reply) is(status int, header ...string) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("%s: status %d, want %d: %.200s", r.what, r.status, status, r.body)
	}
	for i := 0; i < len(header); i += 2 {
		if got := r.header.Get(header[i]); got != header[i+1] {
			r.t.Errorf("%s: %s is %q, want %q", r.what, header[i], got, header[i+1])
		}
	}
	for _, key := range []string{"X-Trans-Id", "X-Openstack-Request-Id"} {
		if len(r.header.Get(key)) != 34 {
			r.t.Errorf("%s: %s is %q", r.what, key, r.header.Get(key))
		}
	}
	return r
}

// says checks the body.
func (r reply) says(body string) reply {
	r.t.Helper()
	if r.err != nil {
		r.t.Errorf("%s: %v", r.what, r.err)
	}
	if r.body != body {
		r.t.Errorf("%s: %s", r.what, diff(clip(body), clip(r.body)))
	}
	return r
}

func clip(s string) string { return s[:min(len(s), 500)] }

func diff(want, got any) string { return "(-want +got)\n" + cmp.Diff(want, got) }

// equal checks that two values are equal.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got)\n%s", what, d)
	}
}

// fill returns n bytes of a letter.
func fill(letter string, n int) string { return string(bytes.Repeat([]byte(letter), n)) }

// run runs a subtest with the same login.
func (c *cloud) run(name string, f func(t *testing.T, c *cloud)) {
	c.t.Helper()
	c.t.Run(name, func(t *testing.T) {
		own := *c
		own.t = t
		f(t, &own)
	})
}
