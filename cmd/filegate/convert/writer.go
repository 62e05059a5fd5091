package convert

import (
	"fmt"
	"strconv"
	"strings"
)

// writer writes a configuration in HCL.
type writer struct {
	text  strings.Builder
	depth int
	// disabled makes all lines comments, which begin with "#" and no space.
	disabled bool
	// noted is set if the last line is a comment.
	noted bool
}

// width is the number of columns of a comment.
const width = 100

func (w *writer) line(text string) {
	if w.disabled {
		text = "#" + text
	}
	w.text.WriteString(strings.Repeat("  ", w.depth) + text + "\n")
	w.noted = false
}

// gap writes an empty line.
func (w *writer) gap() {
	w.text.WriteString("\n")
	w.noted = false
}

// open begins a block, with an empty line before it at the top level.
func (w *writer) open(header string) {
	if w.depth == 0 {
		w.gap()
	}
	w.line(header + " {")
	w.depth++
}

func (w *writer) close() {
	w.depth--
	w.line("}")
}

// note writes a comment, wrapped at the width. An empty line separates it from another one above
// it.
func (w *writer) note(format string, args ...any) {
	if w.noted {
		w.gap()
	}
	line := "#"
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word)+2*w.depth > width && line != "#" {
			w.line(line)
			line = "#"
		}
		line += " " + word
	}
	w.line(line)
	w.noted = true
}

// set writes an attribute. The value is a string, a bool, an int, or a list of strings.
func (w *writer) set(name string, value any) {
	switch v := value.(type) {
	case string:
		w.line(name + " = " + quote(v))
	case []string:
		all := make([]string, len(v))
		for i, s := range v {
			all[i] = quote(s)
		}
		w.line(name + " = [" + strings.Join(all, ", ") + "]")
	default:
		w.line(fmt.Sprintf("%s = %v", name, v))
	}
}

// quote returns a string as HCL reads it.
func quote(s string) string {
	var q strings.Builder
	q.WriteByte('"')
	for _, r := range strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s) {
		switch {
		case r == '"', r == '\\':
			q.WriteString(`\` + string(r))
		case strconv.IsPrint(r):
			q.WriteRune(r)
		default:
			fmt.Fprintf(&q, `\U%08x`, r)
		}
	}
	return q.String() + `"`
}
