package ftp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

func TestListingOptions(t *testing.T) {
	store := memory()
	for _, dir := range []vfs.Path{"/d/", "/d/sub/", "/d/sub/deep/", "/e/"} {
		frontendtest.Write(t, store, dir, nil)
	}
	for name, size := range map[vfs.Path]int{"/d/a.txt": 3, "/d/b.csv": 2, "/d/c.txt": 1, "/d/sub/x.txt": 1, "/d/sub/deep/y.txt": 1, "/e/z.txt": 1, "/-l": 1, "/f[1].txt": 1} {
		frontendtest.Write(t, store, name, make([]byte, size))
	}
	r := loginRaw(t, start(t, store).Addr)
	for i, name := range []string{"b.csv", "c.txt", "a.txt"} {
		r.cmd(fmt.Sprintf("MFMT 2020010%d000000 d/%s", i+1, name), "213")
	}
	for command, want := range map[string][]string{
		"NLST -t d/*.*":       {"d/a.txt", "d/c.txt", "d/b.csv"},
		"NLST -tr d/*.*":      {"d/b.csv", "d/c.txt", "d/a.txt"},
		"NLST -r -t d/*.*":    {"d/b.csv", "d/c.txt", "d/a.txt"},
		"NLST -S d/*.*":       {"d/a.txt", "d/b.csv", "d/c.txt"},
		"NLST -F d":           {"d/a.txt", "d/b.csv", "d/c.txt", "d/sub/"},
		"NLST -d d":           {"d"},
		"NLST /d/*.csv":       {"/d/b.csv"},
		"NLST /e":             {"/e/z.txt"},
		"NLST /e/z.txt":       {"/e/z.txt"},
		"NLST d/../e":         {"e/z.txt"},
		"NLST ?/*.txt":        {"d/a.txt", "d/c.txt", "e/z.txt"},
		"NLST [de]/sub/x.txt": {"d/sub/x.txt"},
		"NLST f[1].txt":       {"f[1].txt"},
		"NLST d/[^a]*.txt":    {"d/c.txt"},
		"NLST d/[":            nil,
		"NLST -- -l":          {"-l"},
		"NLST ./-l":           {"./-l"},
		"NLST -R d":           {"d/a.txt", "d/b.csv", "d/c.txt", "d/sub", "d/sub/deep", "d/sub/x.txt", "d/sub/deep/y.txt"},
		"LIST -1 e":           {"e/z.txt"},
	} {
		if got := strings.Fields(r.fetch(command)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	if got := r.fetch("LIST -R d"); !strings.Contains(got, " sub\r\n\r\nd/sub:\r\n") || !strings.Contains(got, "\r\n\r\nd/sub/deep:\r\n-rw") {
		t.Errorf("LIST -R: %q", got)
	}
	if got := r.fetch("LIST -d d"); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "d") || !strings.HasSuffix(got, " d\r\n") {
		t.Errorf("LIST -d: %q", got)
	}
	r.cmd("TYPE A", "200")
	if got := r.fetch("NLST e"); got != "e/z.txt\r\n" {
		t.Errorf("NLST as text: %q", got)
	}
}

func TestListYear(t *testing.T) {
	store := memory()
	r := loginRaw(t, start(t, store).Addr)
	r.put("STOR f", "x")
	for _, year := range []int{time.Now().Year() + 5, 2001} {
		r.cmd(fmt.Sprintf("MFMT %d0102030405 f", year), "213")
		if got := r.fetch("LIST f"); !strings.Contains(got, fmt.Sprintf(" Jan  2  %d f", year)) {
			t.Errorf("the year %d is not shown: %q", year, got)
		}
	}
}
