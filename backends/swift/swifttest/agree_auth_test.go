package swifttest_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"filegate/core/testneed"
)

func agreeAuth(t *testing.T, c *cloud) {
	const html401 = "<html><h1>Unauthorized</h1><p>This server could not verify that you are authorized to access the document you requested.</p></html>"
	auth := c.origin + "/auth/v1.0"
	c.run("login", func(t *testing.T, c *cloud) {
		for _, tc := range []struct {
			name, realm string
			header      []string
		}{
			{"wrong key", "unknown", []string{"X-Auth-User", c.login.user, "X-Auth-Key", "wrong"}},
			{"unknown user", "test", []string{"X-Auth-User", "test:nobody", "X-Auth-Key", "wrong"}},
			{"unknown account", "none", []string{"X-Auth-User", "none:tester", "X-Auth-Key", "testing"}},
			{"no account", "unknown", []string{"X-Auth-User", "tester", "X-Auth-Key", "testing"}},
			{"nothing at all", "unknown", nil},
		} {
			r := c.send(http.MethodGet, auth, "", tc.header...)
			r.is(401, "Www-Authenticate", `Swift realm="`+tc.realm+`"`, "Content-Type", "text/html; charset=UTF-8", "X-Auth-Token", "").says(html401)
			if t.Failed() {
				t.Fatal("with", tc.name)
			}
		}
	})
	c.run("token", func(t *testing.T, c *cloud) {
		login := func() reply {
			return c.send(http.MethodGet, auth, "", "X-Auth-User", c.login.user, "X-Auth-Key", c.login.key).is(200)
		}
		a, b := login(), login()
		if a.header.Get("X-Auth-Token") != b.header.Get("X-Auth-Token") {
			t.Error("a second login does not give the token that is still good")
		}
		equal(t, "X-Storage-Token", a.header.Get("X-Storage-Token"), a.header.Get("X-Auth-Token"))
		equal(t, "X-Storage-Url", a.header.Get("X-Storage-Url"), c.origin+"/v1/"+c.name)
		if !strings.HasPrefix(a.header.Get("X-Auth-Token"), "AUTH_tk") {
			t.Errorf("token %q", a.header.Get("X-Auth-Token"))
		}
		if n, err := strconv.Atoi(a.header.Get("X-Auth-Token-Expires")); err != nil || n < 1 || n > 86400 {
			t.Errorf("expires in %q", a.header.Get("X-Auth-Token-Expires"))
		}
	})
	c.run("use", func(t *testing.T, c *cloud) {
		c.container() // without a container, Swift answers a HEAD of the account with 200 instead of 204
		c.do(http.MethodHead, "", "", "X-Auth-Token", "AUTH_tkwrong").is(401, "Www-Authenticate", `Swift realm="`+c.name+`"`)
		c.do(http.MethodGet, "/c/o", "", "X-Auth-Token", "AUTH_tkwrong").is(401).says(html401)
		c.send(http.MethodGet, c.origin+"/v1/"+c.name+"2", "").is(403).says("<html><h1>Forbidden</h1><p>Access was denied to this resource.</p></html>")
		c.send(http.MethodPut, c.origin+"/v1/"+c.name+"2/c", "").is(403)
		c.do(http.MethodHead, "", "", "X-Auth-Token", "", "X-Storage-Token", c.token).is(204)
	})
	c.run("plain user", func(t *testing.T, c *cloud) {
		r := c.send(http.MethodGet, auth, "", "X-Auth-User", "test:tester3", "X-Auth-Key", "testing3")
		if r.status == 401 {
			testneed.Missing(t, "there is no test:tester3")
		}
		c.do(http.MethodHead, "", "", "X-Auth-Token", r.header.Get("X-Auth-Token")).is(403)
		c.send(http.MethodHead, c.origin+"/v1/"+c.name+"2", "", "X-Auth-Token", r.header.Get("X-Auth-Token")).is(403)
	})
	c.run("info", func(t *testing.T, c *cloud) {
		var info map[string]map[string]any
		r := c.send(http.MethodGet, c.origin+"/info", "").is(200, "Content-Type", "application/json; charset=UTF-8")
		if err := json.Unmarshal([]byte(r.body), &info); err != nil {
			t.Fatal(err)
		}
		for section, want := range map[string]map[string]any{
			"swift": {
				"version": "2.30.1", "max_meta_name_length": 128.0, "max_meta_value_length": 256.0, "max_meta_count": 90.0,
				"max_meta_overall_size": 4096.0, "max_object_name_length": 1024.0, "max_container_name_length": 256.0,
				"max_account_name_length": 256.0, "max_header_size": 8192.0,
			},
			"slo":              {"max_manifest_segments": 1000.0, "max_manifest_size": 8388608.0, "min_segment_size": 1.0},
			"bulk_delete":      {"max_deletes_per_request": 10000.0, "max_failed_deletes": 1000.0},
			"tempauth":         {"account_acls": true},
			"symlink":          {"symloop_max": 2.0, "static_links": true},
			"container_quotas": {},
			"account_quotas":   {},
		} {
			if info[section] == nil {
				t.Errorf("/info tells nothing of %s", section)
			}
			for key, value := range want {
				equal(t, section+"."+key, info[section][key], value)
			}
		}
	})
	c.run("paths", func(t *testing.T, c *cloud) {
		c.send(http.MethodGet, c.origin+"/foo", "").is(412).says("Bad URL")
		c.send(http.MethodGet, c.origin+"/v1/", "").is(412).says("Bad URL")
		c.do(http.MethodGet, "//x", "").is(412).says("Bad URL")
		c.send(http.MethodGet, c.origin+"/healthcheck", "").is(200).says("OK")
	})
}
