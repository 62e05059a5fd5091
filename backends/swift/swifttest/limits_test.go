package swifttest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"filegate/backends/swift/swifttest"
)

// TestLimits checks a Swift with fewer features and lower limits.
func TestLimits(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{
		MaxManifestSegments: 2, MaxManifestSize: 1000, MaxDeletes: 1, MaxObjectName: 10, MaxMetaCount: 1,
	}})
	c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	c.do(http.MethodPut, "/c", "").is(201)
	var info struct {
		SLO struct {
			Segments int `json:"max_manifest_segments"`
		}
	}
	if err := json.Unmarshal([]byte(c.send(http.MethodGet, srv.URL()+"/info", "").body), &info); err != nil {
		t.Fatal(err)
	}
	equal(t, "max_manifest_segments", info.SLO.Segments, 2)
	all := c.pieces("/c", "a", "b", "c")
	c.do(http.MethodPut, "/c/slo"+putManifest, manifest(t, all...)).is(413).says("Number of object-backed segments must be <= 2")
	c.do(http.MethodPut, "/c/slo"+putManifest, manifest(t, all[0])+fill(" ", 1000)).is(413).says("Manifest File > 1000 bytes")
	c.do(http.MethodPut, "/c/01234567890", "").is(400)
	c.do(http.MethodPut, "/c/o", "", "X-Object-Meta-A", "1", "X-Object-Meta-B", "2").is(400)
	c.do(http.MethodPost, "?bulk-delete", "/c/seg/00\n/c/seg/01").is(200)
	equal(t, "after too many deletions", len(c.list("/c", "")), 3)
}

func TestWithout(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{NoSLO: true, NoBulkDelete: true}})
	c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	var info map[string]any
	if err := json.Unmarshal([]byte(c.send(http.MethodGet, srv.URL()+"/info", "").body), &info); err != nil {
		t.Fatal(err)
	}
	if info["slo"] != nil || info["bulk_delete"] != nil {
		t.Errorf("/info tells of %v and %v", info["slo"], info["bulk_delete"])
	}
	c.do(http.MethodPut, "/c", "").is(201)
	body := manifest(t, c.pieces("/c", "a")...)
	c.do(http.MethodPut, "/c/slo"+putManifest, body).is(201, "Etag", hash(body))
	c.do(http.MethodGet, "/c/slo", "").is(200, "X-Static-Large-Object", "").says(body)
	c.do(http.MethodPost, "?bulk-delete", "/c/slo").is(204)
	c.do(http.MethodHead, "/c/slo", "").is(200)
	none := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{NoInfo: true}})
	resp, err := http.Get(none.URL() + "/info")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	equal(t, "/info", resp.StatusCode, 404)
}
