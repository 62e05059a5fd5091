package swifttest_test

import (
	"net/http"
	"testing"

	"filegate/backends/swift/swifttest"
)

func agreeQuota(t *testing.T, c *cloud) {
	// Swift takes the size of a container from its cache. So only objects that exceed the quota by
	// themselves have the same result everywhere.
	path := c.container("X-Container-Meta-Quota-Bytes", "10")
	c.do(http.MethodPut, path+"/o", "12345678901").is(413, "Content-Type", "text/html; charset=UTF-8").says("Upload exceeds quota.")
	c.do(http.MethodHead, path+"/o", "").is(404)
	c.put(path+"/o", "1234567890")
	none := c.container("X-Container-Meta-Quota-Count", "0")
	c.do(http.MethodPut, none+"/o", "").is(413).says("Upload exceeds quota.")
}

// TestAccountQuota checks the quota that only a reseller can set.
func TestAccountQuota(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	c.do(http.MethodPut, "/c", "").is(201)
	c.do(http.MethodPut, "/d", "").is(201)
	if err := srv.SetAccountQuota("test", 10); err != nil {
		t.Fatal(err)
	}
	c.do(http.MethodHead, "", "").is(204, "X-Account-Meta-Quota-Bytes", "10")
	c.put("/c/o", "123456")
	c.do(http.MethodPut, "/d/o", "12345").is(413).says("Upload exceeds quota.")
	c.do("COPY", "/c/o", "", "Destination", "/d/o").is(413)
	c.put("/d/o", "1234")
	if err := srv.SetAccountQuota("test", -1); err != nil {
		t.Fatal(err)
	}
	c.put("/c/p", "123456")
}

// TestContainerQuota checks that a quota counts the objects that exist at the moment.
func TestContainerQuota(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	c := dial(t, account{srv.AuthURL(), "test:tester", "testing"})
	c.do(http.MethodPut, "/c", "", "X-Container-Meta-Quota-Bytes", "10", "X-Container-Meta-Quota-Count", "2").is(201)
	c.put("/c/a", "123456")
	c.do(http.MethodPut, "/c/b", "12345").is(413)
	c.put("/c/b", "1234")
	c.do(http.MethodPut, "/c/c", "").is(413)
	c.do(http.MethodDelete, "/c/a", "").is(204)
	c.put("/c/c", "12")
}
