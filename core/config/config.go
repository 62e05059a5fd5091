package config

import (
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/frontend"
)

// Options are the parts and defaults that a file is checked against.
type Options struct {
	Backends  []backend.Kind
	Frontends []frontend.Kind
	Caches    []cache.Kind
	PluginDir string                           // directory of the authenticators unless the file sets plugin_dir; default: the working directory
	LookupEnv func(name string) (string, bool) // default: os.LookupEnv
}

// Config is a configuration without mistakes, as far as they can be found without starting a part.
type Config struct {
	Log           Log
	Audit         Audit
	Admin         Admin
	Login         Login
	Limits        Limits
	Tracing       Tracing
	User, Group   string        // user and group that filegate changes to if root starts it; empty: unchanged
	Privileges    string        // drop: give up unneeded privileges; keep
	Sandbox       string        // auto, on, off: allow changes only in some directories, and forbid unneeded system calls
	Writable      []string      // additional directories in which the sandbox allows changes
	CoreDumps     bool          // allow core dumps, which contain passwords
	ShutdownGrace time.Duration // maximum time for transfers to finish when the gateway stops
	DrainDelay    time.Duration // time after the signal to stop during which clients are still served and /readyz fails; ShutdownGrace follows
	PIDFile       string        // file for the process ID; empty: none
	Auths         []*Auth
	Caches        []*Cache
	Backends      []*Backend
	Frontends     []*Frontend
	EventHooks    []*EventHook

	opened  []string // files that file() has read
	sources []string // the configuration file and the included ones
	secret  []string // those of sources that contain secrets
	dirs    []string // directories whose files are included by a pattern
}

// Log is the block "log": level, format and output of the log.
type Log struct {
	Level  string `hcl:"level,optional"`  // debug, info, warn, error
	Format string `hcl:"format,optional"` // text, json
	Output string `hcl:"output,optional"` // see [ParseOutput]
	Tag    string `hcl:"tag,optional"`    // the program's name in syslog
}

// Audit is the block "audit": the output of the audit log.
type Audit struct {
	Output string `hcl:"output,optional"` // see [ParseOutput]; empty: no audit log
}

// Admin is the server for operators, metrics and health checks.
type Admin struct {
	Listen string      `hcl:"listen,optional"` // host:port; empty: no TCP port
	Socket string      `hcl:"socket,optional"` // path of a unix socket; empty: no socket
	Token  auth.Secret `hcl:"token,optional"`  // for requests that need one; empty: such requests are refused
	TLS    *AdminTLS   `hcl:"tls,block"`       // for Listen; nil: no TLS
}

// AdminTLS is the certificate of the admin server.
type AdminTLS struct {
	Cert string `hcl:"cert"` // file of the certificate chain in PEM
	Key  string `hcl:"key"`  // file of its private key
}

// Cache is a block "cache". There is at most one of each kind, and at most one shared cache.
type Cache struct {
	Block
	Kind   string
	Shared bool
	Config cache.Config
}

// Backend is a storage to start.
type Backend struct {
	Block
	Kind   string
	Name   string
	Config backend.Config
}

// Frontend is a protocol server to start.
type Frontend struct {
	Block
	Kind    string
	Name    string
	Auth    []string // names of Auths, in the order in which they are asked
	Backend string   // the name of one of Backends
	Config  frontend.Config
}

// frontendRefs are the attributes of a frontend block that belong to the gateway, not to the
// frontend.
type frontendRefs struct {
	Auth    []string `hcl:"auth,optional"`
	Backend string   `hcl:"backend,optional"`
}

// file is the outermost level of a file.
type file struct {
	Include       oneOrMore          `hcl:"include,optional"` // see include.go
	PluginDir     oneOrMore          `hcl:"plugin_dir,optional"`
	ShutdownGrace time.Duration      `hcl:"shutdown_grace,optional"`
	DrainDelay    time.Duration      `hcl:"drain_delay,optional"`
	PIDFile       string             `hcl:"pid_file,optional"`
	User          string             `hcl:"user,optional"`
	Group         string             `hcl:"group,optional"`
	Privileges    string             `hcl:"privileges,optional"`
	Sandbox       string             `hcl:"sandbox,optional"`
	Writable      []string           `hcl:"writable,optional"`
	CoreDumps     bool               `hcl:"core_dumps,optional"`
	Log           Log                `hcl:"log,block"`
	Audit         Audit              `hcl:"audit,block"`
	Admin         Admin              `hcl:"admin,block"`
	Login         Login              `hcl:"login,block"`
	Limits        Limits             `hcl:"limits,block"`
	Tracing       Tracing            `hcl:"tracing,block"`
	Auths         []*hclsyntax.Block `hcl:"auth,block"`
	Caches        []*hclsyntax.Block `hcl:"cache,block"`
	Backends      []*hclsyntax.Block `hcl:"backend,block"`
	Frontends     []*hclsyntax.Block `hcl:"frontend,block"`
	EventHooks    []*hclsyntax.Block `hcl:"event_hook,block"`
}

// Load reads the file. The error is of type [Diagnostics].
func Load(filename string, opts Options) (*Config, error) {
	text, err := os.ReadFile(filename)
	if err != nil {
		return nil, Diagnostics{{
			Summary: "Cannot read the configuration file " + filename,
			Detail:  "The system says: " + pathCause(err).Error() + ". Name another file with -c.",
		}}
	}
	return Parse(text, filename, opts)
}

// Parse reads the text of a file. Relative names in file() start at the directory of filename. The
// error is of type [Diagnostics] and has all mistakes.
func Parse(text []byte, filename string, opts Options) (*Config, error) {
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	var opened []string
	w, err := parseWhole(text, filename, opts.LookupEnv, func(file string) { opened = append(opened, file) })
	if err != nil {
		return nil, err
	}
	r := &reader{decoder: decoder{src: w.src, evals: w.evals, diags: w.diags}, opts: opts, partial: w.partial}
	cfg := r.read(w.body)
	slices.Sort(opened)
	cfg.opened = slices.Compact(opened)
	if len(r.diags) > 0 {
		return nil, r.diags
	}
	cfg.sources, cfg.dirs = append([]string{filename}, w.files...), w.dirs
	for _, name := range cfg.sources {
		if w.src.hasSecret(name) {
			cfg.secret = append(cfg.secret, name)
		}
	}
	return cfg, nil
}

// namePattern matches the names of parts, which appear in logs, metrics and file names.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
