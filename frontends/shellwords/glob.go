package shellwords

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"filegate/core/vfs"
)

// GlobError is a failure to look for names, with where.
type GlobError struct {
	Path string
	Err  error
}

func (e *GlobError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *GlobError) Unwrap() error { return e.Err }

// Glob calls found for every path that matches the pattern, in the order of the store's pages and
// sorted by name in each. The pattern is path.Match's for each element, and as in a shell a name
// with a leading dot is matched only by one. An element without special characters is not looked
// up: a pattern that has none is found without asking, as a shell passes it on.
func Glob(ctx context.Context, fsys vfs.FS, pattern string, found func(vfs.Path) error) (bool, error) {
	elems := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	return globUnder(ctx, fsys, vfs.Root, elems, false, found)
}

// globUnder takes the remaining elements. looked says that base was found by a listing, so that
// what follows has to be looked up.
func globUnder(ctx context.Context, fsys vfs.FS, base vfs.Path, elems []string, looked bool, found func(vfs.Path) error) (bool, error) {
	for len(elems) > 0 && !hasMeta(elems[0]) {
		next, err := vfs.Resolve(base, "./"+unescape(elems[0]))
		if err != nil {
			return false, &GlobError{unescape(elems[0]), err}
		}
		base, elems = next, elems[1:]
		if looked && len(elems) == 0 {
			if _, err := fsys.Stat(ctx, base); err != nil {
				return false, nil // one of many that might have matched
			}
		}
	}
	if len(elems) == 0 {
		return true, found(base)
	}
	return match(ctx, fsys, base, elems, looked, found)
}

// match goes through a directory for the names that match the first of elems.
func match(ctx context.Context, fsys vfs.FS, dir vfs.Path, elems []string, looked bool, found func(vfs.Path) error) (any bool, err error) {
	l, err := fsys.List(ctx, dir)
	if err != nil {
		return false, listError(dir, err, looked)
	}
	defer l.Close()
	for {
		page, err := l.Next(ctx)
		if err == io.EOF {
			return any, nil
		}
		if err != nil {
			return any, listError(dir, err, looked)
		}
		slices.SortFunc(page, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) }) // as far as one page is
		for _, info := range page {
			if strings.HasPrefix(info.Name, ".") && !strings.HasPrefix(elems[0], ".") {
				continue
			}
			// A malformed pattern matches nothing.
			if ok, _ := path.Match(elems[0], vfs.UnescapeBytes(info.Name)); !ok || len(elems) > 1 && !info.IsDir() && !info.IsLink() {
				continue
			}
			some, err := globUnder(ctx, fsys, dir.Join(info.Name), elems[1:], true, found)
			any = any || some
			if err != nil {
				return any, err
			}
		}
	}
}

// listError is what it means that a directory cannot be listed: nothing, for one that was only
// found on the way.
func listError(dir vfs.Path, err error, looked bool) error {
	if looked && (errors.Is(err, vfs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir)) {
		return nil
	}
	return &GlobError{dir.ToClient(), err}
}

func hasMeta(elem string) bool {
	for i := 0; i < len(elem); i++ {
		switch elem[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// unescape takes the backslashes out of an element of a pattern.
func unescape(elem string) string {
	var b strings.Builder
	for i := 0; i < len(elem); i++ {
		if elem[i] == '\\' && i+1 < len(elem) {
			i++
		}
		b.WriteByte(elem[i])
	}
	return b.String()
}
