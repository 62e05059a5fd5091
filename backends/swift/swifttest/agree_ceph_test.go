package swifttest_test

import (
	"crypto/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// TestAgreeCeph compares the fake of Ceph's RadosGW with the real one of FILEGATE_TEST_RGW_AUTH, in
// what the backend relies on. The answers of the real one are right. Both accept manifests of up to
// four segments.
func TestAgreeCeph(t *testing.T) {
	t.Run("Fake", func(t *testing.T) {
		srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{Ceph: true, MaxManifestSegments: 4}})
		agreeCeph(t, account{srv.AuthURL(), "test:tester", "testing"})
	})
	t.Run("RGW", func(t *testing.T) {
		a := account{os.Getenv("FILEGATE_TEST_RGW_AUTH"), os.Getenv("FILEGATE_TEST_RGW_USER"), os.Getenv("FILEGATE_TEST_RGW_KEY")}
		if testing.Short() {
			t.Skip("needs a real RadosGW")
		}
		if a.authURL == "" {
			testneed.Missing(t, "no real RadosGW: set FILEGATE_TEST_RGW_AUTH, FILEGATE_TEST_RGW_USER and FILEGATE_TEST_RGW_KEY")
		}
		agreeCeph(t, a)
	})
}

func agreeCeph(t *testing.T, a account) {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	c := &cloud{t: t, http: &http.Client{Transport: tr, CheckRedirect: stay}, login: a}
	login := c.send(http.MethodGet, a.authURL, "", "X-Auth-User", a.user, "X-Auth-Key", a.key)
	c.storage, c.token = login.header.Get("X-Storage-Url"), login.header.Get("X-Auth-Token")
	path := "/agree-" + strings.ToLower(rand.Text())
	c.do(http.MethodPut, path, "")
	t.Cleanup(func() {
		for name := range strings.Lines(c.do(http.MethodGet, path, "").body) {
			c.do(http.MethodDelete, path+"/"+strings.TrimSpace(name), "")
		}
		c.do(http.MethodDelete, path, "")
	})
	segment := func(name, content string) seg {
		c.do(http.MethodPut, path+name, content)
		return seg{"path": path + name, "etag": hash(content), "size_bytes": len(content)}
	}
	one, two := segment("/seg/1", "11111"), segment("/seg/2", "22222")
	whole := manifest(t, one, two)
	sum := hash(hash("11111") + hash("22222"))
	soon := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)

	for _, tt := range []struct {
		what, method, path, body string
		send                     []string
		status                   int
		says                     string   // the body; "-": any
		shows                    []string // headers of the answer; "": missing
	}{
		{"a manifest", "PUT", "/slo" + putManifest, whole, nil, 201, "-", []string{"Etag", sum}},
		{"a large object", "HEAD", "/slo", "", nil, 200, "", []string{"Etag", sum, "Content-Length", "10", "X-Static-Large-Object", "True"}},
		{"its content", "GET", "/slo", "", nil, 200, "1111122222", nil},
		{"a part of it", "GET", "/slo", "", []string{"Range", "bytes=4-5"}, 206, "12", nil},
		{"its manifest", "GET", "/slo?multipart-manifest=get", "", nil, 200, "", []string{"Content-Length", "0"}},
		{"its ETag in If-Match", "GET", "/slo", "", []string{"If-Match", sum}, 412, "-", nil},
		{"a manifest with its ETag", "PUT", "/other" + putManifest, whole, []string{"Etag", sum}, 422, "-", nil},
		{"a manifest of too many segments", "PUT", "/other" + putManifest, manifest(t, one, one, one, one, one), nil, 400, "InvalidArgument", nil},
		{"a manifest of a missing segment", "PUT", "/other" + putManifest, manifest(t, seg{"path": path + "/none", "size_bytes": 5}), nil, 404, "-", nil},
		{"a COPY", "COPY", "/slo", "", []string{"Destination", path + "/copy"}, 201, "-", nil},
		{"is a manifest", "HEAD", "/copy", "", nil, 200, "", []string{"Etag", sum, "Content-Length", "10", "X-Static-Large-Object", "True"}},
		{"a plain object", "PUT", "/plain", "1", []string{"X-Delete-At", soon}, 201, "-", []string{"Etag", hash("1")}},
		{"a name that must be free", "PUT", "/plain", "2", []string{"If-None-Match", "*", "X-Delete-At", soon}, 201, "-", []string{"Etag", hash("2")}},
		{"its ETag", "GET", "/plain", "", []string{"If-Match", hash("2")}, 200, "2", nil},
		{"another ETag", "GET", "/plain", "", []string{"If-Match", hash("1")}, 412, "-", nil},
		{"a POST", "POST", "/plain", "", []string{"X-Object-Meta-A", "b"}, 202, "-", nil},
		{"keeps the expiry", "HEAD", "/plain", "", nil, 200, "", []string{"X-Delete-At", soon, "X-Object-Meta-A", "b"}},
		{"a dynamic large object", "PUT", "/dlo", "", []string{"X-Object-Manifest", path[1:] + "/seg/"}, 201, "-", nil},
		{"its content", "GET", "/dlo", "", nil, 200, "1111122222", nil},
		{"a POST", "POST", "/dlo", "", []string{"X-Object-Meta-A", "b"}, 202, "-", nil},
		{"keeps the manifest", "HEAD", "/dlo", "", nil, 200, "", []string{"X-Object-Manifest", path[1:] + "/seg/", "Content-Length", "10"}},
		{"a range behind the end", "GET", "/plain", "", []string{"Range", "bytes=9-"}, 416, "-", nil},
		{"what is missing", "GET", "/none", "", nil, 404, "-", nil},
	} {
		r := c.do(tt.method, path+tt.path, tt.body, tt.send...)
		if r.status != tt.status || tt.says != "-" && r.body != tt.says {
			t.Errorf("%s: %s %s: status %d, %q, want %d, %q", tt.what, tt.method, tt.path, r.status, clip(r.body), tt.status, tt.says)
		}
		for i := 0; i < len(tt.shows); i += 2 {
			if got := strings.Trim(r.header.Get(tt.shows[i]), `"`); got != tt.shows[i+1] {
				t.Errorf("%s: %s %s: %s is %q, want %q", tt.what, tt.method, tt.path, tt.shows[i], got, tt.shows[i+1])
			}
		}
	}

	if r := c.do(http.MethodPut, "/ab", ""); r.status != 400 {
		t.Errorf("a container with a short name: status %d, want 400", r.status)
	}
	c.do(http.MethodPost, path, "", "X-Container-Meta-Quota-Bytes", "30")
	if r := c.do(http.MethodHead, path, ""); r.header.Get("X-Container-Meta-Quota-Bytes") != "" {
		t.Error("the quota of a container is shown")
	}
	if r := c.do(http.MethodPut, path+"/large", fill("a", 100)); r.status != 413 || r.body != "QuotaExceeded" {
		t.Errorf("more than the quota: status %d, %q, want 413, QuotaExceeded", r.status, clip(r.body))
	}
}
