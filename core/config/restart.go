package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Frontend returns the frontend with this kind and name, or nil.
func (c *Config) Frontend(kind, name string) *Frontend {
	for _, f := range c.Frontends {
		if f.Kind == kind && f.Name == name {
			return f
		}
	}
	return nil
}

// Same reports whether another block configures the backend in the same way.
func (b *Backend) Same(other *Backend) bool {
	return b.Kind == other.Kind && reflect.DeepEqual(values(reflect.ValueOf(b.Config)), values(reflect.ValueOf(other.Config)))
}

// Same reports whether another block configures the frontend in the same way, apart from its
// authenticators.
func (f *Frontend) Same(other *Frontend) bool {
	return f.Backend == other.Backend && reflect.DeepEqual(values(reflect.ValueOf(f.Config)), values(reflect.ValueOf(other.Config)))
}

// NeedsRestart returns the changed options that take effect only at a start: rights that the
// process has given up before it began to serve, and the caches, which hold bans that must not be
// forgotten.
func (c *Config) NeedsRestart(running *Config) []string {
	was, is := running.fixed(), c.fixed()
	var differ []string
	for name, v := range is {
		if old, ok := was[name]; !ok || !reflect.DeepEqual(old, v) {
			differ = append(differ, name)
		}
	}
	for name := range was {
		if _, ok := is[name]; !ok {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	return differ
}

// fixed returns the options that are read only at the start, by their names in the file.
func (c *Config) fixed() map[string]any {
	all := map[string]any{
		"core_dumps": c.CoreDumps, "pid_file": c.PIDFile,
		"user": c.User, "group": c.Group, "privileges": c.Privileges, "sandbox": c.Sandbox, "writable": strings.Join(c.Writable, "\n"),
	}
	for _, p := range c.Caches {
		all[fmt.Sprintf("cache %q", p.Kind)] = values(reflect.ValueOf(p.Config))
	}
	return all
}

// values returns the values of a part's options. It ignores other fields of the struct, such as
// services with counters, because a file cannot change them.
func values(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Type() == rawBlock {
			return v.Interface()
		}
		return values(v.Elem())
	case reflect.Struct:
		all := map[string]any{}
		for _, f := range fields(v) {
			if f.kind != place {
				all[f.name] = values(f.value)
			}
		}
		return all
	case reflect.Slice:
		switch {
		case v.Len() == 0:
			return nil // an empty list is the same as no list
		case v.Type().Elem().Kind() != reflect.Struct:
			return v.Interface()
		}
		all := make([]any, v.Len())
		for i := range all {
			all[i] = values(v.Index(i))
		}
		return all
	}
	return v.Interface()
}

// Listen returns the addresses of the frontend.
func (f *Frontend) Listen() []string { return listens(f.Config) }
