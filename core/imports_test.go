package core_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "filegate/"

// mayImport says which packages of this module a package may import, tests apart. A pattern that
// ends in "/..." stands for the package and all below it; of several that match a package, the
// longest holds.
//
// This is policy, not a description. Do not change it to make a build pass: move the code, or
// change the design first.
var mayImport = map[string][]string{
	"core":             nil,
	"core/vfs":         nil,
	"core/vfs/memfs":   {"core/vfs"},
	"core/vfs/vfstest": {"core/vfs"},
	"core/auth":        nil,
	"core/audit":       nil,
	"core/admin":       nil,
	"core/backend":     {"core/auth", "core/cache", "core/vfs"},
	"core/session":     {"core/auth", "core/backend", "core/vfs"},
	"core/frontend":    {"core/auth", "core/session"},
	"core/config":      {"core/auth", "core/backend", "core/cache", "core/frontend"},
	"core/hook":        {"core/audit", "core/config"},
	"core/tracing":     {"core/config", "core/session", "core/vfs"},
	"core/gateway":     {"core/hook", "core/admin", "core/audit", "core/auth", "core/backend", "core/cache", "core/config", "core/frontend", "core/login", "core/session", "core/tracing", "core/vfs"},
	"core/login":       {"core/auth", "core/backend", "core/cache", "core/config", "core/frontend", "core/session", "core/vfs"},

	"core/session/sessiontest": {"core/auth", "core/session", "core/vfs"},

	"core/testneed": nil, // for packages of tests

	"core/cache":           nil,
	"core/cache/cachetest": {"core/cache"},
	"core/cache/seal":      {"core/auth", "core/cache"},                    // what a server may see
	"core/cache/remote":    {"core/auth", "core/cache", "core/cache/seal"}, // what all caches on servers have in common
	"core/cache/memcached": {"core/auth", "core/cache", "core/cache/remote"},
	"core/cache/redis":     {"core/auth", "core/cache", "core/cache/remote", "core/cache/seal"},
	"core/cache/builtin":   {"core/cache", "core/cache/memcached", "core/cache/redis"}, // the list

	// A frontend sees sessions and never a store; two frontends never see each other.
	"frontends":              {"core/frontend", "frontends/..."}, // the list
	"frontends/ssh":          frontendSees,
	"frontends/sftp":         frontendSees,
	"frontends/scp":          append([]string{"frontends/shellwords"}, frontendSees...),
	"frontends/sshexec":      append([]string{"frontends/commands", "frontends/shellwords"}, frontendSees...),
	"frontends/commands":     {"core/session", "core/vfs"}, // what SSH's exec and FTP's SITE have in common
	"frontends/shellwords":   {"core/vfs"},                 // a command line as a shell reads it
	"frontends/ftp":          append([]string{"frontends/commands", "frontends/shellwords"}, frontendSees...),
	"frontends/frontendtest": append([]string{"core/testneed", "core/vfs/memfs"}, frontendSees...),

	// A backend sees the contract and never a session.
	"backends":               {"core/backend", "backends/..."}, // the list
	"backends/internal/...":  nil,                              // what any object store's backend needs
	"backends/swift":         {"backends/internal/...", "backends/swift/api", "backends/swift/fsck", "backends/swift/listing", "backends/swift/object", "core/backend", "core/cache", "core/vfs"},
	"backends/swift/api":     {"backends/internal/...", "core/backend", "core/vfs"},                                 // one request to one Swift
	"backends/swift/listing": {"backends/swift/api", "core/cache"},                                                  // listings with the write log laid over
	"backends/swift/object":  {"backends/internal/...", "backends/swift/api", "backends/swift/listing", "core/vfs"}, // one object as bytes
	"backends/swift/fsck":    {"backends/swift/api", "backends/swift/listing", "backends/swift/object", "core/vfs"}, // errors of a whole account
	"backends/local":         {"core/backend", "core/vfs"},
	// What the tests of the rooms of backends/swift have in common.
	"backends/swift/apitest":   {"backends/swift/api", "backends/swift/swifttest", "core/auth", "core/backend"},
	"backends/swift/swifttest": nil, // a Swift knows nothing of filegate

	"authplugins/...":            nil,
	"authplugins/authplugin/...": {"core/auth", "authplugins/authplugin/..."},
	"authplugins/authtest":       {"core/auth", "core/testneed", "authplugins/authplugin", "authplugins/conformance"},
	"authplugins/conformance":    {"core/auth"},
	"authplugins/internal/...":   {"core/auth", "authplugins/authplugin"},
	"authplugins/scaffold":       {"authplugins/authplugin/authv1", "authplugins/example-python"},
	"authplugins/swiftv1":        authenticatorSees,
	"authplugins/keystone":       authenticatorSees,
	"authplugins/hook":           authenticatorSees,
	// Users act through the other two; their file is read by filegate too, which must not get all
	// of that with it.
	"authplugins/users":          append([]string{"core/config", "authplugins/keystone", "authplugins/swiftv1", "authplugins/users/userfile"}, authenticatorSees...),
	"authplugins/users/userfile": {"core/auth", "core/config"},
	// The same, with the users in a directory; its secrets and keys are as in that file.
	"authplugins/ldap": append([]string{"authplugins/keystone", "authplugins/swiftv1", "authplugins/users/userfile"}, authenticatorSees...),

	"cmd/filegate": {
		"core/admin", "core/auth", "core/cache/builtin", "core/config", "core/gateway", "frontends", "backends", "authplugins/authplugin",
		"cmd/filegate/confine",
		"backends/swift/swifttest",                              // the demo's store
		"authplugins/authplugin/authv1", "authplugins/scaffold", // for filegate plugin init
		"authplugins/conformance",    // for filegate plugin test
		"authplugins/users/userfile", // for filegate users
		"cmd/filegate/convert",       // for filegate convert
		"core/session", "core/vfs",   // for filegate fsck, which uses the storage as a client does
	},
	"cmd/filegate/convert":       nil, // its result is text, which filegate check reads
	"cmd/filegate-auth-swiftv1":  {"authplugins/authplugin", "authplugins/swiftv1"},
	"cmd/filegate-auth-keystone": {"authplugins/authplugin", "authplugins/keystone"},
	"cmd/filegate-auth-users":    {"authplugins/authplugin", "authplugins/users"},
	"cmd/filegate-auth-ldap":     {"authplugins/authplugin", "authplugins/ldap"},
	"cmd/filegate-auth-hook":     {"authplugins/authplugin", "authplugins/hook"},
	"cmd/filegate/confine":       {"core/config"},
	"cmd/filegate/man":           nil,
	"cmd/filegate-chaos":         {"backends/swift/swifttest"}, // the store
	"cmd/filegate-bench":         nil,                          // it starts filegate, as it starts what it compares it with
}

var (
	frontendSees      = []string{"core/auth", "core/frontend", "core/session", "core/vfs"}
	authenticatorSees = []string{"core/auth", "authplugins/authplugin", "authplugins/internal/..."}
)

// testsMayImport is what tests may import beside that, and beside their own package.
var testsMayImport = map[string][]string{
	"core/...":          {"core/..."},
	"frontends/...":     {"core/...", "frontends/frontendtest"},
	"frontends/sftp":    {"core/...", "frontends/frontendtest", "frontends/ssh"}, // what it is a service of
	"frontends/scp":     {"core/...", "frontends/frontendtest", "frontends/ssh"},
	"frontends/sshexec": {"core/...", "frontends/frontendtest", "frontends/ssh", "frontends/sftp"},
	"frontends/ssh":     {"core/...", "frontends/frontendtest", "frontends/sftp", "frontends/scp"},
	"backends/...":      {"core/...", "backends/swift/apitest", "backends/swift/swifttest", "authplugins/swiftv1", "authplugins/keystone", "authplugins/authplugin"},
	"authplugins/...":   {"core/...", "authplugins/...", "backends/swift/swifttest"},
	"cmd/...":           {"core/...", "frontends/...", "backends/...", "authplugins/..."},
}

// onlyIn says which packages may import a foreign library: the one that adapts it. In tests any
// package may have a client of a protocol.
var onlyIn = []struct {
	library string
	in      []string
	tests   bool // tests anywhere may import it too
}{
	{"github.com/hashicorp/hcl/v2", []string{"core/config"}, false},
	{"github.com/zclconf/go-cty", []string{"core/config"}, false},
	{"github.com/bradfitz/gomemcache", []string{"core/cache/memcached"}, true},
	{"github.com/redis/go-redis/v9", []string{"core/cache/redis"}, false},
	{"github.com/prometheus/client_golang", []string{"core/gateway"}, false},
	// The last three read authorized keys and certificates, and are clients.
	{"golang.org/x/crypto/ssh", []string{"frontends/ssh", "frontends/frontendtest", "authplugins/users/userfile", "cmd/filegate-bench", "cmd/filegate-chaos"}, true},
	{"github.com/pkg/sftp", []string{"frontends/sftp", "cmd/filegate-bench", "cmd/filegate-chaos"}, true}, // the last two as clients,
	{"github.com/fclairamb/ftpserverlib", []string{"frontends/ftp"}, false},
	{"github.com/spf13/afero", []string{"frontends/ftp"}, false},
	{"github.com/jlaffaye/ftp", []string{"cmd/filegate-chaos"}, true},
	{"github.com/pires/go-proxyproto", []string{"core/frontend"}, true},
	{"github.com/ncw/swift/v2", []string{"backends/swift/api"}, true},
	{"github.com/gophercloud/gophercloud/v2", []string{"authplugins/keystone"}, true},
	{"github.com/go-ldap/ldap/v3", []string{"authplugins/ldap"}, true},
	{"github.com/hashicorp/go-plugin", []string{"authplugins/authplugin/..."}, false},
	{"github.com/hashicorp/go-hclog", []string{"authplugins/authplugin/..."}, false},
	{"google.golang.org/grpc", []string{"authplugins/authplugin/..."}, false},
	{"google.golang.org/protobuf", []string{"authplugins/authplugin/...", "core/tracing"}, false}, // the last in its tests, as a collector
	{"go.opentelemetry.io", []string{"core/tracing"}, false},
}

// file is one Go file's imports.
type file struct {
	name    string // from the module's root
	pkg     string
	test    bool
	imports []string
}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		rule, ok := longest(mayImport, f.pkg)
		if !ok {
			t.Errorf("%s: no rule says what the package %s may import: add one to mayImport, as the design wants it", f.name, f.pkg)
			continue
		}
		for _, imp := range f.imports {
			if inner, ok := strings.CutPrefix(imp, module); ok {
				f.checkInner(t, inner, rule)
			} else {
				f.checkForeign(t, imp)
			}
		}
	}
}

func (f file) checkInner(t *testing.T, imp string, rule []string) {
	if matchesAny(rule, imp) {
		return
	}
	if f.test {
		extra, _ := longest(testsMayImport, f.pkg)
		if imp == f.pkg || matchesAny(extra, imp) {
			return
		}
	}
	t.Errorf("%s imports %s: the design lets %s import only %q of this module", f.name, imp, f.pkg, rule)
}

func (f file) checkForeign(t *testing.T, imp string) {
	for _, o := range onlyIn {
		if imp != o.library && !strings.HasPrefix(imp, o.library+"/") {
			continue
		}
		if !matchesAny(o.in, f.pkg) && !(o.tests && (f.test || strings.HasSuffix(f.pkg, "test"))) {
			t.Errorf("%s imports %s: only %q may, which adapts that library for everybody", f.name, imp, o.in)
		}
	}
}

// TestRulesHavePackages finds rules for packages that are gone, which would let a new one of that
// name in unseen.
func TestRulesHavePackages(t *testing.T) {
	files := goFiles(t)
	for pattern := range mayImport {
		if !slices.ContainsFunc(files, func(f file) bool { return matches(pattern, f.pkg) }) {
			t.Errorf("mayImport has a rule for %s, and there is no such package", pattern)
		}
	}
}

func goFiles(t *testing.T) []file {
	t.Helper()
	root := os.DirFS("..")
	var files []file
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(name)), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imp)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func longest(rules map[string][]string, pkg string) (rule []string, ok bool) {
	best := ""
	for pattern, r := range rules {
		if dir := strings.TrimSuffix(pattern, "..."); matches(pattern, pkg) && len(dir) > len(best) {
			best, rule, ok = dir, r, true
		}
	}
	return rule, ok
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func matches(pattern, pkg string) bool {
	dir, below := strings.CutSuffix(pattern, "/...")
	return pkg == dir || below && strings.HasPrefix(pkg, dir+"/")
}
