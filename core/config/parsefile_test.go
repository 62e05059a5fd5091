package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParseFile tests that a mistake that a part reports in its own file is shown in its block and
// at its list element.
func TestParseFile(t *testing.T) {
	const text = `
person "alice" {
  keys = ["one",
    "two"]
}
person "bob" {
  keys = ["three"]
}
`
	var people struct {
		People []struct {
			Name  string   `hcl:"name,label"`
			Keys  []string `hcl:"keys"`
			Place Block    `hcl:",place"`
		} `hcl:"person,block"`
	}
	whole, err := ParseFile([]byte(text), "people.hcl", &people)
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := people.People[0], people.People[1]
	if diff := cmp.Diff([]string{"three"}, bob.Keys); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		diag Diagnostic
		want string
	}{
		{alice.Place.Diagnose("keys.1", "Bad key", "Fix it."), `on people.hcl line 4, in person "alice"`},
		{alice.Place.Diagnose("keys.7", "Bad key", "Fix it."), `on people.hcl line 3, in person "alice"`},
		{bob.Place.Diagnose("keys.0", "Bad key", "Fix it."), `on people.hcl line 7, in person "bob"`},
		{bob.Place.Diagnose("", "Bad person", "Fix it."), `on people.hcl line 6, in person "bob"`},
		{whole.Diagnose("", "Bad file", "Fix it."), `on people.hcl line 1`},
	} {
		if got := (Diagnostics{c.diag}).Error(); !strings.Contains(got, c.want) {
			t.Errorf("got\n%s\nwant it to have %q", got, c.want)
		}
	}
}

func TestParseFileMistakes(t *testing.T) {
	var f struct {
		Name string `hcl:"name"`
	}
	for _, text := range []string{
		`name = `, `nam = "x"`, `name = 5`, `name = env("HOME")`, `name = x`, ``,
		`nom = "hunter2"`, `nom = hunter2`, `nom = ["hunter2"]`, `nom = { "hunter2" = 1 }`, `nom { x = "hunter2" }`, `name { x = "hunter2" }`,
		"nom = <<END\n  hunter2\nEND\n", "name = \"a\nnom = \"hunter2\"\n", `nom = "hunter2" }`, `nom: "hunter2"`, "nom = <<END\nhunter2=\nEND\nx y",
	} {
		_, err := ParseFile([]byte(text), "f.hcl", &f)
		if _, ok := errors.AsType[Diagnostics](err); !ok {
			t.Errorf("%q: got %v, want diagnostics", text, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: a secret is shown in\n%v", text, err)
		}
	}
}
