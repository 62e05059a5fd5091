package config

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// convert converts a value of the file to the Go type t. It accepts a value only in its own type.
// The error describes the expected type, as a phrase after "wants".
func convert(val cty.Value, t reflect.Type, unit string) (reflect.Value, error) {
	out := reflect.New(t).Elem()
	switch {
	case t == durationType:
		d, err := duration(val)
		if err != nil {
			return out, err
		}
		out.SetInt(int64(d))
	case unit == "bytes":
		n, err := size(val)
		if err != nil {
			return out, err
		}
		out.SetInt(n)
	case t.Kind() == reflect.String:
		if val.Type() == cty.Bool && unit == "word" {
			val = cty.StringVal(strconv.FormatBool(val.True()))
		}
		if val.Type() != cty.String {
			return out, wants(`text in quotes, such as "text"`)
		}
		out.SetString(val.AsString())
	case t.Kind() == reflect.Bool:
		if val.Type() != cty.Bool {
			return out, wants("true or false, without quotes")
		}
		out.SetBool(val.True())
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		if val.Type() != cty.Number {
			return out, wants("a whole number without quotes, such as 5")
		}
		n, acc := val.AsBigFloat().Int64()
		if acc != big.Exact || out.OverflowInt(n) {
			return out, wants("a whole number, such as 5")
		}
		out.SetInt(n)
	case t.Kind() == reflect.Float64:
		if val.Type() != cty.Number {
			return out, wants("a number without quotes, such as 5 or 0.5")
		}
		f, _ := val.AsBigFloat().Float64()
		out.SetFloat(f)
	case t == oneOrMoreType && val.Type() == cty.String:
		if val.AsString() != "" {
			out.Set(reflect.ValueOf(oneOrMore{val.AsString()}))
		}
	case t.Kind() == reflect.Slice:
		list, err := stringList(val)
		if err != nil {
			return out, err
		}
		out.Set(reflect.ValueOf(list).Convert(t))
	case t.Kind() == reflect.Map:
		m, err := stringMap(val)
		if err != nil {
			return out, err
		}
		out.Set(reflect.ValueOf(m))
	}
	return out, nil
}

// wants is the error of a value with the wrong type: a phrase that describes the expected type.
type wants string

func (w wants) Error() string { return string(w) }

func duration(val cty.Value) (time.Duration, error) {
	const want = wants(`a time with a unit in quotes, such as "30s", "5m" or "1h30m"`)
	if val.Type() != cty.String {
		return 0, want
	}
	d, err := time.ParseDuration(val.AsString())
	switch {
	case err != nil || val.AsString() == "0":
		return 0, want
	case d < 0:
		return 0, wants(`a time that is not negative, such as "30s"`)
	}
	return d, nil
}

var units = map[string]int64{
	"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

func size(val cty.Value) (int64, error) {
	const want = wants(`a size with a unit in quotes, such as "512KiB", "64MiB" or "1GB" (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)`)
	if val.Type() != cty.String {
		return 0, want
	}
	s := val.AsString()
	digits := strings.TrimRight(s, "BKMGTi ")
	unit, ok := units[strings.TrimSpace(s[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	switch {
	case !ok || err != nil || strings.Trim(digits, "0123456789.") != "":
		return 0, want
	case n*float64(unit) >= math.MaxInt64:
		return 0, wants(`a size below 8388608TiB`)
	}
	return int64(n * float64(unit)), nil
}

func stringList(val cty.Value) ([]string, error) {
	const want = wants(`a list of texts in brackets, such as ["one", "two"]`)
	if t := val.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return nil, want
	}
	list := []string{}
	for _, v := range val.AsValueSlice() {
		if v.IsNull() || v.Type() != cty.String {
			return nil, want
		}
		list = append(list, v.AsString())
	}
	return list, nil
}

func stringMap(val cty.Value) (map[string]string, error) {
	const want = wants(`a map of texts in braces, such as { name = "value" }`)
	if t := val.Type(); !t.IsObjectType() && !t.IsMapType() {
		return nil, want
	}
	m := map[string]string{}
	for k, v := range val.AsValueMap() {
		if v.IsNull() || v.Type() != cty.String {
			return nil, want
		}
		m[k] = v.AsString()
	}
	return m, nil
}

// describe describes a value without its content.
func describe(val cty.Value) string {
	t := val.Type()
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsObjectType(), t.IsMapType():
		return "a map"
	case t.IsTupleType(), t.IsListType(), t.IsSetType():
		return "a list"
	}
	return t.FriendlyName()
}

// wrongType returns the diagnostic about a value that convert rejects.
func wrongType(name string, val cty.Value, err error) (summary, detail string) {
	return "Wrong value for " + name, fmt.Sprintf("%s wants %v; this is %s.", name, err, describe(val))
}
