package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// defaultGrace is the default of shutdown_grace.
const defaultGrace = 30 * time.Second

// reader reads a file from the outer blocks to the inner ones.
type reader struct {
	decoder
	opts    Options
	partial bool // see whole
}

func (r *reader) read(body *hclsyntax.Body) *Config {
	f := defaultFile()
	// An empty file has no other place at which a missing block could be reported.
	start := r.src.start()
	r.body(body, start, f)

	cfg := &Config{
		Log: f.Log, Audit: f.Audit, Admin: f.Admin, Login: f.Login, Limits: f.Limits, Tracing: f.Tracing, ShutdownGrace: f.ShutdownGrace, DrainDelay: f.DrainDelay, PIDFile: f.PIDFile, CoreDumps: f.CoreDumps,
		User: f.User, Group: f.Group, Privileges: f.Privileges, Sandbox: f.Sandbox, Writable: f.Writable,
	}
	top := Block{src: r.src, body: body, def: start}
	r.checkProcess(cfg, top)
	r.checkLog(cfg.Log, top)
	r.checkAudit(cfg.Audit, top)
	r.checkAdmin(cfg.Admin, top)
	r.checkLogin(cfg.Login, top)
	r.checkLimits(cfg.Limits, top)
	r.checkTracing(&cfg.Tracing, top)
	if len(f.PluginDir) == 0 {
		f.PluginDir = oneOrMore{r.opts.PluginDir}
	}
	for _, b := range f.Auths {
		if r.named(b) {
			cfg.Auths = append(cfg.Auths, r.auth(b, f.PluginDir))
		}
	}
	for _, b := range f.Caches {
		if r.labels(b, "kind") {
			if part := r.cache(b); part != nil {
				cfg.Caches = append(cfg.Caches, part)
			}
		}
	}
	for _, b := range f.Backends {
		if r.named(b) {
			if part := r.backend(b); part != nil {
				cfg.Backends = append(cfg.Backends, part)
			}
		}
	}
	for _, b := range f.Frontends {
		if r.named(b) {
			if part := r.frontend(b); part != nil {
				cfg.Frontends = append(cfg.Frontends, part)
			}
		}
	}
	cfg.EventHooks = r.eventHooks(f.EventHooks)
	r.duplicates(f)
	if !r.partial {
		r.references(cfg, f, start)
	}
	r.sharedCaches(cfg)
	r.addresses(cfg, top)
	return cfg
}

// defaultFile returns the outermost level of a file, with the defaults.
func defaultFile() *file {
	return &file{
		ShutdownGrace: defaultGrace,
		Privileges:    "drop",
		Sandbox:       "auto",
		Log:           Log{Level: "info", Format: "text", Output: "stderr", Tag: "filegate"},
		Login:         defaultLogin(),
		Limits:        defaultLimits(),
		Tracing:       Tracing{Sample: 1, Timeout: 10 * time.Second},
	}
}

// named reports a block without two valid labels.
func (r *reader) named(b *hclsyntax.Block) bool {
	if !r.labels(b, "kind", "name") {
		return false
	}
	ok := true
	for i, l := range b.Labels {
		if !namePattern.MatchString(l) {
			r.report(b.LabelRanges[i], fmt.Sprintf("Bad name %q", l), "Names are made of letters, digits, dots, dashes and underscores, and begin with a letter or a digit.")
			ok = false
		}
	}
	return ok
}

func (r *reader) block(b *hclsyntax.Block) Block {
	return Block{src: r.src, body: b.Body, def: b.DefRange()}
}

func (r *reader) cache(b *hclsyntax.Block) *Cache {
	var kinds []string
	for _, k := range r.opts.Caches {
		if k.Name == b.Labels[0] {
			part := &Cache{Block: r.block(b), Kind: k.Name, Shared: k.Shared, Config: k.Config()}
			before := len(r.diags)
			r.body(b.Body, b.DefRange(), part.Config)
			r.validate(part.Block, before, part.Config.Validate)
			return part
		}
		kinds = append(kinds, k.Name)
	}
	r.src.hideAll(b.Body)
	r.report(b.LabelRanges[0], "Unknown kind of cache: "+b.Labels[0], "No cache of that kind is built in. %s", didYouMean(b.Labels[0], kinds))
	return nil
}

func (r *reader) backend(b *hclsyntax.Block) *Backend {
	var kinds []string
	for _, k := range r.opts.Backends {
		if k.Name == b.Labels[0] {
			part := &Backend{Block: r.block(b), Kind: k.Name, Name: b.Labels[1], Config: k.Config()}
			before := len(r.diags)
			r.body(b.Body, b.DefRange(), part.Config)
			r.validate(part.Block, before, part.Config.Validate)
			return part
		}
		kinds = append(kinds, k.Name)
	}
	r.src.hideAll(b.Body)
	r.report(b.LabelRanges[0], "Unknown kind of backend: "+b.Labels[0], "No backend of that kind is built in. %s", didYouMean(b.Labels[0], kinds))
	return nil
}

func (r *reader) frontend(b *hclsyntax.Block) *Frontend {
	var kinds []string
	for _, k := range r.opts.Frontends {
		if k.Name == b.Labels[0] {
			part := &Frontend{Block: r.block(b), Kind: k.Name, Name: b.Labels[1], Config: k.Config()}
			var refs frontendRefs
			before := len(r.diags)
			r.body(b.Body, b.DefRange(), &refs, part.Config)
			part.Auth, part.Backend = refs.Auth, refs.Backend
			r.validate(part.Block, before, part.Config.Validate)
			return part
		}
		kinds = append(kinds, k.Name)
	}
	r.src.hideAll(b.Body)
	r.report(b.LabelRanges[0], "Unknown kind of frontend: "+b.Labels[0], "No frontend of that kind is built in. %s", didYouMean(b.Labels[0], kinds))
	return nil
}

// validate calls the Validate function of a part. It drops reports about an attribute that could
// not be decoded (see the diagnostics from before on), because they would be about the default.
func (r *reader) validate(b Block, before int, validate func(report func(attribute, summary, detail string))) {
	decoding := r.diags[before:]
	validate(func(attribute, summary, detail string) {
		if diag := b.Diagnose(attribute, summary, detail); attribute == "" || !decoding.Cover(diag) {
			r.diags = append(r.diags, diag)
		}
	})
}
