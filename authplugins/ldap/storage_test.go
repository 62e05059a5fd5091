package ldap

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"filegate/authplugins/authplugin"
)

// storing returns an authenticator with a storage, and the advice about its configuration.
func storing(t *testing.T, values map[string]any) (*Authenticator, string) {
	t.Helper()
	all := map[string]any{
		"servers": []string{"ldaps://ldap.example.net"}, "search_base": "dc=example", "storage": "keystone",
		"storage_options": map[string]string{"auth_url": "https://keystone.example.net"}, "storage_secret": "x",
	}
	for name, v := range values {
		all[name] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	a, diags := kind(&log).Configure(authplugin.Config{Values: text})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return a.(*Authenticator), log.String()
}

// TestStorageLogins tests names that would change the parts of the login at the storage.
func TestStorageLogins(t *testing.T) {
	v1 := map[string]any{"storage": "swiftv1", "storage_options": map[string]string{"auth_url": "https://swift.example.net"}}
	id := strings.Repeat("0123abcd", 4)
	for _, c := range []struct {
		template, user string
		more           map[string]any
		want           string // empty: refused
	}{
		{"files.{user}", "alice", nil, "files.alice"},
		{"files.{user}", "alice.smith", nil, "files.alice.smith"},
		{"files.{user}", "alice@example.net", nil, ""},
		{"files.{user}@", "alice@example.net", nil, "files.alice@example.net@"},
		{"files.{user}@corp", "alice@example.net", nil, "files.alice@example.net@corp"},
		{"files.{user}", "id=7", nil, ""},
		{"files.{user}", id, nil, ""},
		{"files.{user}@corp", id, nil, "files." + id + "@corp"},
		{"{user}.{user}", "a.b", nil, ""},
		{"{user}", "alice", nil, "alice"},
		{"{user}", "app=7", nil, ""},
		{"{user}", "trust=7.x", nil, ""},
		{"{user}", "?.x", nil, ""},
		{"{user}", "project.alice", nil, ""},
		{"{swiftLogin}", "alice", nil, "files.gateway@corp"},
		{"a:{user}", "alice", v1, "a:alice"},
		{"a:{user}", "b:alice", v1, "a:b:alice"},
		{"{user}:x", "alice", v1, "alice:x"},
		{"{user}:x", "root:alice", v1, ""},
		{"{user}", "alice@example.net", v1, "alice@example.net"},
		{"{user}", "root:alice", v1, ""},
	} {
		values := map[string]any{"storage_login": c.template}
		for name, v := range c.more {
			values[name] = v
		}
		a, _ := storing(t, values)
		f := facts{user: c.user, entry: ldap.NewEntry("uid=x", map[string][]string{"swiftLogin": {"files.gateway@corp"}})}
		if got, err := a.loginAt(f); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s for %q: got %q, %v, want %q", c.template, c.user, got, err, c.want)
		}
	}
}

// TestAdvice tests the warnings about configurations that give more than most operators want.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]any
		want   string
	}{
		"everything to everybody": {map[string]any{"storage_login": "files.gateway"}, "<4>storage_login: "},
		"with a home":             {map[string]any{"storage_login": "files.gateway", "home": "/{user}"}, ""},
		"with a filter":           {map[string]any{"storage_login": "files.gateway", "required_filter": "(ou=x)"}, ""},
		"a login each":            {map[string]any{"storage_login": "files.{user}"}, ""},
		"a group by its name":     {map[string]any{"storage_login": "files.{user}", "groups": []string{"staff"}}, "<4>groups: "},
		"a group by its DN":       {map[string]any{"storage_login": "files.{user}", "groups": []string{"cn=staff,dc=example"}}, ""},
		"groups of one place":     {map[string]any{"storage_login": "files.{user}", "groups": []string{"staff"}, "group_base": "dc=example"}, ""},
	} {
		_, log := storing(t, c.values)
		if !strings.HasPrefix(log, c.want) || (c.want == "") != (log == "") || strings.Count(log, "\n") > 1 {
			t.Errorf("%s: got %q, want %q", name, log, c.want)
		}
	}
}

// TestGroupsByDN tests groups that only their DN identifies: they count as much as others.
func TestGroupsByDN(t *testing.T) {
	e := ldap.NewEntry("uid=x", map[string][]string{"memberOf": {"cn=a+ou=b,dc=example", "cn=c,dc=example", "d"}})
	groups, err := memberOf(e, "memberOf")
	f := facts{groups: groups}
	if err != nil || len(groups) != 2 || !f.isIn("CN=a+OU=b, dc=example") || !f.isIn("c") || f.isIn("a") {
		t.Errorf("got %q, %v", groups, err)
	}
	a, _ := storing(t, map[string]any{"storage_login": "x"})
	id, err := a.identity(f)
	if err != nil || len(id.Groups) != 1 || id.Groups[0] != "c" {
		t.Errorf("got the groups %q, %v, want only c", id.Groups, err)
	}
}

// TestSameDN tests DNs as replicas of a directory may write them.
func TestSameDN(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"uid=alice,dc=example", "UID=Alice, DC=example", true},
		{"uid=alice,dc=example", "uid=alice,dc=other", false},
		{"x", "x", false},
	} {
		if sameDN(c.a, c.b) != c.want {
			t.Errorf("%q and %q: want %t", c.a, c.b, c.want)
		}
	}
}
