package ftp

import (
	"cmp"
	"path"
	"strings"

	"filegate/core/vfs"
)

// glob returns what a pattern of LIST or NLST finds, sorted by name in each directory. Any element of a path may be a pattern, as in a shell: names that begin with
// a dot are found only by patterns that do so too. It is an error when there are more than limit, or too many directories to look into.
func (d *driver) glob(pattern string, limit int) ([]listed, error) {
	start := ""
	if strings.HasPrefix(pattern, "/") {
		start = "/"
	}
	elements := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	found := []listed{{path: start}}
	looked := 0
	for i, elem := range elements {
		last := i == len(elements)-1
		var next []listed
		for _, f := range found {
			if looked++; looked > maxPatternDirs {
				return nil, failure(vfs.Errorf(vfs.ErrTooLarge, "the pattern finds more than %d directories to look into", maxPatternDirs))
			}
			if !strings.ContainsAny(elem, "*?[") {
				below := listed{path: path.Join(f.path, elem)}
				if last {
					var err error
					if below.info, err = d.stat(below.path); err != nil {
						continue // it is not in this directory
					}
					below.info.Name = elem
				}
				next = append(next, below)
				continue
			}
			entries, err := d.ReadDir(cmp.Or(f.path, "."))
			if err != nil {
				if len(found) == 1 {
					return nil, err
				}
				continue // a directory that only the pattern named
			}
			for _, e := range entries {
				info := e.(fileInfo).info
				if ok, _ := path.Match(elem, info.Name); !ok || strings.HasPrefix(info.Name, ".") && !strings.HasPrefix(elem, ".") {
					continue
				}
				if last || info.IsDir() {
					next = append(next, listed{info, path.Join(f.path, info.Name)})
				}
			}
			if len(next) > limit {
				return nil, failure(tooMany(limit))
			}
		}
		found = next
	}
	return found, nil
}
