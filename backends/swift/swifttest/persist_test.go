package swifttest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filegate/backends/swift/swifttest"
)

// TestRestart checks that a server reads everything from its directory that an earlier server has
// stored there.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	start := func() (*swifttest.Server, *cloud) {
		srv, err := swifttest.New(swifttest.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Listen(); err != nil {
			t.Fatal(err)
		}
		return srv, dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	}
	srv, c := start()
	c.do(http.MethodPut, "/c", "", "X-Container-Meta-A", "1").is(201)
	c.do(http.MethodPut, "/empty", "").is(201)
	c.do(http.MethodPut, "/gone", "").is(201)
	c.do(http.MethodDelete, "/gone", "").is(204)
	c.do(http.MethodPost, "", "", "X-Account-Meta-B", "2").is(204)
	c.put("/c/old", "first")
	c.put("/c/old", "second", "X-Object-Meta-C", "3")
	c.do(http.MethodPost, "/c/old", "", "X-Object-Meta-D", "4").is(202)
	c.put("/c/deleted", "x")
	c.do(http.MethodDelete, "/c/deleted", "").is(204)
	c.put("/c/"+strings.Repeat("n", 1024), "long")
	c.put("/c/..%2F..%2Fescape", "in")
	c.do(http.MethodPut, "/c/slo"+putManifest, manifest(t, c.pieces("/c", "aa", "bb")...)).is(201)
	c.do(http.MethodPut, "/c/dlo", "", "X-Object-Manifest", "c/seg/").is(201)
	c.do(http.MethodPut, "/c/link", "", "X-Symlink-Target", "c/old").is(201)

	look := func(c *cloud) (all []string) {
		for _, path := range []string{"", "/c?format=json", "/c/old", "/c/slo", "/c/slo?multipart-manifest=get", "/c/dlo", "/c/link", "/empty", "/gone", "/c/deleted"} {
			r := c.do(http.MethodGet, path, "")
			for _, key := range []string{"X-Trans-Id", "X-Openstack-Request-Id", "Date"} {
				r.header.Del(key)
			}
			var head strings.Builder
			if err := r.header.Write(&head); err != nil {
				t.Fatal(err)
			}
			all = append(all, path+"\n"+head.String()+"\n"+r.body)
		}
		return all
	}
	before := look(c)
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	srv, c = start()
	equal(t, "after the restart", look(c), before)
	c.put("/c/new", "x")
	c.do(http.MethodDelete, "/c/slo?multipart-manifest=delete", "").is(200)
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}

	bodies := filepath.Join(dir, "bodies")
	orphan := filepath.Join(bodies, "ORPHAN")
	if err := os.WriteFile(orphan, []byte("cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	srv, c = start()
	defer srv.Close()
	if _, err := os.Stat(orphan); !os.IsNotExist(err) {
		t.Errorf("what an interrupted upload left is still there: %v", err)
	}
	left, err := os.ReadDir(bodies)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "bodies", len(left), len(c.list("/c", "")))
}

// TestDirectoryRefused checks that a directory that cannot be used is an error.
func TestDirectoryRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := swifttest.New(swifttest.Config{Dir: file}); err == nil {
		t.Error("a file is taken for a directory")
	}
	dir := t.TempDir()
	srv := swifttest.Start(t, swifttest.Config{Dir: dir})
	c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	c.do(http.MethodPut, "/c", "").is(201)
	if err := os.RemoveAll(filepath.Join(dir, "bodies")); err != nil {
		t.Fatal(err)
	}
	c.do(http.MethodPut, "/c/o", "x").is(500)
	c.do(http.MethodHead, "/c/o", "").is(404)
}

// TestAddress checks that the storage URL has the host and port of the client's request.
func TestAddress(t *testing.T) {
	srv, err := swifttest.New(swifttest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	r := httptest.NewRequest(http.MethodGet, "http://some.name:1234/auth/v1.0", nil)
	r.Header.Set("X-Auth-User", "test2:tester2")
	r.Header.Set("X-Auth-Key", "testing2")
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	equal(t, "X-Storage-Url", w.Header().Get("X-Storage-Url"), "http://some.name:1234/v1/AUTH_test2")
}
