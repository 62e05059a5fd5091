package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"
)

// decoder decodes the bodies of a file and of the included files into structs, and collects the
// mistakes.
type decoder struct {
	src   *source
	evals map[string]*hcl.EvalContext // by the name of the file; nil: no functions
	diags Diagnostics
}

func (d *decoder) report(rng hcl.Range, summary, format string, args ...any) {
	d.diags = append(d.diags, d.src.at(rng, summary, format, args...))
}

// body decodes a body into targets, pointers to structs that together define everything that the
// body may contain. A missing attribute is reported at def.
func (d *decoder) body(body *hclsyntax.Body, def hcl.Range, targets ...any) {
	known := map[string]field{}
	for _, target := range targets {
		for _, f := range fields(reflect.ValueOf(target).Elem()) {
			if f.isOption() {
				known[f.name] = f
			}
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for name, attr := range body.Attributes {
		switch f, ok := known[name]; {
		case !ok:
			d.src.hide(attr)
			d.report(attr.NameRange, "Unknown attribute "+name, "There is no such attribute here. %s", advice(name, names))
		case f.kind == block:
			d.src.hide(attr)
			d.report(attr.NameRange, name+" is a block", "Write it without the equals sign: %s { … }", name)
		default:
			d.attribute(f, attr)
		}
	}
	blocks := map[string][]*hclsyntax.Block{}
	for _, b := range body.Blocks {
		switch f, ok := known[b.Type]; {
		case !ok:
			d.src.hideAll(b.Body)
			d.report(b.TypeRange, "Unknown block "+b.Type, "There is no such block here. %s", advice(b.Type, names))
		case f.kind == attribute:
			d.src.hideAll(b.Body)
			d.report(b.TypeRange, b.Type+" is an attribute", "Write it with an equals sign: %s = …", b.Type)
		default:
			blocks[b.Type] = append(blocks[b.Type], b)
		}
	}
	for _, name := range names {
		f := known[name]
		if f.kind == block {
			d.blocks(f, blocks[name])
		} else if attr := body.Attributes[name]; f.required && attr == nil {
			d.report(def, "Missing attribute "+name, "%s must be given here.", name)
		}
	}
}

func (d *decoder) attribute(f field, attr *hclsyntax.Attribute) {
	if f.value.Type() == secretType {
		d.src.secret(f.name)
	}
	val, ok := d.value(attr)
	if !ok {
		return
	}
	if val.IsNull() {
		if f.required {
			d.report(attr.Expr.Range(), "Missing attribute "+f.name, "%s must have a value.", f.name)
		}
		return
	}
	if _, called := attr.Expr.(*hclsyntax.FunctionCallExpr); called && f.unit == "" {
		val = fromText(val, f.value.Type())
	}
	v, err := convert(val, f.value.Type(), f.unit)
	if err != nil {
		summary, detail := wrongType(f.name, val, err)
		d.report(attr.Expr.Range(), summary, "%s", detail)
		return
	}
	f.value.Set(v)
}

// fromText converts the text that a function such as env() returns to a number or a boolean, if t
// requires one. Other text is returned unchanged.
func fromText(val cty.Value, t reflect.Type) cty.Value {
	if val.Type() != cty.String || t == durationType {
		return val
	}
	var want cty.Type
	switch t.Kind() {
	case reflect.Bool:
		want = cty.Bool
	case reflect.Int, reflect.Int64, reflect.Float64:
		want = cty.Number
	default:
		return val
	}
	if made, err := ctyconvert.Convert(val, want); err == nil {
		return made
	}
	return val
}

// value evaluates an attribute and reports mistakes in it. ok is false if there is no value.
func (d *decoder) value(attr *hclsyntax.Attribute) (cty.Value, bool) {
	if _, ok := attr.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
		d.report(attr.Expr.Range(), "Text without quotes", `Put it in quotes: %s = "…"`, attr.Name) // does not show the text, which may be a secret
		return cty.NilVal, false
	}
	val, diags := attr.Expr.Value(d.evals[attr.NameRange.Filename])
	if diags.HasErrors() {
		d.diags = append(d.diags, d.src.fromHCL(diags)...)
		return cty.NilVal, false
	}
	return val, val.IsWhollyKnown()
}

func (d *decoder) blocks(f field, found []*hclsyntax.Block) {
	t := f.value.Type()
	switch {
	case t.Kind() == reflect.Slice && t.Elem() == rawBlock:
		f.value.Set(reflect.ValueOf(found))
		return
	case t.Kind() == reflect.Slice:
		list := reflect.MakeSlice(t, len(found), len(found))
		for i, b := range found {
			d.block(b, list.Index(i))
		}
		f.value.Set(list)
		return
	case len(found) == 0:
		return
	}
	for _, b := range found[1:] {
		d.report(b.DefRange(), "Second block "+f.name, "Only one such block is allowed, and there is another %s: put both into one.", lineOf(found[0].DefRange(), b.DefRange()))
	}
	switch {
	case t == rawBlock:
		f.value.Set(reflect.ValueOf(found[0]))
	case t.Kind() == reflect.Pointer:
		if f.value.IsNil() {
			f.value.Set(reflect.New(t.Elem()))
		}
		d.block(found[0], f.value.Elem())
	default:
		d.block(found[0], f.value)
	}
}

// lineOf describes the line at place. It names the file if the message is about another one.
func lineOf(place, message hcl.Range) string {
	if place.Filename != message.Filename {
		return fmt.Sprintf("on line %d of %s", place.Start.Line, place.Filename)
	}
	return fmt.Sprintf("on line %d", place.Start.Line)
}

// block decodes one block and its labels into target, a struct.
func (d *decoder) block(b *hclsyntax.Block, target reflect.Value) {
	var labels []field
	for _, f := range fields(target) {
		switch f.kind {
		case label:
			labels = append(labels, f)
		case place:
			f.value.Set(reflect.ValueOf(Block{src: d.src, body: b.Body, def: b.DefRange()}))
		}
	}
	if d.labels(b, names(labels)...) {
		for i, f := range labels {
			f.value.SetString(b.Labels[i])
		}
	}
	d.body(b.Body, b.DefRange(), target.Addr().Interface())
}

func names(fs []field) []string {
	var all []string
	for _, f := range fs {
		all = append(all, f.name)
	}
	return all
}

// labels reports a block that does not have exactly the wanted labels.
func (d *decoder) labels(b *hclsyntax.Block, want ...string) bool {
	if len(b.Labels) == len(want) {
		return true
	}
	d.src.hideAll(b.Body)
	var form strings.Builder
	form.WriteString(b.Type)
	for _, l := range want {
		fmt.Fprintf(&form, " %q", strings.ToUpper(l))
	}
	d.report(b.DefRange(), fmt.Sprintf("Block %s with %d labels", b.Type, len(b.Labels)), "Write: %s { … }", form.String())
	return false
}
