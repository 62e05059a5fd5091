package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The lines that an example has. Comments stand above the option or block that they explain.
var (
	optionLine  = regexp.MustCompile(`^ *(#?)([a-z_0-9]+) *= (.*)$`)
	blockLine   = regexp.MustCompile(`^ *#?([a-z_0-9]+)((?: "[^"]*")*) \{$`)
	commentLine = regexp.MustCompile(`^ *#(?: (.*))?$`)
)

const head = `.\" Generated from gateway.hcl.example by "go generate ./cmd/filegate/man". Do not edit.
.Dd November 30, 2026
.Dt GATEWAY.HCL 5
.Os filegate
.Sh NAME
.Nm gateway.hcl
.Nd configuration of filegate
.Sh DESCRIPTION
`

const foot = `.Sh SEE ALSO
.Xr filegate 8
`

// Page returns the manual page, in mdoc(7), for the text of an example. An error names the line
// that has none of the forms known here.
func Page(example string) (string, error) {
	var out strings.Builder
	out.WriteString(head)
	depth, items := 0, 0 // blocks that are open; lists that are
	leftOut := false     // the outermost block is commented out, with values that are examples
	var before []string  // comment lines that explain the next option or block
	for i, line := range strings.Split(strings.TrimSuffix(example, "\n"), "\n") {
		trimmed := strings.TrimSpace(line)
		switch option, block, comment := optionLine.FindStringSubmatch(line), blockLine.FindStringSubmatch(line), commentLine.FindStringSubmatch(line); {
		case trimmed == "":
			if len(before) > 0 {
				text(&out, before...)
				out.WriteString(".Pp\n")
				before = nil
			}
		case trimmed == "}" || trimmed == "#}":
			if depth--; depth < 0 {
				return "", fmt.Errorf("line %d closes a block that was not opened", i+1)
			}
			out.WriteString(".El\n")
			items--
		case comment != nil:
			before = append(before, comment[1])
		case block != nil:
			if depth == 0 {
				leftOut = strings.HasPrefix(trimmed, "#")
				fmt.Fprintf(&out, ".Sh %s\n", strings.ToUpper(strings.ReplaceAll(block[1]+block[2], `"`, "")))
			} else {
				fmt.Fprintf(&out, ".It Ic %s\n", escape(block[1]))
			}
			text(&out, before...)
			before = nil
			out.WriteString(".Bl -tag -width Ds\n")
			depth, items = depth+1, items+1
		case option != nil:
			if depth == 0 && items == 0 {
				out.WriteString(".Bl -tag -width Ds\n")
				items++
			}
			mark := "" // the value is the default
			if option[1] == "" || leftOut && depth > 0 {
				mark = " Pq example"
			}
			fmt.Fprintf(&out, ".It Cm %s No = Li %s%s\n", escape(option[2]), escape(strings.TrimSpace(option[3])), mark)
			text(&out, before...)
			before = nil
		default:
			return "", fmt.Errorf("line %d is no option, block or comment: %s", i+1, trimmed)
		}
		if trimmed == "" && depth == 0 && items > 0 {
			out.WriteString(".El\n")
			items--
		}
	}
	if depth != 0 {
		return "", fmt.Errorf("%d blocks are not closed", depth)
	}
	out.WriteString(foot)
	return out.String(), nil
}

// text writes lines of running text. An empty one begins a paragraph.
func text(out *strings.Builder, lines ...string) {
	for _, line := range lines {
		if line == "" {
			out.WriteString(".Pp\n")
			continue
		}
		out.WriteString(escape(line) + "\n")
	}
}

// escape keeps mdoc from reading its own signs in a text.
func escape(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return strings.ReplaceAll(s, `"`, `\(dq`)
}
