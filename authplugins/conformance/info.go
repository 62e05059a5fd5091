package conformance

import (
	"regexp"

	"filegate/core/auth"
)

// attributeName matches the valid attribute names in the configuration file.
var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func checkInfo(t T, s Subject) {
	if s.Info.Name == "" {
		t.Errorf("it has no name: the operator's block names it, as in auth \"<name>\" \"…\" { }")
	}
	if s.Info.Version == "" {
		t.Errorf("it has no version: the log and the operator want one")
	}
	if len(s.Info.Methods) == 0 {
		t.Errorf("it has no methods: nobody can log in")
	}
	seen := map[string]bool{}
	for _, a := range s.Info.Schema {
		switch {
		case !attributeName.MatchString(a.Name):
			t.Errorf("attribute %q: a name is lower-case letters, digits and underscores, and begins with a letter", a.Name)
		case seen[a.Name]:
			t.Errorf("attribute %q is there twice", a.Name)
		}
		seen[a.Name] = true
		if a.Doc == "" {
			t.Errorf("attribute %q has no doc: it is all that the operator reads of it", a.Name)
		}
		if a.Required && a.Default != "" {
			t.Errorf("attribute %q is required and has a default: one of the two is wrong", a.Name)
		}
		if a.Secret && a.Type == auth.TypeBool {
			t.Errorf("attribute %q is a secret that is true or false", a.Name)
		}
	}
}
