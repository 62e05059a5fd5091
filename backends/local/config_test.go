package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filegate/backends/local"
	"filegate/core/backend"
)

func TestValidate(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	for _, tt := range []struct {
		root    string
		summary string // empty: nothing is reported
	}{
		{dir, ""},
		{"", "not an absolute path"},
		{"files", "not an absolute path"},
		{filepath.Join(dir, "missing"), "cannot be used"},
		{filepath.Join(dir, "file"), "not a directory"},
	} {
		cfg := local.Kind().Config().(*local.Config)
		cfg.Root = tt.root
		var reports []string
		cfg.Validate(func(attribute, summary, detail string) {
			if attribute != "root" || detail == "" {
				t.Errorf("root = %q: reported of %q: %q, %q", tt.root, attribute, summary, detail)
			}
			reports = append(reports, summary)
		})
		switch {
		case tt.summary == "" && len(reports) > 0, tt.summary != "" && (len(reports) != 1 || !strings.Contains(reports[0], tt.summary)):
			t.Errorf("root = %q: reported %q, want %q", tt.root, reports, tt.summary)
		}
		if _, err := cfg.New(backend.Env{}); (err == nil) != (tt.summary == "") && filepath.IsAbs(tt.root) {
			t.Errorf("root = %q: New = %v, after Validate reported %q", tt.root, err, reports)
		}
	}
}
