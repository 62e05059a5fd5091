package ldap

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// FuzzNames inserts arbitrary names into DNs and filters. The name must stay one unchanged value.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"alice", "*", "a)(b=*", "a,ou=x", "#a", " a ", `\`, `\2a`, "a+b=c", "é", "\x00", `"`, "a;b", "<>", "=", "\\\\,", "(", "\xff", "a\u00a0"} {
		f.Add(name)
	}
	dn, err := parseDN("uid={user},ou=people")
	if err != nil {
		f.Fatal(err)
	}
	filter, err := parseFilter("(&(objectClass=person)(|(uid={user})(mail={user}@x)))", placeUser)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !fits(name) {
			if name != "" && len(name) <= maxName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz.-_ 0123456789") == "" {
				t.Errorf("%q does not fit", name)
			}
			return
		}
		parsed, err := ldap.ParseDN(dn.dn(name))
		if err != nil || len(parsed.RDNs) != 2 || len(parsed.RDNs[0].Attributes) != 1 || parsed.RDNs[0].Attributes[0].Value != name {
			t.Errorf("the DN %q for %q: %v, %v", dn.dn(name), name, parsed, err)
		}
		packet, err := ldap.CompileFilter(filter.filter(name, ""))
		if err != nil {
			t.Fatalf("the filter %q for %q: %v", filter.filter(name, ""), name, err)
		}
		or := packet.Children[1]
		if len(packet.Children) != 2 || len(or.Children) != 2 {
			t.Fatalf("the filter %q for %q has other parts", filter.filter(name, ""), name)
		}
		for i, want := range []string{name, name + "@x"} {
			equal := or.Children[i]
			if equal.Tag != ldap.FilterEqualityMatch || equal.Children[1].Data.String() != want {
				t.Errorf("the filter %q for %q looks for %q", filter.filter(name, ""), name, equal.Children[1].Data.String())
			}
		}
	})
}

// FuzzTemplate parses arbitrary texts as each kind of template. With an accepted template, a name
// must stay in its value.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"uid={user},dc=x", "(uid={user})", "{user}", "(&{user})", "(a={user}*)", "{a}{b}", "{{user}}", "cn=a+uid={user}", "(a:dn:={user})", `a=\{user}`, "(a>={user})"} {
		f.Add(text)
	}
	const name = `x)(y=*,z=+#" \`
	f.Fuzz(func(t *testing.T, text string) {
		if tpl, err := parseDN(text); err == nil {
			plain, err1 := ldap.ParseDN(tpl.dn("x"))
			odd, err2 := ldap.ParseDN(tpl.dn(name))
			if err1 != nil || err2 != nil || len(plain.RDNs) != len(odd.RDNs) {
				t.Errorf("%q is taken for a DN: %v, %v", text, err1, err2)
			}
		}
		if tpl, err := parseFilter(text, placeUser); err == nil {
			plain, err1 := ldap.CompileFilter(tpl.filter("x", ""))
			odd, err2 := ldap.CompileFilter(tpl.filter(name, ""))
			if err1 != nil || err2 != nil || len(plain.Children) != len(odd.Children) || plain.Tag != odd.Tag {
				t.Errorf("%q is taken for a filter: %v, %v", text, err1, err2)
			}
		}
	})
}
