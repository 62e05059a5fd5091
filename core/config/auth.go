package config

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"filegate/core/auth"
)

// programPrefix is the start of the file names of authenticators; their kind follows.
const programPrefix = "filegate-auth-"

// Auth is an authenticator to start.
type Auth struct {
	Block         // the inner config block, or the auth block if it contains none
	Kind   string // the authenticator's own name
	Name   string
	Path   string // of the program
	SHA256 string // of the program, in lower-case hex; empty: not checked

	Args         []string          // of the program
	Env          map[string]string // in addition to the variables that every program gets
	StartTimeout time.Duration     // for a start, until the program is configured
	CallTimeout  time.Duration     // for one call
	AnyOwner     bool              // run the program even if other users can replace it
	Required     bool              // the gateway is not ready without it

	values map[string]cty.Value // of the config block; null if the file contains null
	called map[string]bool      // attributes whose value a function has returned: texts that may stand for numbers and booleans
}

// SameProgram reports whether a program that was started for b can be used for a, because it gets
// the same parameters.
func (a *Auth) SameProgram(b *Auth) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.Path == b.Path && a.SHA256 == b.SHA256 &&
		slices.Equal(a.Args, b.Args) && maps.Equal(a.Env, b.Env) && a.StartTimeout == b.StartTimeout && a.CallTimeout == b.CallTimeout && a.AnyOwner == b.AnyOwner &&
		maps.EqualFunc(a.values, b.values, func(v, w cty.Value) bool { return v.RawEquals(w) })
}

// authBlock is the content of an auth block.
type authBlock struct {
	Path         string            `hcl:"path,optional"`
	SHA256       string            `hcl:"sha256,optional"`
	Args         []string          `hcl:"args,optional"`
	Env          map[string]string `hcl:"env,optional"`
	StartTimeout time.Duration     `hcl:"start_timeout,optional"`
	CallTimeout  time.Duration     `hcl:"call_timeout,optional"`
	AnyOwner     bool              `hcl:"any_owner,optional"`
	Required     bool              `hcl:"required,optional"`
	Config       *hclsyntax.Block  `hcl:"config,block"`
}

func (r *reader) auth(b *hclsyntax.Block, pluginDirs []string) *Auth {
	in := authBlock{StartTimeout: 10 * time.Second, CallTimeout: 30 * time.Second}
	if env := b.Body.Attributes["env"]; env != nil {
		r.src.hide(env) // may contain secrets
	}
	r.body(b.Body, b.DefRange(), &in)
	a := &Auth{
		Block: r.block(b), Kind: b.Labels[0], Name: b.Labels[1],
		Path: in.Path, SHA256: strings.ToLower(in.SHA256), Args: in.Args, Env: in.Env,
		StartTimeout: in.StartTimeout, CallTimeout: in.CallTimeout, AnyOwner: in.AnyOwner, Required: in.Required,
		values: map[string]cty.Value{}, called: map[string]bool{},
	}
	if sum, err := hex.DecodeString(a.SHA256); a.SHA256 != "" && (err != nil || len(sum) != 32) {
		r.diags = append(r.diags, a.Diagnose("sha256", "Not a SHA-256", "Give the 64 hexadecimal digits that sha256sum prints for the program."))
	}
	for name, limit := range map[string]time.Duration{"start_timeout": a.StartTimeout, "call_timeout": a.CallTimeout} {
		if limit <= 0 {
			r.diags = append(r.diags, a.Diagnose(name, name+" is too short", "Give a time such as \"10s\"."))
		}
	}
	for name := range a.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(a.Env[name], "\x00") {
			r.diags = append(r.diags, a.Diagnose("env", "Invalid environment variable", "A name must not be empty or contain = or NUL; a value must not contain NUL."))
		}
	}
	r.program(a, b, pluginDirs)
	if in.Config == nil {
		return a
	}
	a.Block = r.block(in.Config)
	r.labels(in.Config)
	r.src.hideAll(in.Config.Body) // until the program has reported which attributes are secret
	for name, attr := range in.Config.Body.Attributes {
		if val, ok := r.value(attr); ok {
			a.values[name] = val
			if _, called := attr.Expr.(*hclsyntax.FunctionCallExpr); called {
				a.called[name] = true
			}
		}
	}
	for _, inner := range in.Config.Body.Blocks {
		r.report(inner.TypeRange, "Block "+inner.Type+" in config", "The configuration of an authenticator has only attributes: write %s = …", inner.Type)
	}
	return a
}

// program finds the authenticator's program, and reports a missing one.
func (r *reader) program(a *Auth, b *hclsyntax.Block, pluginDirs []string) {
	if a.Path == "" {
		a.Path = firstThere(pluginDirs, programPrefix+a.Kind)
	}
	if abs, err := filepath.Abs(a.Path); err == nil {
		a.Path = abs // exec would search PATH for a name without a slash
	}
	info, err := os.Stat(a.Path)
	switch {
	case err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0:
		return
	case err == nil:
		r.diags = append(r.diags, a.Diagnose("path", a.Path+" is no program", "It must be a file that may be executed: chmod +x, or give another path."))
	case b.Body.Attributes["path"] != nil:
		r.diags = append(r.diags, a.Diagnose("path", "No such program", fmt.Sprintf("%s: %v. Give the path of an authenticator.", a.Path, pathCause(err))))
	default:
		var all []string
		for _, dir := range pluginDirs {
			all = append(all, programs(dir)...)
		}
		also := ""
		if len(pluginDirs) > 1 {
			also = ", and none of that name in the other directories of plugin_dir"
		}
		r.report(b.LabelRanges[0], "No authenticator "+a.Kind, "There is no program %s%s: %v. %s Or set path or plugin_dir.",
			a.Path, also, pathCause(err), didYouMean(a.Kind, all))
	}
}

// firstThere returns the path of the first existing file with that name in the directories. If
// there is none, it returns the path in the first directory.
func firstThere(dirs []string, name string) string {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return filepath.Join(dirs[0], name)
}

// programs returns the kinds of the authenticators in a directory.
func programs(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, programPrefix+"*"))
	for i, name := range found {
		found[i] = strings.TrimPrefix(filepath.Base(name), programPrefix)
	}
	return found
}

var schemaTypes = map[auth.AttributeType]reflect.Type{
	auth.TypeString:     reflect.TypeFor[string](),
	auth.TypeBool:       reflect.TypeFor[bool](),
	auth.TypeNumber:     reflect.TypeFor[float64](),
	auth.TypeStringList: reflect.TypeFor[[]string](),
	auth.TypeStringMap:  reflect.TypeFor[map[string]string](),
}

// Decode checks the config block against the authenticator's schema and returns it as a JSON
// object, for [auth.LaunchSpec]. [Auth.Locate] shows the mistakes in the file.
func (a *Auth) Decode(schema auth.Schema) ([]byte, auth.Diagnostics) {
	var diags auth.Diagnostics
	report := func(attribute, summary, format string, args ...any) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: fmt.Sprintf(format, args...)})
	}
	names := make([]string, 0, len(schema))
	values := map[string]any{}
	for _, attr := range schema {
		names = append(names, attr.Name)
		if !attr.Secret {
			a.show(attr.Name)
		}
		t, ok := schemaTypes[attr.Type]
		if !ok {
			report(attr.Name, "Faulty authenticator", "The program says that %s is of the type %q, which does not exist. Get a version of it that fits this filegate.", attr.Name, attr.Type)
			continue
		}
		val, ok := a.values[attr.Name]
		if !ok || val.IsNull() {
			if attr.Required {
				report(attr.Name, "Missing attribute "+attr.Name, "The authenticator %s needs it%s.", a.Kind, docSuffix(attr.Doc))
			}
			continue
		}
		if a.called[attr.Name] {
			val = fromText(val, t)
		}
		v, err := convert(val, t, "")
		if err != nil {
			summary, detail := wrongType(attr.Name, val, err)
			report(attr.Name, summary, "%s", detail)
			continue
		}
		values[attr.Name] = v.Interface()
	}
	for name := range a.values {
		if !slices.Contains(names, name) {
			report(name, "Unknown attribute "+name, "The authenticator %s has no such attribute. %s", a.Kind, didYouMean(name, names))
		}
	}
	if len(diags) > 0 {
		return nil, diags
	}
	text, err := json.Marshal(values)
	if err != nil {
		report("", "Configuration cannot be passed on", "%v", err) // for example an infinite number
		return nil, diags
	}
	return text, nil
}

// Fingerprint returns equal values for authenticators with the same names and the same
// configuration, on any machine. It is as secret as the configuration.
func (c *Config) Fingerprint(names []string) string {
	var b strings.Builder
	for _, name := range names {
		for _, a := range c.Auths {
			if a.Name != name {
				continue
			}
			fmt.Fprintf(&b, "%q %q %q %q", a.Name, a.Kind, a.SHA256, a.Args)
			for _, name := range slices.Sorted(maps.Keys(a.Env)) {
				fmt.Fprintf(&b, " %q %q", name, a.Env[name])
			}
			for _, attribute := range slices.Sorted(maps.Keys(a.values)) {
				fmt.Fprintf(&b, " %q=%#v", attribute, a.values[attribute])
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func docSuffix(doc string) string {
	if doc == "" {
		return ""
	}
	return " (" + strings.TrimRight(doc, ".") + ")"
}

// Locate finds the place in the file of mistakes that Decode or the program has reported.
func (a *Auth) Locate(found auth.Diagnostics) Diagnostics {
	var diags Diagnostics
	for _, d := range found {
		diags = append(diags, a.Diagnose(d.Attribute, d.Summary, d.Detail))
	}
	return diags
}
