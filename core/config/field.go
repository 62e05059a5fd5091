package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"filegate/core/auth"
)

// field is one field of a part's struct: an attribute, a block, a label or a place.
type field struct {
	name     string
	kind     fieldKind
	required bool
	unit     string
	value    reflect.Value
}

type fieldKind int

const (
	attribute fieldKind = iota
	block
	label
	place // not an option: the place of the block
)

// fields returns the fields of the struct v, in order. It panics for a tag or a type that the
// package comment does not list. That is a mistake in the program, and the first test of the part
// finds it.
func fields(v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		tag, ok := sf.Tag.Lookup("hcl")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		f := field{name: name, unit: sf.Tag.Get("unit"), value: v.Field(i)}
		var known bool
		switch option {
		case "":
			f.required = true
			known = isAttributeType(sf.Type, f.unit)
		case "optional":
			known = isAttributeType(sf.Type, f.unit)
		case "block":
			f.kind = block
			known = isBlockType(sf.Type)
		case "label":
			f.kind = label
			known = sf.Type.Kind() == reflect.String
		case "place":
			f.kind = place
			known = sf.Type == reflect.TypeFor[Block]()
		}
		if !known {
			panic(fmt.Sprintf("config: field %s of %s: no option can be of type %s with the tag `%s`", sf.Name, v.Type(), sf.Type, sf.Tag))
		}
		all = append(all, f)
	}
	return all
}

var (
	durationType  = reflect.TypeFor[time.Duration]()
	secretType    = reflect.TypeFor[auth.Secret]()
	oneOrMoreType = reflect.TypeFor[oneOrMore]()
	rawBlock      = reflect.TypeFor[*hclsyntax.Block]() // not decoded yet
)

// oneOrMore is a list of texts that can also be written as a single text.
type oneOrMore []string

// isOption reports whether the field can be written into a file.
func (f field) isOption() bool { return f.kind == attribute || f.kind == block }

func isAttributeType(t reflect.Type, unit string) bool {
	switch unit {
	case "":
	case "bytes":
		return t.Kind() == reflect.Int64
	case "word":
		return t.Kind() == reflect.String
	default:
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return true
	case reflect.Slice, reflect.Map:
		return t == reflect.TypeFor[[]string]() || t == oneOrMoreType || t == reflect.TypeFor[map[string]string]()
	}
	return false
}

func isBlockType(t reflect.Type) bool {
	switch {
	case t == rawBlock, t.Kind() == reflect.Struct:
		return true
	case t.Kind() == reflect.Pointer:
		return t.Elem().Kind() == reflect.Struct
	case t.Kind() == reflect.Slice:
		return t.Elem() == rawBlock || t.Elem().Kind() == reflect.Struct
	}
	return false
}
