package config

import (
	"slices"
	"strings"
	"testing"
)

func TestNeedsRestart(t *testing.T) {
	const base = `
shutdown_grace = "30s"
auth "people" "x" {
  config { url = "http://a/" }
}
backend "store" "main" { root = "/" }
frontend "door" "public" { listen = ["127.0.0.1:1"] }
`
	parse := func(text string) *Config {
		cfg, err := Parse([]byte(text), "test.hcl", testOptions())
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(base) }
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":               {base, nil},
		"a comment":             {"# x\n" + base, nil},
		"a default said":        {base + `log { level = "info" }`, nil},
		"authenticators":        {replaced(`"http://a/"`, `"http://b/"`, `{ listen = ["127.0.0.1:1"] }`, "{\n listen = [\"127.0.0.1:1\"]\n auth = [\"x\"]\n}"), nil},
		"an empty list":         {base + "login {\n ban {\n allow = []\n }\n}\n", nil},
		"an option":             {replaced(`root = "/"`, `root = "/tmp"`), nil},
		"another address":       {replaced(`:1"`, `:2"`), nil},
		"another name":          {replaced(`"public"`, `"private"`), nil},
		"core dumps":            {base + "core_dumps = true\n", []string{"core_dumps"}},
		"what is the gateway's": {replaced(`"30s"`, `"40s"`) + "log { level = \"debug\" }\nadmin { listen = \"127.0.0.1:9\" }\nlogin { fail_delay = \"7s\" }\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(c.text).NeedsRestart(parse(base)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestSameIgnoresState tests that other fields of a part's struct, which change while clients are
// served, do not make its configuration different.
func TestSameIgnoresState(t *testing.T) {
	const text = `
auth "people" "x" {
  config { url = "http://a/" }
}
backend "store" "main" { root = "/" }
frontend "door" "public" {
  listen = ["127.0.0.1:1"]
  tls { cert = "a.pem" }
}
`
	parse := func(text string) *Config {
		cfg, err := Parse([]byte(text), "test.hcl", testOptions())
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	running := parse(text)
	running.Frontends[0].Config.(*door).Clients = 3
	if !parse(text).Frontends[0].Same(running.Frontends[0]) {
		t.Error("the same file while a client is served: the frontend is said to have changed")
	}
	if parse(strings.Replace(text, "a.pem", "b.pem", 1)).Frontends[0].Same(running.Frontends[0]) {
		t.Error("an option of an inner block is said to be the same")
	}
	if !parse(text).Backends[0].Same(running.Backends[0]) || parse(strings.Replace(text, `"/"`, `"/tmp"`, 1)).Backends[0].Same(running.Backends[0]) {
		t.Error("a backend has changed, and is said to be the same, or the other way round")
	}
}

func TestSameProgram(t *testing.T) {
	const base = `auth "people" "x" {
  config {
    url    = "http://a/"
    groups = ["a"]
  }
}`
	was := parseAuth(t, base)
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"the same":         {base, true},
		"another form":     {strings.ReplaceAll(base, `"http://a/"`, `"http://${"a"}/" # x`), true},
		"another value":    {strings.ReplaceAll(base, `["a"]`, `["b"]`), false},
		"one less":         {strings.ReplaceAll(base, `groups = ["a"]`, ``), false},
		"one more":         {strings.ReplaceAll(base, `groups`, "active = true\ngroups"), false},
		"another checksum": {strings.ReplaceAll(base, `"x" {`, `"x" {`+"\nsha256 = \""+strings.Repeat("00", 32)+"\""), false},
	} {
		if got := parseAuth(t, c.text).SameProgram(was); got != c.want {
			t.Errorf("%s: SameProgram is %t", name, got)
		}
	}
}
