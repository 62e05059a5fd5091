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
		{"app=0123abcd", Login{Credential: "0123abcd"}},
		{"app=backup.alice", Login{Credential: "backup", User: "alice"}},
		{"app=my backup@home.alice@corp.example.org", Login{Credential: "my backup@home", User: "alice", UserDomain: "corp.example.org"}},
		{"app=backup.id=7a87", Login{Credential: "backup", User: "id=7a87"}},
		{"trust=0123abcd.alice@corp", Login{Trust: "0123abcd", User: "alice", UserDomain: "corp"}},
		{"?.alice", Login{Choose: true, User: "alice"}},
		{"?.first.last@corp", Login{Choose: true, User: "first.last", UserDomain: "corp"}},
		{"?", Login{User: "?"}},
		{"id=7a87.id=d9f1", Login{Project: "id=7a87", User: "id=d9f1"}},
		{"p@id=ab.alice@id=cd", Login{Project: "p", ProjectDomain: "id=ab", User: "alice", UserDomain: "id=cd"}},
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
	for _, name := range []string{"", ".", "@", "p.", "p.@corp", "@corp", "@dom.alice", "p@dom.", "p@dom.@corp", "?.", "?.@corp", "app=x.", "app=.alice@", "app=", "trust=x", "trust=.alice", "trust=x.", "id=", "p.id="} {
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
		{form{domain: "@"}, "p.alice@example.com", Login{User: "p.alice", UserDomain: "example.com"}},
		{form{domain: "@"}, "app=0123", Login{Credential: "0123"}},
		{form{}, "p.alice@example.com", Login{User: "p.alice@example.com"}},
		{form{}, "?.alice", Login{User: "?.alice"}},
		{form{tenant: ":", domain: "%"}, "?:alice%corp", Login{Choose: true, User: "alice", UserDomain: "corp"}},
		{form{tenant: ".", plain: true}, "app=x.alice", Login{Project: "app=x", User: "alice"}},
		{form{tenant: ".", plain: true}, "?.alice", Login{Project: "?", User: "alice"}},
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

// FuzzParse checks two rules: a parsed login has a user and loses no text, and the full form is
// split into the parts that it was made of.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"alice", "p@example.com.alice@corp", ".alice@example.com", "@.@.@", "p.a@b@", "\xff.\xfe@"} {
		f.Add(name, ".", "@")
	}
	for _, name := range []string{"app=0123", "app=x.alice@corp", "trust=0123.alice", "?.alice@corp", "id=1.id=2", "app=.@"} {
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
		if login.User == "" && login.Credential == "" {
			t.Fatalf("%q: no user", name)
		}
		text := login.Project + login.ProjectDomain + login.User + login.UserDomain
		switch {
		case login.Credential != "":
			text += credentialMark + login.Credential
		case login.Trust != "":
			text += trustMark + login.Trust
		case login.Choose:
			text += chooseMark
		}
		if n := len(text); n > len(name) || n+2*len(domain)+len(tenant) < len(name) {
			t.Fatalf("%q: parts %+v lose text", name, login)
		}
		// Each part without separators, except that domains contain a project separator.
		for _, part := range []string{login.Project, login.ProjectDomain, login.User, login.UserDomain} {
			if part == "" || strings.ContainsAny(part, tenant+domain) {
				return
			}
		}
		if login.Project == chooseMark || strings.HasPrefix(login.Project, credentialMark) || strings.HasPrefix(login.Project, trustMark) {
			return // would have another form
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
