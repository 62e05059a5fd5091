// Package scaffold creates projects for authors of authenticators, for the command filegate plugin
// init: a small authenticator that works, with a test and a README.
//
// A project does not depend on this module. This module cannot be imported from outside, because
// its path has no host name. So a project in Go has a copy of the generated code of the protocol
// and of the code that serves it.
//
// The package starts no program. Its suite is in cmd/filegate (plugin_init_test.go
// and testdata/script/plugin_init.txtar), which builds and tests the projects.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"filegate/authplugins/authplugin/authv1"
	examplepython "filegate/authplugins/example-python"
)

// files are the texts of the projects, in a directory for each form. @NAME@ stands for the
// authenticator's kind and @MODULE@ for the path of the Go module. A name that ends in ".txt" is
// without that in the project, and one that ends in ".sh.txt" is a program named without either.
//
//go:embed files
var files embed.FS

// Forms returns the forms of a project: "go" and "python" are authenticators, "sh" and "http"
// answer the questions of the authenticator "hook".
func Forms() []string { return []string{"go", "python", "sh", "http"} }

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Project is what is begun.
type Project struct {
	Form   string
	Name   string // of the kind of authenticator
	Module string // the path of the Go module; empty: example.net/filegate-auth-NAME
}

// Write makes the project in a directory, which must not exist yet. It returns the names of the
// files.
func (p Project) Write(dir string) ([]string, error) {
	texts, err := p.texts()
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s exists: name a directory that does not by -o (%w)", dir, fs.ErrExist)
		}
		return nil, err
	}
	var names []string
	for name, text := range texts {
		names = append(names, name)
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

// texts returns the files of the project by their names.
func (p Project) texts() (map[string]string, error) {
	if !slices.Contains(Forms(), p.Form) {
		return nil, fmt.Errorf("there is no form %q: take one of %s", p.Form, strings.Join(Forms(), ", "))
	}
	if !namePattern.MatchString(p.Name) {
		return nil, fmt.Errorf("%q is no name for a kind of authenticator: take small letters, digits and hyphens", p.Name)
	}
	if p.Module == "" {
		p.Module = "example.net/filegate-auth-" + p.Name
	}
	if strings.ContainsAny(p.Module, " \t\r\n\"`\\") {
		return nil, fmt.Errorf("%q is no path of a module", p.Module)
	}
	fill := strings.NewReplacer("@NAME@", p.Name, "@MODULE@", p.Module)
	all := map[string]string{}
	root := path.Join("files", p.Form)
	err := fs.WalkDir(files, root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(file)
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(file, root+"/"), ".txt"), ".sh")
		all[fill.Replace(name)] = fill.Replace(string(text))
		return err
	})
	if err != nil {
		return nil, err
	}
	switch p.Form {
	case "go":
		all["go.mod"] = p.goMod()
		all["authv1/auth.proto"] = authv1.Proto
		all["authv1/auth.pb.go"] = authv1.Messages
		all["authv1/auth_grpc.pb.go"] = authv1.Service
	case "python":
		all["auth.proto"] = authv1.Proto
		named := strings.NewReplacer(`name="example"`, fmt.Sprintf("name=%q", p.Name), "example.sock", p.Name+".sock")
		all["filegate-auth-"+p.Name] = named.Replace(examplepython.Program)
	}
	return all, nil
}

// goMod names the releases that this program was built with, where it knows them: with them the
// generated code fits.
func (p Project) goMod() string {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s\n\ngo 1.26.0\n", p.Module)
	direct := []string{"google.golang.org/grpc", "google.golang.org/protobuf"}
	indirect := []string{"golang.org/x/net", "golang.org/x/sys", "golang.org/x/text", "google.golang.org/genproto/googleapis/rpc"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b.String()
	}
	for i, paths := range [][]string{direct, indirect} {
		comment := []string{"", " // indirect"}[i]
		b.WriteString("\nrequire (\n")
		for _, dep := range info.Deps {
			if slices.Contains(paths, dep.Path) {
				fmt.Fprintf(&b, "\t%s %s%s\n", dep.Path, dep.Version, comment)
			}
		}
		b.WriteString(")\n")
	}
	return b.String()
}
