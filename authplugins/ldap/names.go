package ldap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// nameMark represents the login's name in the value of an assertion. A name cannot contain it.
const nameMark = "\x01"

// assertion is a comparison with the login's name, in search_filter or user_dn.
type assertion struct {
	attribute string
	parts     []string // of the value, which has an asterisk between them; nameMark is the name
}

// filterAssertions returns the comparisons with the login's name in a filter.
func filterAssertions(t template) []assertion {
	packet, err := ldap.CompileFilter(t.filter(nameMark, ""))
	if err != nil {
		return nil
	}
	return comparisons(packet)
}

func comparisons(p *ber.Packet) []assertion {
	var all []assertion
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr:
		for _, child := range p.Children {
			all = append(all, comparisons(child)...)
		}
		return all
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch:
		all = append(all, assertion{text(p.Children[0]), []string{text(p.Children[1])}})
	case ldap.FilterExtensibleMatch:
		var a assertion
		for _, child := range p.Children {
			switch child.Tag {
			case ldap.MatchingRuleAssertionType:
				a.attribute = text(child)
			case ldap.MatchingRuleAssertionMatchValue:
				a.parts = []string{text(child)}
			}
		}
		all = append(all, a)
	case ldap.FilterSubstrings:
		a := assertion{attribute: text(p.Children[0])}
		for i, child := range p.Children[1].Children {
			if i == 0 && child.Tag != ldap.FilterSubstringsInitial {
				a.parts = append(a.parts, "")
			}
			a.parts = append(a.parts, text(child))
			if i == len(p.Children[1].Children)-1 && child.Tag != ldap.FilterSubstringsFinal {
				a.parts = append(a.parts, "")
			}
		}
		all = append(all, a)
	}
	return slices.DeleteFunc(all, func(a assertion) bool {
		return a.attribute == "" || !strings.Contains(strings.Join(a.parts, ""), nameMark)
	})
}

func text(p *ber.Packet) string {
	s, _ := p.Value.(string)
	return s
}

// dnAssertions returns the comparisons with the login's name in a DN.
func dnAssertions(t template) []assertion {
	dn, err := ldap.ParseDN(t.dn(nameMark))
	if err != nil {
		return nil
	}
	var all []assertion
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			if strings.Contains(a.Value, nameMark) {
				all = append(all, assertion{a.Type, []string{a.Value}})
			}
		}
	}
	return all
}

// matches reports whether a value of the entry equals that of the assertion.
func (a assertion) matches(e *ldap.Entry, login string) bool {
	var quoted []string
	for _, part := range a.parts {
		quoted = append(quoted, regexp.QuoteMeta(strings.ToLower(strings.ReplaceAll(part, nameMark, fold(login)))))
	}
	pattern, err := regexp.Compile(`(?s)\A` + strings.Join(quoted, ".*") + `\z`)
	return err == nil && slices.ContainsFunc(e.GetEqualFoldAttributeValues(a.attribute), func(v string) bool { return pattern.MatchString(fold(v)) })
}

// fold returns the text by which names are equal for the gateway, which counts the failed logins
// of each name.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// checkName returns an error unless the login's name is in the entry. A directory also ignores
// inner spaces, accents, or the width of letters. With each such spelling of a name, the gateway
// would count failed passwords from 0 again.
func (a *Authenticator) checkName(e *ldap.Entry, login string) error {
	if slices.ContainsFunc(e.GetEqualFoldAttributeValues(a.userAttribute), func(v string) bool { return fold(v) == fold(login) }) {
		return nil
	}
	attributes := []string{a.userAttribute}
	for _, assertion := range a.assertions {
		if assertion.matches(e, login) {
			return nil
		}
		attributes = append(attributes, assertion.attribute)
	}
	return fmt.Errorf("the directory has found %q, but none of its attributes %q contains the login's name in this spelling, or they cannot be read", e.DN, attributes)
}
