package api

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

// TestEscapeElement checks that each name in Swift is shown as a valid name, and that no two are
// shown as the same name.
func TestEscapeElement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.Bool().Draw(t, "top")
		element := rapid.OneOf(rapid.StringMatching(`%{0,3}(\.{0,3}|@[a-c]?|x)`), rapid.String()).
			Filter(func(s string) bool { return !strings.ContainsAny(s, "/\x00") }).Draw(t, "element")
		shown := EscapeElement(element, top)
		if !vfs.ValidName(shown) || top && strings.HasPrefix(shown, AccountMark) {
			t.Errorf("%q is shown as %q, which can be no name", element, shown)
		}
		if back := UnescapeElement(shown, top); back != element {
			t.Errorf("%q is shown as %q, and that is %q", element, shown, back)
		}
		if len(element) > 3 && !strings.HasPrefix(element, EscapeMark) && !strings.HasPrefix(element, AccountMark) && shown != element {
			t.Errorf("the ordinary name %q is shown as %q", element, shown)
		}
	})
}
