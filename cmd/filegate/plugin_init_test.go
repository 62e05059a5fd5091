package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filegate/authplugins/scaffold"
)

// TestInitGo checks that the Go project builds outside of this module and can be installed, and
// that its own test passes.
func TestInitGo(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	t.Parallel()
	filegate, err := exec.LookPath("filegate") // this test binary, by testscript.Main
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ticket")
	if _, err := (scaffold.Project{Form: "go", Name: "ticket", Module: "example.net/filegate-auth-ticket"}).Write(dir); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		// The modules are in the cache, because this module uses the same; no network is needed.
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -trimpath", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off", "GOBIN="+bin, "FILEGATE="+filegate)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("vet", "./...")
	run("install", ".")
	if _, err := os.Stat(filepath.Join(bin, "filegate-auth-ticket")); err != nil {
		t.Error(err)
	}
	if out := run("test", "-v", "."); !strings.Contains(out, " rules hold, 0 are broken, ") {
		t.Errorf("its test says\n%s", out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || strings.Contains(string(text), "replace") || strings.Contains(string(text), "go-plugin") {
		t.Errorf("go.mod: %v\n%s", err, text)
	}
}
