package ldap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// maxName is the maximum length of a user name, in bytes.
const maxName = 256

// Placeholders that are not attributes of the entry.
const (
	placeUser = "user"
	placeDN   = "dn"
)

// template is a text with placeholders: "{user}", or an attribute of the user's entry, such as
// "{uid}".
type template struct {
	texts []string // around the placeholders, so one more than names
	names []string // of the placeholders
}

var placeholder = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9-]*)\}`)

// parseTemplate parses a template.
func parseTemplate(text string) (template, error) {
	var t template
	end := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		t.texts = append(t.texts, text[end:at[0]])
		t.names = append(t.names, text[at[2]:at[3]])
		end = at[1]
	}
	t.texts = append(t.texts, text[end:])
	if strings.ContainsAny(strings.Join(t.texts, ""), "{}") {
		return template{}, fmt.Errorf("%q has a brace that belongs to no placeholder: write {user}, or an attribute's name as in {uid}", text)
	}
	return t, nil
}

// isEmpty reports whether the template is the empty text.
func (t template) isEmpty() bool { return len(t.names) == 0 && strings.Join(t.texts, "") == "" }

// isWhole reports whether the template consists of a single placeholder.
func (t template) isWhole() bool { return len(t.names) == 1 && strings.Join(t.texts, "") == "" }

// expand returns the text with each placeholder replaced by its value.
func (t template) expand(value func(name string) (string, error)) (string, error) {
	var b strings.Builder
	for i, name := range t.names {
		v, err := value(name)
		if err != nil {
			return "", err
		}
		b.WriteString(t.texts[i])
		b.WriteString(v)
	}
	b.WriteString(t.texts[len(t.texts)-1])
	return b.String(), nil
}

// attributes returns the attributes that the template needs.
func (t template) attributes() []string {
	var names []string
	for _, name := range t.names {
		if name != placeUser {
			names = append(names, name)
		}
	}
	return names
}

// fits reports whether a text is acceptable as a user name.
func fits(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// parseQuery parses a template for a DN or a filter. It must contain the first placeholder of
// allowed. A placeholder must be in a value, so that a user name cannot become an attribute or an
// operator. separators are the characters between the parts.
func parseQuery(text, separators string, allowed ...string) (template, error) {
	t, err := parseTemplate(text)
	if err != nil {
		return template{}, err
	}
	for i, name := range t.names {
		if !slices.Contains(allowed, name) {
			return template{}, fmt.Errorf("{%s} has no meaning here: there is {%s}", name, strings.Join(allowed, "}, {"))
		}
		before := strings.Join(t.texts[:i+1], "\x00")
		if part := before[strings.LastIndexAny(before, separators)+1:]; !strings.Contains(part, "=") {
			return template{}, fmt.Errorf("{%s} is not in a value: write it behind an equals sign, as in uid={user}", name)
		}
	}
	if len(t.names) == 0 {
		return template{}, fmt.Errorf("it is the same for every user: put {%s} in", allowed[0])
	}
	return t, nil
}

// parseDN parses a template for the DN of a user.
func parseDN(text string) (template, error) {
	t, err := parseQuery(text, ",+;", placeUser)
	if err != nil {
		return template{}, err
	}
	if strings.Contains(text, `\`) {
		return template{}, errors.New("a DN with a backslash cannot be a template: use search_base")
	}
	if _, err := ldap.ParseDN(t.dn("someone")); err != nil {
		return template{}, fmt.Errorf("%q is no DN: %w", text, err)
	}
	return t, nil
}

// dn returns the DN of the user with this name.
func (t template) dn(user string) string {
	text, _ := t.expand(func(string) (string, error) { return ldap.EscapeDN(user), nil })
	return text
}

// parseFilter parses a template for a filter.
func parseFilter(text string, allowed ...string) (template, error) {
	t, err := parseQuery(text, "(", allowed...)
	if err != nil {
		return template{}, err
	}
	if _, err := ldap.CompileFilter(t.filter("someone", "cn=someone")); err != nil {
		return template{}, fmt.Errorf("%q is no filter: %w", text, err)
	}
	return t, nil
}

// filter returns the filter for the user with this name and DN.
func (t template) filter(user, dn string) string {
	text, _ := t.expand(func(name string) (string, error) {
		if name == placeDN {
			return ldap.EscapeFilter(dn), nil
		}
		return ldap.EscapeFilter(user), nil
	})
	return text
}
