package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/core/auth"
)

func peopleSchema() auth.Schema {
	return auth.Schema{
		{Name: "url", Type: auth.TypeString, Required: true, Doc: "Where the people are."},
		{Name: "active", Type: auth.TypeBool},
		{Name: "limit", Type: auth.TypeNumber},
		{Name: "groups", Type: auth.TypeStringList},
		{Name: "labels", Type: auth.TypeStringMap},
		{Name: "pin", Type: auth.TypeString, Secret: true},
	}
}

const aroundAuth = `
backend "store" "main" { root = "/" }
frontend "door" "public" { listen = ["127.0.0.1:1"] }
`

func parseAuth(t *testing.T, block string) *Auth {
	t.Helper()
	cfg, err := Parse([]byte(block+aroundAuth), "test.hcl", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Auths[0]
}

func TestDecodeMakesJSON(t *testing.T) {
	a := parseAuth(t, `auth "people" "x" {
  config {
    url    = "http://${env("SOME_NAME")}/"
    active = true
    limit  = 5
    groups = ["a", "b"]
    labels = { k = "v" }
    pin    = null
  }
}`)
	got, diags := a.Decode(peopleSchema())
	if len(diags) > 0 {
		t.Fatal(a.Locate(diags))
	}
	want := `{"active":true,"groups":["a","b"],"labels":{"k":"v"},"limit":5,"url":"http://from the environment/"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

// TestDecodeMistakes tests that mistakes from Decode and from the program are shown in the file,
// without secrets in the shown lines.
func TestDecodeMistakes(t *testing.T) {
	a := parseAuth(t, `auth "people" "x" {
  config {
    actvie = true
    limit  = "5"
    groups = "a"
    pin    = 12345
  }
}`)
	text, diags := a.Decode(peopleSchema())
	if text != nil {
		t.Errorf("Decode returned %s beside its diagnostics", text)
	}
	diags = append(diags, auth.Diagnostic{Attribute: "pin", Summary: "Pin too weak", Detail: "Take another."})
	got := a.Locate(diags).Error()
	golden(t, filepath.FromSlash("testdata/plugin.want"), got+"\n")
	if strings.Contains(got, "12345") {
		t.Error("a secret of the authenticator's schema is shown")
	}
}

func TestDecodeRefusesUnknownTypes(t *testing.T) {
	a := parseAuth(t, `auth "people" "x" {}`)
	if _, diags := a.Decode(auth.Schema{{Name: "x", Type: "complex"}}); len(diags) != 1 {
		t.Errorf("a schema with an unknown type brings %v, want one diagnostic", diags)
	}
}

// TestPluginDirs tests that the first of several directories that contains a program is used.
func TestPluginDirs(t *testing.T) {
	for _, dirs := range []string{`"testdata/plugins"`, `["testdata/good", "testdata/plugins", "testdata/bad"]`} {
		a := parseAuth(t, "plugin_dir = "+dirs+"\nauth \"people\" \"x\" {}")
		if dir := filepath.Base(filepath.Dir(a.Path)); dir != "plugins" {
			t.Errorf("plugin_dir = %s: the program is %s", dirs, a.Path)
		}
	}
	_, err := Parse([]byte(`plugin_dir = ["testdata/good", "testdata/plugins"]`+"\nauth \"poeple\" \"x\" {}"+aroundAuth), "test.hcl", testOptions())
	if err == nil || !strings.Contains(err.Error(), "other directories of plugin_dir") || !strings.Contains(err.Error(), `Did you mean "people"?`) {
		t.Errorf("a program that is in none of them: %v", err)
	}
}
