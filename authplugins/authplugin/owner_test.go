package authplugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwners tests that a program that another user of the machine could replace is refused, and
// that the error names the file or directory.
func TestOwners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plugins")
	program := filepath.Join(dir, "program")
	for what, tt := range map[string]struct {
		dir, file os.FileMode
		by        string // empty: accepted
	}{
		"a program of ours":              {0o755, 0o755, ""},
		"a program that others write to": {0o755, 0o757, program},
		"a directory that they write to": {0o757, 0o755, dir},
		"one that is sticky":             {0o777 | os.ModeSticky, 0o755, ""},
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, mode := range map[string]os.FileMode{dir: tt.dir, program: tt.file} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
		switch err := checkOwners(program); {
		case tt.by == "" && err != nil:
			t.Errorf("%s: %v", what, err)
		case tt.by != "" && (err == nil || !strings.Contains(err.Error(), tt.by+" ")):
			t.Errorf("%s: %v, want an error about %s", what, err, tt.by)
		}
	}
}
