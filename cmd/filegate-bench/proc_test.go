package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	// utime 7, stime 5, cutime 11, cstime 13, and a name with confusing characters.
	const good = "1234 (a) b (c) S 1 1234 1234 0 -1 4194560 2283 4611 14 3 7 5 11 13 20 0 1 0 2312 17129472 1870 18446744073709551615 1 1 0\n"
	got, err := parseStat([]byte(good))
	if want := (7 + 5 + 11 + 13) * tick; err != nil || got != want {
		t.Errorf("parseStat = %v, %v, want %v", got, err, want)
	}
	for name, bad := range map[string]string{
		"nothing":   "",
		"no name":   "1234 S 1 2 3",
		"too short": "1234 (sh) S 1 1234 1234 0 -1 4194560 2283 4611 14 3 7 5 11",
		"no number": strings.Replace(good, " 7 5 ", " 7 x ", 1),
	} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%s: parseStat = %v, want an error", name, got)
		}
	}
}

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte("Name:\tsshd\nVmPeak:\t   15432 kB\nVmHWM:\t    7480 kB\nVmRSS:\t    7000 kB\n"))
	if want := int64(7480 << 10); err != nil || got != want {
		t.Errorf("parseStatus = %d, %v, want %d", got, err, want)
	}
	if got, err := parseStatus([]byte("Name:\tsshd\nState:\tZ (zombie)\n")); err != nil || got != 0 {
		t.Errorf("parseStatus of a process that has ended = %d, %v, want 0", got, err)
	}
	for _, bad := range []string{"VmHWM:\t12 pages\n", "VmHWM:\tmany kB\n"} {
		if got, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("parseStatus(%q) = %d, want an error", bad, got)
		}
	}
}

// TestUsageOfChildren runs a shell that does all its work in children: one that has ended, and one
// that is running.
func TestUsageOfChildren(t *testing.T) {
	const work = `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; `
	const there = `echo there; read end`
	for _, tt := range []struct{ name, script string }{
		{"a child that has ended", `(` + work + `); ` + there},
		{"a child that is there", `(` + work + there + `); exit`},
		{"a child of a child", `((` + work + `); ` + there + `); exit`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", tt.script) //nolint:noctx,gosec // it ends with its input
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer in.Close()
			if _, err := out.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
			u, err := usageOf(cmd.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			if u.cpu < 2*tick || u.peak <= 0 {
				t.Errorf("it has used %v and %d bytes, which is less than its work needs", u.cpu, u.peak)
			}
		})
	}
}
