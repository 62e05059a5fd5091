package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Editor changes a file and preserves everything else in it: comments, order and spaces.
type Editor struct {
	name string
	text []byte
	body *hclsyntax.Body
}

// Setting is an attribute and its new value.
type Setting struct{ Name, Value string }

// NewEditor returns an Editor for the text of a file, which must have no syntax errors. The error
// is of type [Diagnostics].
func NewEditor(text []byte, filename string) (*Editor, error) {
	e := &Editor{name: filename}
	return e, e.become(text)
}

// Bytes returns the current text.
func (e *Editor) Bytes() []byte { return bytes.Clone(e.text) }

// Has reports whether the file has a block of this type with this label.
func (e *Editor) Has(block, label string) bool { return e.find(block, label) != nil }

// Append adds a block at the end of the file.
func (e *Editor) Append(block, label string, settings ...Setting) error {
	var b bytes.Buffer
	b.Write(e.text)
	if len(e.text) > 0 {
		if e.text[len(e.text)-1] != '\n' {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	var lines bytes.Buffer
	fmt.Fprintf(&lines, "%s %s {\n", block, quote(label))
	for _, s := range settings {
		fmt.Fprintf(&lines, "%s = %s\n", s.Name, quote(s.Value))
	}
	lines.WriteString("}\n")
	b.Write(hclwrite.Format(lines.Bytes()))
	return e.become(b.Bytes())
}

// Set sets an attribute of a block to a string, and replaces its old value.
func (e *Editor) Set(block, label string, s Setting) error {
	b := e.find(block, label)
	if b == nil {
		return e.missing(block, label)
	}
	if attr, ok := b.Body.Attributes[s.Name]; ok {
		rng := attr.Expr.Range()
		return e.splice(rng.Start.Byte, rng.End.Byte, quote(s.Value))
	}
	return e.insert(b, s.Name+" = "+quote(s.Value))
}

// Add appends a string to an attribute that is a list of strings. If the block does not contain the
// attribute, Add creates it.
func (e *Editor) Add(block, label string, s Setting) error {
	b := e.find(block, label)
	if b == nil {
		return e.missing(block, label)
	}
	attr, ok := b.Body.Attributes[s.Name]
	if !ok {
		return e.insert(b, s.Name+" = [\n"+e.indent(b)+"  "+quote(s.Value)+",\n"+e.indent(b)+"]")
	}
	list, ok := attr.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		whole := Block{src: &source{name: e.name, file: &hcl.File{Bytes: e.text, Body: e.body}}, body: b.Body, def: b.DefRange()}
		return Diagnostics{whole.Diagnose(s.Name, "Not a list", `Only a list in brackets can be added to: write it as ["one", "two"].`)}
	}
	if len(list.Exprs) == 0 {
		at := list.OpenRange.End.Byte
		return e.splice(at, at, quote(s.Value))
	}
	first, last, comma := list.OpenRange, list.Exprs[len(list.Exprs)-1].Range().End.Byte, ","
	if end, after := e.lineEnd(last); end < list.SrcRange.End.Byte { // one element per line, perhaps with a comment
		indent := e.indentAt(list.Exprs[len(list.Exprs)-1].Range().Start)
		if after {
			comma = ""
		}
		line := "\n" + indent + quote(s.Value) + ","
		return e.become(slices.Concat(e.text[:last], []byte(comma), e.text[last:end], []byte(line), e.text[end:]))
	}
	between := ", "
	if list.Exprs[0].Range().Start.Line != first.Start.Line {
		between = ",\n" + e.indentAt(list.Exprs[0].Range().Start)
	}
	return e.splice(last, last, between+quote(s.Value))
}

// find returns the block with that type and label, or nil.
func (e *Editor) find(block, label string) *hclsyntax.Block {
	for _, b := range e.body.Blocks {
		if b.Type == block && slices.Equal(b.Labels, []string{label}) {
			return b
		}
	}
	return nil
}

func (e *Editor) missing(block, label string) error {
	return fmt.Errorf("%s has no %s %q", e.name, block, label)
}

// insert inserts an attribute on a new line after the last attribute of a block.
func (e *Editor) insert(b *hclsyntax.Block, attribute string) error {
	end := b.OpenBraceRange.End.Byte
	if last := lastAttribute(b); last != nil {
		end = last.SrcRange.End.Byte
	}
	line := "\n" + e.indent(b) + attribute
	if b.OpenBraceRange.Start.Line == b.CloseBraceRange.Start.Line { // the whole block is on one line
		open, end := b.OpenBraceRange.End.Byte, b.CloseBraceRange.Start.Byte
		inner := strings.TrimSpace(string(e.text[open:end]))
		if inner != "" {
			inner = "\n" + e.indent(b) + inner
		}
		return e.splice(open, end, inner+line+"\n"+e.indentAt(b.TypeRange.Start))
	}
	at, _ := e.lineEnd(end)
	return e.splice(at, at, line)
}

// lastAttribute returns the last attribute of a block, or nil.
func lastAttribute(b *hclsyntax.Block) *hclsyntax.Attribute {
	var last *hclsyntax.Attribute
	for _, attr := range b.Body.Attributes {
		if last == nil || attr.SrcRange.Start.Byte > last.SrcRange.Start.Byte {
			last = attr
		}
	}
	return last
}

// lineEnd returns the end of the line that contains at, after a comment if there is one. comma
// reports whether there is a comma before the end.
func (e *Editor) lineEnd(at int) (end int, comma bool) {
	tokens, _ := hclsyntax.LexConfig(e.text, e.name, hcl.InitialPos)
	for _, t := range tokens {
		switch {
		case t.Range.Start.Byte < at:
		case t.Type == hclsyntax.TokenComma:
			comma = true
		case t.Type == hclsyntax.TokenNewline:
			return t.Range.Start.Byte, comma
		case t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n")):
			return t.Range.End.Byte - 1, comma
		}
	}
	return len(e.text), comma
}

// indent returns the indentation for a line in the block.
func (e *Editor) indent(b *hclsyntax.Block) string {
	if last := lastAttribute(b); last != nil && last.NameRange.Start.Line != b.TypeRange.Start.Line {
		return e.indentAt(last.NameRange.Start)
	}
	return e.indentAt(b.TypeRange.Start) + "  "
}

// indentAt returns the indentation of the line that contains pos.
func (e *Editor) indentAt(pos hcl.Pos) string {
	line := e.text[bytes.LastIndexByte(e.text[:pos.Byte], '\n')+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// splice replaces the bytes between two offsets by text.
func (e *Editor) splice(from, to int, text string) error {
	return e.become(slices.Concat(e.text[:from], []byte(text), e.text[to:]))
}

// become replaces the whole text, unless the new text has syntax errors.
func (e *Editor) become(text []byte) error {
	_, body, err := parseSource(text, e.name)
	if err != nil {
		return err
	}
	e.text, e.body = text, body
	return nil
}

// quote returns a text as a string literal of HCL.
func quote(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}
