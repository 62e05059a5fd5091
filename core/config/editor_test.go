package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEditor(t *testing.T) {
	const before = `# people
user "alice" { # the first
    b    =  "1" # odd spaces stay
  list = ["x"]
  many = [
    "one", # laptop
    "two" # desktop
  ]

  /* a comment
     of two lines */
  limits { sessions = 2 }
}
user "bob" { b = "1" }
user "carl" {}`
	for _, c := range []struct {
		name, was, is string
		edit          func(e *Editor) error
	}{
		{"a value is replaced", `"1" # odd`, `"2" # odd`, func(e *Editor) error { return e.Set("user", "alice", Setting{"b", "2"}) }},
		{"an attribute is put after the last", "  ]\n\n", "  ]\n  c = \"2\"\n\n", func(e *Editor) error { return e.Set("user", "alice", Setting{"c", "2"}) }},
		{"signs are quoted", `"1" # odd`, `"$${a} \"b\" \\ $c" # odd`, func(e *Editor) error { return e.Set("user", "alice", Setting{"b", `${a} "b" \ $c`}) }},
		{"a block on one line is unfolded", `"bob" { b = "1" }`, "\"bob\" {\n  b = \"1\"\n  c = \"2\"\n}", func(e *Editor) error { return e.Set("user", "bob", Setting{"c", "2"}) }},
		{"an empty block is unfolded", `"carl" {}`, "\"carl\" {\n  c = \"2\"\n}", func(e *Editor) error { return e.Set("user", "carl", Setting{"c", "2"}) }},
		{"a list on one line grows", `["x"]`, `["x", "y"]`, func(e *Editor) error { return e.Add("user", "alice", Setting{"list", "y"}) }},
		{"a list of lines grows", `"two" # desktop`, "\"two\", # desktop\n    \"three\",", func(e *Editor) error { return e.Add("user", "alice", Setting{"many", "three"}) }},
		{"a list is begun", `"carl" {}`, "\"carl\" {\n  list = [\n    \"x\",\n  ]\n}", func(e *Editor) error { return e.Add("user", "carl", Setting{"list", "x"}) }},
		{"a block is appended", `"carl" {}`, "\"carl\" {}\n\nuser \"dora\" {\n  a    = \"1\"\n  long = \"2\"\n}\n", func(e *Editor) error {
			return e.Append("user", "dora", Setting{"a", "1"}, Setting{"long", "2"})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := NewEditor([]byte(before), "users.hcl")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.edit(e); err != nil {
				t.Fatal(err)
			}
			want := replaceOnce(t, before, c.was, c.is)
			if diff := cmp.Diff(want, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func replaceOnce(t *testing.T, text, was, is string) string {
	t.Helper()
	if strings.Count(text, was) != 1 {
		t.Fatalf("%q is not in the text just once", was)
	}
	return strings.Replace(text, was, is, 1)
}

func TestEditorRefuses(t *testing.T) {
	if _, err := NewEditor([]byte(`user "alice" {`), "users.hcl"); err == nil {
		t.Error("a file with a mistake of syntax was taken")
	}
	const text = "user \"alice\" { list = \"x\" }\n"
	e, err := NewEditor([]byte(text), "users.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"no such block": e.Set("user", "bob", Setting{"a", "b"}),
		"no list":       e.Add("user", "alice", Setting{"list", "y"}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if diff := cmp.Diff(text, string(e.Bytes())); diff != "" {
		t.Errorf("a refused edit changed the text:\n%s", diff)
	}
}

// TestEditorKeepsValues edits a file in any order, and reads back arbitrary values.
func TestEditorKeepsValues(t *testing.T) {
	type user struct {
		Name string   `hcl:"name,label"`
		A    string   `hcl:"a,optional"`
		B    string   `hcl:"b,optional"`
		List []string `hcl:"list,optional"`
	}
	type file struct {
		Users []user `hcl:"user,block"`
	}
	rapid.Check(t, func(t *rapid.T) {
		e, err := NewEditor([]byte(rapid.SampledFrom([]string{"", "# empty", "user \"x\" {} # x\n"}).Draw(t, "before")), "users.hcl")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]*user{}
		if e.Has("user", "x") {
			want["x"] = &user{Name: "x"}
		}
		value := rapid.StringMatching(`([ -~äß花]|\$\{|%\{|\n)*`)
		for range rapid.IntRange(1, 12).Draw(t, "edits") {
			name, v := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "user"), value.Draw(t, "value")
			u := want[name]
			switch {
			case u == nil:
				want[name] = &user{Name: name, A: v}
				err = e.Append("user", name, Setting{"a", v})
			case rapid.Bool().Draw(t, "list"):
				u.List = append(u.List, v)
				err = e.Add("user", name, Setting{"list", v})
			default:
				u.B = v
				err = e.Set("user", name, Setting{"b", v})
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, e.Bytes())
			}
		}
		var got file
		if _, err := ParseFile(e.Bytes(), "users.hcl", &got); err != nil {
			t.Fatalf("%v in\n%s", err, e.Bytes())
		}
		for _, u := range got.Users {
			if diff := cmp.Diff(*want[u.Name], u); diff != "" {
				t.Fatalf("(-want +got)\n%s\nin\n%s", diff, e.Bytes())
			}
			delete(want, u.Name)
		}
		if len(want) > 0 {
			t.Fatalf("missing: %v in\n%s", want, e.Bytes())
		}
	})
}
