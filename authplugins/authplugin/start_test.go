package authplugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
)

// TestStartFailures tests that each reason of a failed start has its own error text with advice,
// and that nothing is left afterwards.
func TestStartFailures(t *testing.T) {
	write := func(mode os.FileMode, text string) string {
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path, sha256, want string
	}{
		{"missing", filepath.Join(t.TempDir(), "filegate-auth-fake"), "", "no such file: install the program there"},
		{"directory", t.TempDir(), "", "it is not a file"},
		{"not executable", write(0o644, "#!/bin/sh\n"), "", "may not be executed"},
		{"not a program", write(0o755, "hello"), "", "it cannot be run: it is no program for this machine, and a script must begin with #!"},
		{"no interpreter", write(0o755, "#!/usr/bin/python9 -u\nprint()\n"), "", `its interpreter "/usr/bin/python9" does not exist: install it`},
		{"interpreter not executable", write(0o755, "#!/etc/passwd\n"), "", `its interpreter "/etc/passwd" may not be executed`},
		{"no interpreter in the path", write(0o755, "#!/usr/bin/env python9\n"), "", `; it said last: "/usr/bin/env: `},
		{"line ends of Windows", write(0o755, "#!/bin/sh\r\nexit\r\n"), "", "its first line ends with a carriage return"},
		{"no checksum", programAs(t, "good"), "abc", "is no checksum: give the 64 hexadecimal digits"},
		{"wrong checksum", programAs(t, "good"), strings.Repeat("00", 32), "install the right program, or correct sha256"},
		{"wrong kind", programAs(t, "other"), "", `it is authenticator "other" and not "fake": check its path`},
		{"exits at once", programAs(t, "exits"), "", `it ended before it was ready (exit status 3); it said last: "cannot find my libraries\\x1b[2J"`},
		{"prints rubbish", programAs(t, "rubbish"), "", `"Hello, world!" came on its standard output instead of the handshake`},
		{"prints first", programAs(t, "talks-first"), "", "prints before it serves"},
		{"prints a line without end", programAs(t, "long-line"), "", "it is no authenticator"},
		{"an old version", programAs(t, "old-version"), "", "speaks version 0 of the protocol and this gateway version 1: update the program"},
		{"another version", programAs(t, "next-version"), "", "speaks version 99 of the protocol and this gateway version 1: update filegate"},
		{"another handshake", programAs(t, "next-handshake"), "", "its handshake is of version 2 of go-plugin, and this gateway's of version 1"},
		{"no versions", programAs(t, "no-versions"), "", "begins with no versions"},
		{"net/rpc", programAs(t, "netrpc"), "", `it speaks "netrpc" instead of grpc`},
		{"another address", programAs(t, "elsewhere"), "", "it listens on tcp 192.0.2.1:22 instead of"},
		{"hangs", programAs(t, "silent"), "", "it was not ready within 2s: it has printed no handshake"},
		{"does not flush", programAs(t, "no-flush"), "", "it listens on a socket, but its handshake has not arrived: print 1|1|unix|"},
		{"ends no line", programAs(t, "no-newline"), "", "its handshake has no end of line"},
		{"hangs in Describe", programAs(t, "no-describe"), "", "it has printed its handshake, but not answered Describe"},
		{"hangs in Configure", programAs(t, "no-configure"), "", "it has not answered Configure within 2s: Configure must not wait for a network"},
		{"another program", "/bin/true", "", "it ended before it was ready (exit status 0)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of them wait
			dir := mustTempDir(t)
			s := spec(t, c.path, nil)
			s.SHA256 = c.sha256
			p, diags, err := (&Launcher{StartTimeout: 2 * time.Second, SocketDir: dir}).Launch(t.Context(), s)
			if err == nil || p != nil || diags != nil {
				t.Fatalf("got %v, %v, %v, want an error", p, diags, err)
			}
			if text := err.Error(); !strings.Contains(text, c.want) || !strings.Contains(text, `authenticator "tested"`) || !strings.Contains(text, c.path) {
				t.Errorf("error %q\nshould say %q, and which authenticator and file it is about", text, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%v is left in the directory for sockets", left)
			}
		})
	}
}

func TestStartGivenUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _, err := (&Launcher{StartTimeout: time.Minute}).Launch(ctx, spec(t, programAs(t, "silent"), nil))
	if err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("got %v after %s, want an error when the context ends", err, time.Since(began))
	}
}

func TestLongSocketDir(t *testing.T) {
	_, _, err := (&Launcher{SocketDir: "/tmp/" + strings.Repeat("x", 60)}).Launch(t.Context(), spec(t, programAs(t, "good"), nil))
	if err == nil || !strings.Contains(err.Error(), "use one of at most 40 characters") {
		t.Errorf("got %v", err)
	}
}

// TestStaleSocketDirs tests that a gateway removes the directory of a killed gateway, but not that
// of a running one.
func TestStaleSocketDirs(t *testing.T) {
	base := mustTempDir(t)
	mine, err := newSocketDir(base)
	if err != nil {
		t.Fatal(err)
	}
	stale, fresh := filepath.Join(base, socketDirPrefix+"stale"), filepath.Join(base, socketDirPrefix+"fresh")
	for _, dir := range []string{stale, fresh} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "plugin123"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.Chtimes(stale, old, old), os.Chtimes(mine.path, old, old)); err != nil {
		t.Fatal(err)
	}
	other, err := newSocketDir(base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("the stale directory is still there")
	}
	for _, dir := range []string{fresh, mine.path} {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("a directory in use was removed: %v", err)
		}
	}
	if err := errors.Join(mine.remove(), other.remove()); err != nil {
		t.Error(err)
	}
}

// mustTempDir creates a directory whose path is short enough for sockets, unlike that of t.TempDir.
func mustTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fg") //nolint:usetesting // t.TempDir is too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestUnknownAttributeType(t *testing.T) {
	kind := fakeKind()
	kind.Info.Schema = append(kind.Info.Schema, auth.Attribute{Name: "later", Type: "matrix"})
	if _, _, _, err := InMemory(t.Context(), kind, []byte("{}")); err == nil || !strings.Contains(err.Error(), `"later"`) {
		t.Errorf("got %v, want an error that names the attribute", err)
	}
}
