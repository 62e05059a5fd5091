package ldap

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// TestNamesInEntry tests which spellings of a name count as the name in the entry.
func TestNamesInEntry(t *testing.T) {
	for _, c := range []struct {
		filter, dn string // of which one is set
		attribute  string
		values     []string
		login      string
		want       bool
	}{
		{filter: "(cn={user})", attribute: "cn", values: []string{"x", "Alice Å"}, login: " alice å", want: true},
		{filter: "(cn={user})", attribute: "cn", values: []string{"Alice Å"}, login: "alice  å"},
		{filter: "(cn={user})", attribute: "cn", values: []string{"Alice"}, login: "ali*"},
		{filter: "(cn={user})", attribute: "cn", values: []string{"Alice"}, login: "ál.ce"},
		{filter: "(cn={user})", attribute: "cn", values: []string{"alice"}, login: "\uff41lice"},
		{filter: "(cn={user})", attribute: "cn", values: []string{"tess"}, login: "te\u017f\u017f"},
		{filter: "(cn~={user})", attribute: "cn", values: []string{"alice"}, login: "alice", want: true},
		{filter: "(cn:caseExactMatch:={user})", attribute: "CN", values: []string{"alice"}, login: "alice", want: true},
		{filter: "(&(objectClass=person)(|(uid={user})(mail={user}@example.net)))", attribute: "mail", values: []string{"Alice@Example.net"}, login: "alice", want: true},
		{filter: "(mail={user}@*.net)", attribute: "mail", values: []string{"alice@example.net"}, login: "alice", want: true},
		{filter: "(mail={user}@*.net)", attribute: "mail", values: []string{"alice@example.net.com"}, login: "alice"},
		{filter: "(mail=*:{user}@*)", attribute: "mail", values: []string{"SMTP:alice@example.net"}, login: "alice", want: true},
		{filter: "(mail=*:{user}@*)", attribute: "mail", values: []string{"SMTP:palice@example.net"}, login: "alice"},
		{filter: `(cn=\2a{user})`, attribute: "cn", values: []string{"*alice"}, login: "alice", want: true},
		{filter: "(&(uid=*)(!(cn={user}))(description={user}))", attribute: "cn", values: []string{"alice"}, login: "alice"},
		{dn: "cn={user}+sn=x,dc=example", attribute: "cn", values: []string{"Alice, B."}, login: "alice, b.", want: true},
		{dn: "cn={user}+sn=x,dc=example", attribute: "cn", values: []string{"Alice"}, login: "alice ", want: true},
		{dn: "cn={user}+sn=x,dc=example", attribute: "cn", values: []string{"Alice"}, login: "älice"},
	} {
		a := &Authenticator{settings: settings{userAttribute: "uid"}}
		if c.dn != "" {
			dn, err := parseDN(c.dn)
			if err != nil {
				t.Fatal(err)
			}
			a.assertions = dnAssertions(dn)
		} else {
			filter, err := parseFilter(c.filter, placeUser)
			if err != nil {
				t.Fatal(err)
			}
			a.assertions = filterAssertions(filter)
		}
		e := ldap.NewEntry("uid=x", map[string][]string{c.attribute: c.values, "uid": {"u"}})
		if err := a.checkName(e, c.login); (err == nil) != c.want {
			t.Errorf("%s%s with %s %q, login %q: got %v, want a match: %t", c.filter, c.dn, c.attribute, c.values, c.login, err, c.want)
		}
		if err := a.checkName(e, "U"); err != nil {
			t.Errorf("%s%s: the name in user_attribute: %v", c.filter, c.dn, err)
		}
	}
}
