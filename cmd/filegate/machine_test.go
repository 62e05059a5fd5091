package main

import (
	"os"
	"strings"
	"testing"

	"filegate/core/config"
)

// TestMachineWarnings checks the warnings about requirements that the system does not meet.
func TestMachineWarnings(t *testing.T) {
	opts, err := configOptions()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, options, want string
		root                bool // only root gets it
	}{
		{"on this machine", ``, "", false},
		{"for others", `listen = ["127.0.0.1:2021", ":2022"]`, "Strangers talk to a process of root", true},
		{"for many", `max_connections = 2000000000`, "files can be open", false},
	} {
		cfg, err := config.Parse([]byte(`
auth "swiftv1" "only" {
  path = "/bin/true"
  config { auth_url = "http://127.0.0.1/" }
}
backend "swift" "main" {}
frontend "ftp" "public" { `+tt.options+` }
`), "test.hcl", opts)
		if err != nil {
			t.Fatal(err)
		}
		got := machineWarnings(cfg)
		text := strings.TrimSpace(got.Error())
		if tt.root && os.Geteuid() != 0 {
			tt.want = ""
		}
		if tt.want == "" && len(got) > 0 || !strings.Contains(text, tt.want) {
			t.Errorf("%s: the operator reads %q, want %q", tt.name, text, tt.want)
		}
		if len(got) > 0 && strings.Contains(text, "Error:") {
			t.Errorf("%s: a warning is shown as an error: %s", tt.name, text)
		}
	}
}
