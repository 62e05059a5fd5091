package swifttest

import (
	"slices"
	"sort"
	"strings"
)

// keyed is an element of a sorted list.
type keyed interface{ key() string }

// sorted is a list ordered by the bytes of the names, like Swift's listings. Insertion moves
// pointers, which for up to a hundred thousand names costs less than the request around it.
type sorted[T keyed] struct{ items []T }

// seek returns the index of the first item whose name is not less than name.
func (s *sorted[T]) seek(name string) int {
	return sort.Search(len(s.items), func(i int) bool { return s.items[i].key() >= name })
}

func (s *sorted[T]) get(name string) (item T, ok bool) {
	if i := s.seek(name); i < len(s.items) && s.items[i].key() == name {
		return s.items[i], true
	}
	return item, false
}

// put adds an item, or replaces the one with the same name and returns the old one.
func (s *sorted[T]) put(item T) (old T, replaced bool) {
	i := s.seek(item.key())
	if i < len(s.items) && s.items[i].key() == item.key() {
		old, s.items[i] = s.items[i], item
		return old, true
	}
	s.items = slices.Insert(s.items, i, item)
	return old, false
}

func (s *sorted[T]) remove(name string) (old T, removed bool) {
	i := s.seek(name)
	if i == len(s.items) || s.items[i].key() != name {
		return old, false
	}
	old = s.items[i]
	s.items = slices.Delete(s.items, i, i+1)
	return old, true
}

// selection is the part of a list that the query of a listing selects.
type selection struct {
	prefix, delimiter string
	marker, endMarker string // both exclusive
	limit             int
	reverse           bool
}

// found is an entry of a listing: an item, or the common prefix of several.
type found[T keyed] struct {
	item   T
	subdir string
}

// selectFrom returns the entries that sel selects.
func (s *sorted[T]) selectFrom(sel selection) []found[T] {
	after, before := sel.marker, sel.endMarker
	if sel.reverse {
		after, before = before, after
	}
	lo, hi := s.seek(sel.prefix), len(s.items)
	if sel.prefix != "" {
		hi = s.seekPast(sel.prefix)
	}
	if after != "" {
		i := s.seek(after)
		if i < len(s.items) && s.items[i].key() == after {
			i++
		}
		lo = max(lo, i)
	}
	if before != "" {
		hi = min(hi, s.seek(before))
	}
	var out []found[T]
	for lo < hi && len(out) < sel.limit {
		i := lo
		if sel.reverse {
			i = hi - 1
		}
		name := s.items[i].key()
		if dir, ok := subdir(name, sel.prefix, sel.delimiter); ok {
			if sel.reverse {
				hi = s.seek(dir)
			} else {
				lo = s.seekPast(dir)
			}
			if dir != after {
				out = append(out, found[T]{subdir: dir})
			}
			continue
		}
		out = append(out, found[T]{item: s.items[i]})
		if sel.reverse {
			hi--
		} else {
			lo++
		}
	}
	return out
}

// seekPast returns the index after the last item whose name begins with prefix.
func (s *sorted[T]) seekPast(prefix string) int {
	first := s.seek(prefix)
	return first + sort.Search(len(s.items)-first, func(i int) bool { return !strings.HasPrefix(s.items[first+i].key(), prefix) })
}

// subdir returns a name up to the first delimiter after the prefix.
func subdir(name, prefix, delimiter string) (string, bool) {
	if delimiter == "" {
		return "", false
	}
	i := strings.Index(name[len(prefix):], delimiter)
	if i < 0 {
		return "", false
	}
	return name[:len(prefix)+i+len(delimiter)], true
}
