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
	PluginDir string                           // where authenticators lie, unless the file says so; default: the working directory
	LookupEnv func(name string) (string, bool) // default: os.LookupEnv
}

// Config is a configuration without mistakes, as far as this can be known without starting a part.
type Config struct {
	Log           Log
	Audit         Audit
	Admin         Admin
	Login         Login
	Limits        Limits
	User, Group   string        // that filegate becomes when root starts it; empty: it stays who it is
	Privileges    string        // drop: give up what is not needed; keep
	Sandbox       string        // auto, on, off: no changes of files but in some places, no calls of the system that are not needed
	Writable      []string      // further directories in which the sandbox lets files be changed
	CoreDumps     bool          // leave the memory of a crash, with passwords in it, to be looked at
	ShutdownGrace time.Duration // how long transfers may go on when the gateway is told to stop
	DrainDelay    time.Duration // how long clients are still served after that, while /readyz says not to send any more
	PIDFile       string        // file with the number of the process; empty: none
	Auths         []*Auth
	Caches        []*Cache
	Backends      []*Backend
	Frontends     []*Frontend
	EventHooks    []*EventHook

	opened []string // files that file() has read
}

// Log is the block "log": what is logged, in which form, and where to.
type Log struct {
	Level  string `hcl:"level,optional"`  // debug, info, warn, error
	Format string `hcl:"format,optional"` // text, json
	Output string `hcl:"output,optional"` // see [ParseOutput]
	Tag    string `hcl:"tag,optional"`    // the program's name in syslog
}

// Audit is the block "audit": where the audit log is written to.
type Audit struct {
	Output string `hcl:"output,optional"` // see [ParseOutput]; empty: nowhere
}

// Admin is the server for operators, metrics and health checks.
type Admin struct {
	Listen string      `hcl:"listen,optional"` // host:port; empty: none
	Socket string      `hcl:"socket,optional"` // path of a unix socket; empty: none
	Token  auth.Secret `hcl:"token,optional"`  // for what is not free to everybody; empty: nobody has one
	TLS    *AdminTLS   `hcl:"tls,block"`       // of Listen; nil: none
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

// Backend is a store to start.
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

// frontendRefs are the attributes of a frontend block that are the gateway's, beside the frontend's
// own.
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
	return cfg, nil
}

// namePattern is what names of parts are made of, since they stand in logs, metrics and file names.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
