package ldap_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filegate/authplugins/ldap"
	"filegate/core/auth"
)

// TestConfigure tests mistakes in the configuration: each diagnostic names the attribute.
func TestConfigure(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	type values = map[string]any
	base := values{"servers": []string{"ldaps://ldap.example.net"}, "search_base": people}
	if _, diags := configured(t, base); len(diags) > 0 {
		t.Fatalf("what should be right: %v", diags)
	}
	stored := values{"storage": "swiftv1", "storage_options": map[string]string{"auth_url": "http://swift/auth/v1.0"}, "storage_login": "a:b", "storage_secret": "x"}
	for name, c := range map[string]struct {
		more values
		want []string // attribute and part of the text; empty: no mistake
	}{
		"no servers":            {values{"servers": []string{}}, []string{"servers", "at least one"}},
		"http":                  {values{"servers": []string{"http://ldap"}}, []string{"servers", "no LDAP server"}},
		"no host":               {values{"servers": []string{"ldaps://"}}, []string{"servers", "no LDAP server"}},
		"a base":                {values{"servers": []string{"ldaps://ldap/dc=example"}}, []string{"servers", "search_base"}},
		"an account":            {values{"servers": []string{"ldaps://cn=a:b@ldap"}}, []string{"servers", "bind_dn"}},
		"port":                  {values{"servers": []string{"ldaps://ldap:0"}}, []string{"servers", "port"}},
		"clear text":            {values{"servers": []string{"ldap://ldap"}, "start_tls": false}, []string{"servers", "clear text"}},
		"a name like localhost": {values{"servers": []string{"ldap://localhost.example.net"}, "start_tls": false}, []string{"servers", "clear text"}},
		"clear text, allowed":   {values{"servers": []string{"ldap://ldap"}, "start_tls": false, "allow_clear_text": true}, nil},
		"clear text, here":      {values{"servers": []string{"ldap://[::1]:1389"}, "start_tls": false}, nil},
		"no file":               {values{"ca_file": "/nowhere"}, []string{"ca_file", "cannot read"}},
		"no certificate":        {values{"ca_file": empty}, []string{"ca_file", "no certificate"}},
		"half an account":       {values{"bind_dn": readerDN}, []string{"bind_password", "both"}},
		"no account":            {values{"bind_password": "x"}, []string{"bind_password", "both"}},
		"a bad account":         {values{"bind_dn": "reader", "bind_password": "x"}, []string{"bind_dn", `"reader"`}},
		"neither":               {values{"search_base": ""}, []string{"user_dn", "either"}},
		"both":                  {values{"user_dn": "uid={user},dc=x"}, []string{"user_dn", "either"}},
		"DN without user":       {values{"search_base": "", "user_dn": "uid=x,dc=x"}, []string{"user_dn", "{user}"}},
		"user as a type":        {values{"search_base": "", "user_dn": "{user}=x,dc=x"}, []string{"user_dn", "equals sign"}},
		"user as a part":        {values{"search_base": "", "user_dn": "uid=x,{user}"}, []string{"user_dn", "equals sign"}},
		"no DN":                 {values{"search_base": "", "user_dn": "x,uid={user}"}, []string{"user_dn", "no DN"}},
		"attribute in DN":       {values{"search_base": "", "user_dn": "uid={uid},dc=x"}, []string{"user_dn", "no meaning"}},
		"bad base":              {values{"search_base": "people"}, []string{"search_base", `"people"`}},
		"bad filter":            {values{"search_filter": "(uid={user}"}, []string{"search_filter", "no filter"}},
		"filter for everybody":  {values{"search_filter": "(uid=*)"}, []string{"search_filter", "{user}"}},
		"user as an attribute":  {values{"search_filter": "({user}=x)"}, []string{"search_filter", "equals sign"}},
		"user as a filter":      {values{"search_filter": "(&(uid=x){user})"}, []string{"search_filter", "no filter"}},
		"braces":                {values{"search_filter": "(uid={user)"}, []string{"search_filter", "brace"}},
		"required_filter":       {values{"required_filter": "uid"}, []string{"required_filter", ""}},
		"user_attribute":        {values{"user_attribute": ""}, []string{"user_attribute", "no name"}},
		"key_attribute":         {values{"key_attribute": "ssh key"}, []string{"key_attribute", "no name"}},
		"keys that nobody reads": {
			values{"search_base": "", "user_dn": "uid={user},dc=x", "key_attribute": "sshPublicKey"}, []string{"key_attribute", "bind_dn"},
		},
		"group":           {values{"groups": []string{"cn="}}, nil},
		"bad group":       {values{"groups": []string{"=x"}}, []string{"groups", ""}},
		"group_base":      {values{"group_base": "groups"}, []string{"group_base", ""}},
		"group_filter":    {values{"group_base": people, "group_filter": "(member=x)"}, []string{"group_filter", "{dn}"}},
		"group_attribute": {values{"group_attribute": "dn"}, []string{"group_attribute", "no name"}},
		"group_name":      {values{"group_base": people, "group_name": ""}, []string{"group_name", "no name"}},
		"permission":      {values{"permissions": []string{"fly"}}, []string{"permissions", `"fly"`}},
		"unlisted":        {values{"group_permissions": map[string]string{"staff": "read"}}, []string{"group_permissions", "groups too"}},
		"unlisted home":   {values{"group_homes": map[string]string{"staff": "/"}}, []string{"group_homes", "groups too"}},
		"nothing":         {values{"groups": []string{"a"}, "group_permissions": map[string]string{"a": " "}}, []string{"group_permissions", "take it away"}},
		"odd permission":  {values{"groups": []string{"a"}, "group_permissions": map[string]string{"a": "read,fly"}}, []string{"group_permissions", `"fly"`}},
		"home":            {values{"home": "files/{user}"}, []string{"home", "absolute"}},
		"unclean home":    {values{"home": "/files/../{user}"}, []string{"home", "absolute"}},
		"bad home":        {values{"home": "/{user"}, []string{"home", "brace"}},
		"timeout":         {values{"timeout": "10"}, []string{"timeout", "unit"}},
		"connections":     {values{"connections": 0.5}, []string{"connections", "whole"}},
		"many":            {values{"connections": 1000}, []string{"connections", "64"}},
		"cache_for":       {values{"cache_for": "x"}, []string{"cache_for", "unit"}},

		"login without storage":   {values{"storage_login": "x"}, []string{"storage_login", "only with a storage"}},
		"storage":                 {with(stored, "storage", "s3"), []string{"storage", `"s3"`}},
		"no login":                {with(stored, "storage_login", ""), []string{"storage_login", "as whom"}},
		"no secret":               {with(stored, "storage_secret", ""), []string{"storage_secret", "either"}},
		"two secrets":             {with(stored, "storage_secret_attribute", "x"), []string{"storage_secret", "either"}},
		"a key for nothing":       {with(stored, "key", sealKey), []string{"key", "not set"}},
		"no key":                  {with(with(stored, "storage_secret", ""), "storage_secret_attribute", "x"), []string{"key", "base64"}},
		"an option that is not":   {with(stored, "storage_options", map[string]string{"auth_url": "http://x", "region": "x"}), []string{"storage_options", `"region"`}},
		"an option missing":       {with(stored, "storage_options", map[string]string{}), []string{"storage_options", "auth_url"}},
		"an option of that type":  {with(stored, "storage_options", map[string]string{"auth_url": "http://x", "insecure": "maybe"}), []string{"storage_options", "bool"}},
		"an option with nonsense": {with(stored, "storage_options", map[string]string{"auth_url": "x"}), []string{"storage_options", "URL"}},
		"a storage":               {stored, nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := maps.Clone(base)
			maps.Copy(all, c.more)
			_, diags := configured(t, all)
			if c.want == nil && len(diags) == 0 {
				return
			}
			if c.want == nil || len(diags) != 1 || diags[0].Attribute != c.want[0] || !strings.Contains(strings.ToLower(diags[0].Summary+diags[0].Detail), strings.ToLower(c.want[1])) {
				t.Errorf("got %+v, want one about %q", diags, c.want)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, diags := configured(t, values{"servers": []string{"x", "ldap://y"}, "start_tls": false, "timeout": "x", "permissions": []string{"x"}})
		var attributes []string
		for _, d := range diags {
			attributes = append(attributes, d.Attribute)
		}
		if want := []string{"servers", "servers", "timeout", "user_dn", "permissions"}; !slices.Equal(attributes, want) {
			t.Errorf("got %q, want %q", attributes, want)
		}
	})
}

func with(values map[string]any, name string, value any) map[string]any {
	values = maps.Clone(values)
	values[name] = value
	return values
}

// TestSchema checks that the schema contains each option of the configuration, and that secrets are
// marked.
func TestSchema(t *testing.T) {
	for _, a := range ldap.Kind().Info.Schema {
		secret := a.Name == "bind_password" || a.Name == "storage_secret" || a.Name == "key"
		if a.Secret != secret {
			t.Errorf("%s: secret is %t", a.Name, a.Secret)
		}
		if a.Type == "" || !slices.Contains([]auth.AttributeType{auth.TypeString, auth.TypeBool, auth.TypeNumber, auth.TypeStringList, auth.TypeStringMap}, a.Type) {
			t.Errorf("%s: type %q", a.Name, a.Type)
		}
	}
}
