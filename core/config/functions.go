package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxFile is the maximum size of a file for file(), which is for keys and passwords.
const maxFile = 1 << 20

// functions returns the functions for expressions. Relative file names start at dir. opened is
// called with the name of each file that is read.
func functions(dir string, lookupEnv func(string) (string, bool), opened func(file string)) *hcl.EvalContext {
	param := func(name string) []function.Parameter {
		return []function.Parameter{{Name: name, Type: cty.String}}
	}
	return &hcl.EvalContext{Functions: map[string]function.Function{
		"env": function.New(&function.Spec{
			Description: "the value of an environment variable",
			Params:      param("name"),
			Type:        function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				name := args[0].AsString()
				value, ok := lookupEnv(name)
				if !ok {
					return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set: set it before filegate is started", name)
				}
				return cty.StringVal(value), nil
			},
		}),
		"file": function.New(&function.Spec{
			Description: "the content of a file, without the newlines at its end",
			Params:      param("path"),
			Type:        function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				name := args[0].AsString()
				if !filepath.IsAbs(name) {
					name = filepath.Join(dir, name)
				}
				content, err := readSmall(name)
				if err != nil {
					return cty.NilVal, function.NewArgErrorf(0, "cannot read %s: %v", name, pathCause(err))
				}
				opened(name)
				return cty.StringVal(strings.TrimRight(content, "\r\n")), nil
			},
		}),
	}}
}

// readSmall reads a regular file of at most maxFile bytes. It refuses other kinds of files, because
// reading them might never end.
func readSmall(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(content) > maxFile:
		return "", fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return string(content), nil
}

// pathCause returns the error of a file operation without the name of the file.
func pathCause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
