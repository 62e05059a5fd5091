package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/core/testneed"
)

// TestLint runs mandoc on all pages, which reports invalid macros.
func TestLint(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		testneed.Missing(t, "mandoc is not installed")
	}
	pages, err := filepath.Glob("*.[1-8]")
	if err != nil || len(pages) < 2 {
		t.Fatalf("pages %q, %v", pages, err)
	}
	for _, page := range pages {
		if out, err := exec.Command(mandoc, "-T", "lint", "-W", "error", page).CombinedOutput(); err != nil {
			t.Errorf("%s:\n%s", page, out)
		}
	}
}

// TestCurrent checks that the page matches the current example.
func TestCurrent(t *testing.T) {
	example, err := os.ReadFile("../../../gateway.hcl.example")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Page(string(example))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("gateway.hcl.5")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("gateway.hcl.5 is not current, run go generate ./cmd/filegate/man (-want +got):\n%s", diff)
	}
}

func TestPage(t *testing.T) {
	got, err := Page(strings.Join([]string{
		"# The configuration.",
		"",
		"# An option.",
		`#top = "1s"`,
		"",
		"# What it is for.",
		"#",
		"# And which.",
		`block "a" "b" {`,
		`  # .it \ has`,
		"  # two lines",
		`  #one = ["x"]`,
		"  # Below.",
		"  inner {",
		"    two = 1",
		"  }",
		"}",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `The configuration.
.Pp
.Bl -tag -width Ds
.It Cm top No = Li \(dq1s\(dq
An option.
.El
.Sh BLOCK A B
What it is for.
.Pp
And which.
.Bl -tag -width Ds
.It Cm one No = Li [\(dqx\(dq]
\&.it \e has
two lines
.It Ic inner
Below.
.Bl -tag -width Ds
.It Cm two No = Li 1 Pq example
.El
.El
`
	if diff := cmp.Diff(head+want+foot, got); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
}

func TestBadExamples(t *testing.T) {
	for _, bad := range []string{"}", "block {", "?", "block {\n  .option = 1\n}"} {
		if got, err := Page(bad); err == nil {
			t.Errorf("%q makes the page\n%s", bad, got)
		}
	}
}
