package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// includeName is the attribute with the names of the included files.
const includeName = "include"

// whole is a file together with all included files.
type whole struct {
	src   *source
	body  *hclsyntax.Body // the content of all files
	files []string        // the included ones
	dirs  []string        // directories whose files are included by a pattern
	evals map[string]*hcl.EvalContext
	diags Diagnostics // mistakes in the includes themselves
	// partial means that a file could not be read, so missing definitions are not reported.
	partial bool
}

// parseWhole parses a file and the files that it includes. Relative names in an included file start
// at the directory of that file. opened is called with the name of each file that file() reads. The
// error is of type [Diagnostics].
func parseWhole(text []byte, filename string, lookupEnv func(string) (string, bool), opened func(file string)) (*whole, error) {
	src, body, err := parseSource(text, filename)
	if err != nil {
		return nil, err
	}
	w := &whole{src: src, body: body, evals: map[string]*hcl.EvalContext{}}
	eval := func(name string) { w.evals[name] = functions(filepath.Dir(name), lookupEnv, opened) }
	eval(filename)
	seen := map[string]string{realName(filename): filename}
	w.include(body, filename, seen, eval)
	return w, nil
}

// include reads the files that a body includes, and adds them to w.
func (w *whole) include(body *hclsyntax.Body, filename string, seen map[string]string, eval func(name string)) {
	attr := body.Attributes[includeName]
	if attr == nil {
		return
	}
	delete(body.Attributes, includeName)
	d := decoder{src: w.src, evals: w.evals}
	var patterns struct {
		Include oneOrMore `hcl:"include,optional"`
	}
	d.body(&hclsyntax.Body{Attributes: hclsyntax.Attributes{includeName: attr}}, attr.SrcRange, &patterns)
	w.diags = append(w.diags, d.diags...)
	w.partial = w.partial || len(d.diags) > 0
	for _, pattern := range patterns.Include {
		names, err := included(pattern, filepath.Dir(filename))
		if err != nil {
			w.partial = true
			w.report(attr.Expr.Range(), fmt.Sprintf("Cannot include %q", pattern), "%v. Name files, or a pattern such as \"conf.d/*.hcl\".", pathCause(err))
		}
		if dir := filepath.Dir(absolute(pattern, filepath.Dir(filename))); isPattern(pattern) && !slices.Contains(w.dirs, dir) {
			w.dirs = append(w.dirs, dir)
		}
		for _, name := range names {
			if before, ok := seen[realName(name)]; ok {
				w.report(attr.Expr.Range(), "Included twice: "+name, "This file is already part of the configuration, as %s. A file may be included once, and not by itself.", before)
				continue
			}
			seen[realName(name)] = name
			w.add(name, attr, seen, eval)
		}
	}
}

// add reads one included file.
func (w *whole) add(name string, attr *hclsyntax.Attribute, seen map[string]string, eval func(name string)) {
	text, err := readSmall(name)
	if err != nil {
		w.partial = true
		w.report(attr.Expr.Range(), fmt.Sprintf("Cannot include %q", name), "The system says: %v.", pathCause(err))
		return
	}
	w.files = append(w.files, name)
	src, body, err := parseSource([]byte(text), name)
	if err != nil {
		w.partial = true
		w.diags = append(w.diags, err.(Diagnostics)...) //nolint:errorlint // parseSource returns no other type
		return
	}
	w.src.others[name] = src
	eval(name)
	w.include(body, name, seen, eval) // removes the attribute include
	for option, attr := range body.Attributes {
		if first, ok := w.body.Attributes[option]; ok {
			w.src.hide(attr)
			w.report(attr.NameRange, "Second attribute "+option, "There is one already in %s on line %d.", first.NameRange.Filename, first.NameRange.Start.Line)
			continue
		}
		w.body.Attributes[option] = attr
	}
	w.body.Blocks = append(w.body.Blocks, body.Blocks...)
}

func (w *whole) report(rng hcl.Range, summary, format string, args ...any) {
	w.diags = append(w.diags, w.src.at(rng, summary, format, args...))
}

// included returns the files that match a pattern, sorted by name. A pattern without special
// characters names one file, which must exist.
func included(pattern, dir string) ([]string, error) {
	if pattern == "" {
		return nil, errors.New("the name is empty")
	}
	if pattern = absolute(pattern, dir); !isPattern(pattern) {
		return []string{pattern}, nil
	}
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	// Glob ignores directories that are missing or cannot be read. Included files may contain
	// restrictions, so ignoring them would be dangerous.
	if in := filepath.Dir(pattern); !isPattern(in) {
		if _, err := os.ReadDir(in); err != nil {
			return nil, err
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		// As in a shell, a star does not match the first dot of hidden files, such as those of
		// editors.
		if strings.HasPrefix(filepath.Base(name), ".") && !strings.HasPrefix(filepath.Base(pattern), ".") {
			return true
		}
		info, err := os.Stat(name)
		return err == nil && info.IsDir()
	})
	slices.Sort(names)
	return names, nil
}

// absolute returns the name of an included file or a pattern, which may start at dir.
func absolute(pattern, dir string) string {
	if filepath.IsAbs(pattern) {
		return pattern
	}
	return filepath.Join(dir, pattern)
}

// isPattern reports whether a name has special characters, and so may stand for several files.
func isPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// realName returns one name for all names of the same file.
func realName(name string) string {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		name = resolved
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return name
}
