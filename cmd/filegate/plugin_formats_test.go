package main

import (
	"encoding/json"
	"strings"
	"testing"

	"filegate/core/auth"
)

func TestDescriptionFormats(t *testing.T) {
	info := auth.Info{
		Name: "ticket", Version: "1.0", Methods: []auth.Method{auth.Password},
		Schema: auth.Schema{
			{Name: "url", Type: auth.TypeString, Required: true, Doc: "where tickets are checked"},
			{Name: "pin", Type: auth.TypeString, Secret: true, Default: "${x}"},
			{Name: "limit", Type: auth.TypeNumber, Default: "8"},
			{Name: "ways", Type: auth.TypeStringList, Default: "[foot]", Doc: "one | more"},
		},
	}
	for format, want := range map[string]string{
		"hcl": `auth "ticket" "main" {
  config {
    # where tickets are checked
    url = ""
    #pin = "$${x}"
    #limit = 8
    # one | more
    # Default: [foot]
    #ways = []
  }
}
`,
		"md": "# ticket 1.0\n\nMethods: password\n\n| option | type | default | meaning |\n|---|---|---|---|\n" +
			"| `url` | string | required | where tickets are checked |\n| `pin` | string, secret | `${x}` |  |\n" +
			"| `limit` | number | `8` |  |\n| `ways` | list(string) | `[foot]` | one \\| more |\n",
	} {
		var b strings.Builder
		if err := descriptionFormats()[format](&b, info); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", format, err, b.String(), want)
		}
	}
	var b strings.Builder
	if err := descriptionFormats()["json"](&b, info); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name       string
		Attributes []struct {
			Name   string
			Secret bool
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil || got.Name != "ticket" || len(got.Attributes) != 4 || !got.Attributes[1].Secret {
		t.Errorf("json: %v\n%s", err, b.String())
	}
}
