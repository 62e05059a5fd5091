package keystone

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func usual() form { return form{tenant: ".", domain: "@"} }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		want Login
	}{
		{"alice", Login{User: "alice"}},
		{"alice@corp", Login{User: "alice", UserDomain: "corp"}},
		{"alice@mail@corp", Login{User: "alice@mail", UserDomain: "corp"}},
		{"p.alice", Login{Project: "p", User: "alice"}},
		{"p.first.last", Login{Project: "p", User: "first.last"}},
		{"p.alice@corp", Login{Project: "p", User: "alice", UserDomain: "corp"}},
		{"p.alice@corp.example.org", Login{Project: "p", User: "alice", UserDomain: "corp.example.org"}},
		{"p.alice@example.com@corp", Login{Project: "p", User: "alice@example.com", UserDomain: "corp"}},
		{"p.alice@example.com@", Login{Project: "p", User: "alice@example.com"}},
		{"p@dom.alice", Login{Project: "p", ProjectDomain: "dom", User: "alice"}},
		{"p@dom.alice@corp", Login{Project: "p", ProjectDomain: "dom", User: "alice", UserDomain: "corp"}},
		{"p@example.com.alice@corp", Login{Project: "p", ProjectDomain: "example.com", User: "alice", UserDomain: "corp"}},
		{"p@example.com.alice@corp.example.org", Login{Project: "p", ProjectDomain: "example.com", User: "alice", UserDomain: "corp.example.org"}},
		{"p@dom.alice@example.com@corp", Login{Project: "p", ProjectDomain: "dom", User: "alice@example.com", UserDomain: "corp"}},
		{"alice@example.com", Login{Project: "alice", ProjectDomain: "example", User: "com"}},
		{".alice@example.com", Login{User: "alice", UserDomain: "example.com"}},
		{".first.last", Login{User: "first.last"}},
		{"a@b@c.d", Login{User: "a@b", UserDomain: "c.d"}},
		{"größe.käthe@dömäne", Login{Project: "größe", User: "käthe", UserDomain: "dömäne"}},
	} {
		got, err := usual().parse(c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
	for _, name := range []string{"", ".", "@", "p.", "p.@corp", "@corp", "@dom.alice", "p@dom.", "p@dom.@corp"} {
		if got, err := usual().parse(name); err == nil {
			t.Errorf("%q: got %+v, want an error", name, got)
		}
	}
}

func TestParseOtherSeparators(t *testing.T) {
	for _, c := range []struct {
		form form
		name string
		want Login
	}{
		{form{tenant: ":", domain: "%"}, "p.q%example.com:first.last%corp.example.org", Login{Project: "p.q", ProjectDomain: "example.com", User: "first.last", UserDomain: "corp.example.org"}},
		{form{tenant: "--", domain: "++"}, "p++d--u++e", Login{Project: "p", ProjectDomain: "d", User: "u", UserDomain: "e"}},
		{form{tenant: "."}, "p.alice@example.com", Login{Project: "p", User: "alice@example.com"}},
		{form{tenant: "."}, "p@q.alice", Login{Project: "p@q", User: "alice"}},
	} {
		got, err := c.form.parse(c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// FuzzParse holds two rules: what parses has a user and loses no text, and the full form comes apart as it was put together.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"alice", "p@example.com.alice@corp", ".alice@example.com", "@.@.@", "p.a@b@", "\xff.\xfe@"} {
		f.Add(name, ".", "@")
	}
	f.Add("p++d--u++e", "--", "++")
	f.Fuzz(func(t *testing.T, name, tenant, domain string) {
		if tenant == "" || domain == "" || strings.Contains(tenant, domain) || strings.Contains(domain, tenant) {
			return
		}
		form := form{tenant: tenant, domain: domain}
		login, err := form.parse(name)
		if err != nil {
			return
		}
		if login.User == "" {
			t.Fatalf("%q: no user", name)
		}
		if n := len(login.Project + login.ProjectDomain + login.User + login.UserDomain); n > len(name) || n+2*len(domain)+len(tenant) < len(name) {
			t.Fatalf("%q: parts %+v lose text", name, login)
		}
		// Each part without separators, but the domains with one of the projects' in them.
		for _, part := range []string{login.Project, login.ProjectDomain, login.User, login.UserDomain} {
			if part == "" || strings.ContainsAny(part, tenant+domain) {
				return
			}
		}
		login.ProjectDomain += tenant + "x"
		login.UserDomain += tenant + "x"
		whole := login.Project + domain + login.ProjectDomain + tenant + login.User + domain + login.UserDomain
		if again, err := form.parse(whole); err != nil || again != login {
			t.Fatalf("%q: got %+v, %v, want %+v", whole, again, err, login)
		}
	})
}

func TestIsID(t *testing.T) {
	for name, want := range map[string]bool{
		"7a87265da54a4fd2b9ec97fbc856b108": true, "7A87265DA54A4FD2B9EC97FBC856B108": false, "demo": false, "": false,
		"7a87265da54a4fd2b9ec97fbc856b10g": false, strings.Repeat("ab", 32): true,
	} {
		if got := isID(name, 32, 64); got != want {
			t.Errorf("isID(%q) = %t", name, got)
		}
	}
}
