package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
	"filegate/core/config"
)

func pluginCommands() []command {
	return []command{
		{name: "list", summary: "start the authenticators of a configuration and show their state", run: cmdPluginList},
		{name: "describe", summary: "describe an authenticator and its options", run: cmdPluginDescribe},
		{name: "test", summary: "test whether a program follows the rules for authenticators", run: cmdPluginTest},
		{name: "init", summary: "create a project for your own authenticator", run: cmdPluginInit, words: []string{"go", "python", "sh", "http"}},
		{name: "proto", summary: "print the protocol between gateway and authenticators", run: cmdPluginProto},
		{name: "login", summary: "test one login step by step, as filegate login does", run: cmdLogin},
	}
}

func cmdPlugin(e env, args []string) int {
	return group{
		name:     "plugin",
		commands: pluginCommands(),
		synopsis: "[flags] …",
		more: "NAME is the name of an auth block in the configuration. PATH is a program, and contains a slash.\n" +
			"authplugins/doc.go explains how to write an authenticator.\n",
	}.run(e, args)
}

// target is the authenticator that a command examines.
type target struct {
	spec   auth.LaunchSpec
	locate func(auth.Diagnostics) error // turns mistakes in its configuration into an error
}

// targetFlags are the flags that configure an authenticator.
type targetFlags struct {
	file string
	set  settings
}

func (f *targetFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&f.file, "c", defaultFile, "the configuration `file`, for NAME")
	fs.Var(&f.set, "set", "for PATH: an option of the authenticator, as `NAME=VALUE`; repeat it for each value of a list")
}

// target returns the target for the name of an auth block or the path of a program.
func (f *targetFlags) target(e env, nameOrPath string) (*target, error) {
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if strings.Contains(nameOrPath, "/") {
		return &target{
			spec: auth.LaunchSpec{Name: "test", Path: nameOrPath, Log: log, Decode: f.set.decode},
			locate: func(diags auth.Diagnostics) error {
				var errs []error
				for _, d := range diags {
					errs = append(errs, fmt.Errorf("%s: %s: %s", nameOrPath, d.Summary, d.Detail))
				}
				return errors.Join(errs...)
			},
		}, nil
	}
	cfg, err := loadConfig(f.file)
	if err != nil {
		return nil, err
	}
	for _, a := range cfg.Auths {
		if a.Name == nameOrPath {
			return targetOf(a, log), nil
		}
	}
	return nil, fmt.Errorf("no auth block in %s is named %q; a program is named with a slash, as in ./%s", f.file, nameOrPath, nameOrPath)
}

func targetOf(a *config.Auth, log *slog.Logger) *target {
	return &target{
		spec: auth.LaunchSpec{
			Kind: a.Kind, Name: a.Name, Path: a.Path, SHA256: a.SHA256, HostVersion: version(), Args: a.Args, Env: a.Env,
			StartTimeout: a.StartTimeout, CallTimeout: a.CallTimeout, AnyOwner: a.AnyOwner, Log: log, Decode: a.Decode,
		},
		locate: func(diags auth.Diagnostics) error { return a.Locate(diags) },
	}
}

// launch starts the authenticator.
func (t *target) launch(e env, launcher auth.Launcher) (auth.Plugin, error) {
	return t.usable(launcher.Launch(e.stop, t.spec))
}

// usable returns the authenticator, or the error for the operator.
func (t *target) usable(p auth.Plugin, diags auth.Diagnostics, err error) (auth.Plugin, error) {
	switch {
	case err != nil:
		return nil, err
	case len(diags) > 0:
		return nil, t.locate(diags)
	}
	return p, nil
}

// forLogin starts the authenticator for one login, or connects to the running program that has
// printed the line reattach. debug is for a program in a debugger.
func (t *target) forLogin(e env, debug bool, reattach string) (auth.Plugin, error) {
	launcher := &authplugin.Launcher{Debug: debug}
	if debug || reattach != "" {
		t.spec.Log = slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if reattach == "" {
		return t.launch(e, launcher) // its log has the process ID
	}
	p, diags, err := launcher.Attach(e.stop, t.spec, reattach)
	return t.usable(p, diags, err)
}

// settings are the attributes of an authenticator's configuration that the command line sets.
type settings map[string][]string

// String implements [flag.Value]. It shows no values, which may be secrets.
func (s *settings) String() string { return strings.Join(slices.Sorted(maps.Keys(*s)), " ") }

// Set implements [flag.Value].
func (s *settings) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("write NAME=VALUE")
	}
	if *s == nil {
		*s = settings{}
	}
	(*s)[name] = append((*s)[name], value)
	return nil
}

// decode converts the settings to the types of the schema, for [auth.LaunchSpec].
func (s *settings) decode(schema auth.Schema) ([]byte, auth.Diagnostics) {
	var diags auth.Diagnostics
	report := func(name, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: name, Summary: summary, Detail: detail})
	}
	values, left := map[string]any{}, maps.Clone(*s)
	for _, a := range schema {
		texts := left[a.Name]
		delete(left, a.Name)
		switch {
		case len(texts) == 0 && a.Required:
			report(a.Name, "Missing attribute "+a.Name, fmt.Sprintf("Give it with -set %s=…: %s", a.Name, a.Doc))
		case len(texts) == 0:
		case len(texts) > 1 && a.Type != auth.TypeStringList && a.Type != auth.TypeStringMap:
			report(a.Name, "Two values for "+a.Name, "It takes one.")
		default:
			v, err := settingOf(a.Type, texts)
			if err != nil {
				report(a.Name, "Wrong value for "+a.Name, err.Error())
			}
			values[a.Name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		report(name, "Unknown attribute "+name, "filegate plugin describe lists all attributes.")
	}
	text, err := json.Marshal(values)
	if err != nil {
		report("", "Configuration cannot be passed on", err.Error()) // for example an infinite number
	}
	return text, diags
}

// settingOf converts texts to a value of type t. The error does not repeat the text, which may be
// secret.
func settingOf(t auth.AttributeType, texts []string) (any, error) {
	switch t {
	case auth.TypeBool:
		v, err := strconv.ParseBool(texts[0])
		if err != nil {
			return nil, errors.New("give true or false")
		}
		return v, nil
	case auth.TypeNumber:
		v, err := strconv.ParseFloat(texts[0], 64)
		if err != nil {
			return nil, errors.New("give a number")
		}
		return v, nil
	case auth.TypeStringList:
		return texts, nil
	case auth.TypeStringMap:
		m := map[string]string{}
		for _, text := range texts {
			k, v, ok := strings.Cut(text, "=")
			if !ok {
				return nil, errors.New("give KEY=VALUE, once for each key")
			}
			m[k] = v
		}
		return m, nil
	default:
		return texts[0], nil
	}
}
