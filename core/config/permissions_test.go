package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPermissions tests the warnings about files and directories of a configuration that others can
// read or change.
func TestPermissions(t *testing.T) {
	const (
		parts = `auth "people" "x" { path = "/bin/true" }
backend "store" "y" { root = "/" }
frontend "door" "z" { listen = ["127.0.0.1:1"] }
include = "conf.d/*.hcl"
`
		literal = "admin {\n listen = \"127.0.0.1:0\"\n token = \"0123456789abcdef0123\"\n}\n"
		fromEnv = "admin {\n listen = \"127.0.0.1:0\"\n token = env(\"TOKEN\")\n}\n"
	)
	type modes struct{ dir, main, included, file os.FileMode }
	safe := modes{0o755, 0o644, 0o755, 0o644}
	for _, tt := range []struct {
		name, main, included string
		modes                modes
		want                 []string // summaries, without the directory
	}{
		{"no secret", "", "", safe, nil},
		{"a secret from the environment", fromEnv, "", safe, nil},
		{"a secret", literal, "", safe, []string{"Everybody on this machine can read gateway.hcl (mode 0644)"}},
		{"a secret for the group", literal, "", modes{0o755, 0o640, 0o755, 0o644}, nil},
		{"an included secret", "", literal, safe, []string{"Everybody on this machine can read conf.d/a.hcl (mode 0644)"}},
		{"a file for all", "", "", modes{0o755, 0o646, 0o755, 0o644}, []string{"Everybody on this machine can change gateway.hcl"}},
		{"an included file for all", "", "", modes{0o755, 0o644, 0o755, 0o666}, []string{"Everybody on this machine can change conf.d/a.hcl"}},
		{"a directory for all", "", "", modes{0o777, 0o644, 0o755, 0o644}, []string{"Everybody on this machine can change the files of ."}},
		{"a directory as /tmp", "", "", modes{0o777 | os.ModeSticky, 0o644, 0o755, 0o644}, nil},
		{"included files as in /tmp", "", "", modes{0o755, 0o644, 0o777 | os.ModeSticky, 0o644}, []string{"Everybody on this machine can change the files of conf.d"}},
	} {
		dir := t.TempDir()
		main, sub := filepath.Join(dir, "gateway.hcl"), filepath.Join(dir, "conf.d")
		file := filepath.Join(sub, "a.hcl")
		if err := errors.Join(
			os.Mkdir(sub, 0o700), os.WriteFile(main, []byte(parts+tt.main), 0o600), os.WriteFile(file, []byte(tt.included), 0o600),
			os.Chmod(dir, tt.modes.dir), os.Chmod(main, tt.modes.main), os.Chmod(sub, tt.modes.included), os.Chmod(file, tt.modes.file),
		); err != nil {
			t.Fatal(err)
		}
		opts := testOptions()
		opts.LookupEnv = func(string) (string, bool) { return "0123456789abcdef0123", true }
		cfg, err := Load(main, opts)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range cfg.Warnings() {
			summary := strings.ReplaceAll(d.Summary, dir+"/", "")
			got = append(got, strings.ReplaceAll(summary, dir, "."))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: warnings %q, want %q", tt.name, got, tt.want)
		}
	}
}
