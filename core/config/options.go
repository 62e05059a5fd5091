package config

import (
	"reflect"
	"slices"
	"strconv"
)

// Option is an attribute or block of the configuration file, for comparing documentation with code.
type Option struct {
	// Path is the name of the option, after the names of the blocks that contain it. A part's own
	// options are in a block such as `backend "swift"`.
	Path  []string
	Block bool
}

// AllOptions returns all options that a file may have when it is read with opts.
func AllOptions(opts Options) []Option {
	all := optionsOf(nil, reflect.TypeFor[file]())
	all = append(all, optionsOf([]string{"auth"}, reflect.TypeFor[authBlock]())...)
	all = append(all, optionsOf([]string{"event_hook"}, reflect.TypeFor[EventHook]())...)
	for _, k := range opts.Caches {
		all = append(all, optionsOf([]string{"cache " + strconv.Quote(k.Name)}, reflect.TypeOf(k.Config()).Elem())...)
	}
	for _, k := range opts.Backends {
		all = append(all, optionsOf([]string{"backend " + strconv.Quote(k.Name)}, reflect.TypeOf(k.Config()).Elem())...)
	}
	for _, k := range opts.Frontends {
		in := []string{"frontend " + strconv.Quote(k.Name)}
		all = append(all, optionsOf(in, reflect.TypeFor[frontendRefs]())...)
		all = append(all, optionsOf(in, reflect.TypeOf(k.Config()).Elem())...)
	}
	return all
}

func optionsOf(in []string, t reflect.Type) []Option {
	var all []Option
	for _, f := range fields(reflect.New(t).Elem()) {
		if !f.isOption() {
			continue
		}
		path := append(slices.Clone(in), f.name)
		all = append(all, Option{Path: path, Block: f.kind == block})
		inner := f.value.Type()
		if f.kind != block || inner == rawBlock || inner == reflect.SliceOf(rawBlock) {
			continue
		}
		if inner.Kind() != reflect.Struct {
			inner = inner.Elem()
		}
		all = append(all, optionsOf(path, inner)...)
	}
	return all
}
