package config

import (
	"fmt"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (r *reader) checkLog(log Log, top Block) {
	r.oneOf(top, "log.level", log.Level, "debug", "info", "warn", "error")
	r.oneOf(top, "log.format", log.Format, "text", "json")
	if !tagPattern.MatchString(log.Tag) {
		r.diags = append(r.diags, top.Diagnose("log.tag", fmt.Sprintf("Bad tag %q", log.Tag), "A tag is a word of up to 32 letters, digits, dashes and underscores."))
	}
	if log.Output == "" {
		r.diags = append(r.diags, top.Diagnose("log.output", "Empty log output", outputAdvice))
		return
	}
	r.checkOutput("log.output", log.Output, top)
}

// tagPattern matches the program names that syslog collectors accept.
var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

func (r *reader) checkAudit(audit Audit, top Block) {
	if audit.Output == "" {
		if top.find("audit") != top.def {
			r.diags = append(r.diags, top.Diagnose("audit.output", "Missing attribute output", outputAdvice))
		}
		return
	}
	r.checkOutput("audit.output", audit.Output, top)
}

// checkProcess checks the options for the rights of the process.
func (r *reader) checkProcess(cfg *Config, top Block) {
	r.oneOf(top, "privileges", cfg.Privileges, "drop", "keep")
	r.oneOf(top, "sandbox", cfg.Sandbox, "auto", "on", "off")
	for _, dir := range cfg.Writable {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			r.diags = append(r.diags, top.Diagnose("writable", fmt.Sprintf("There is no directory %s", dir), "Make it, or leave it out."))
		}
	}
}

func (r *reader) oneOf(b Block, attribute, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.diags = append(r.diags, b.Diagnose(attribute, fmt.Sprintf("Unknown value %q", value), didYouMean(value, allowed)))
	}
}

func hostPort(addr string) (host string, port int, ok bool) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, false
	}
	port, err = strconv.Atoi(p)
	return host, port, err == nil && port >= 0 && port <= 65535
}

// duplicates reports blocks with the same name. The names of authenticators and of backends are
// unique among all kinds, the names of frontends within their kind. There can be only one cache of
// each kind.
func (r *reader) duplicates(file *file) {
	for _, list := range [][]*hclsyntax.Block{file.Auths, file.Caches, file.Backends, file.Frontends} {
		first := map[string]hcl.Range{}
		for _, b := range list {
			var name string
			advice := "give this one another name"
			switch {
			case b.Type == "cache" && len(b.Labels) == 1:
				name, advice = fmt.Sprintf("%s %q", b.Type, b.Labels[0]), "put both into one"
			case len(b.Labels) != 2:
				continue
			case b.Type == "frontend":
				name = fmt.Sprintf("%s %q %q", b.Type, b.Labels[0], b.Labels[1])
			default:
				name = fmt.Sprintf("%s %q", b.Type, b.Labels[1])
			}
			if there, ok := first[name]; ok {
				r.report(b.DefRange(), "Second "+name, "There is one %s: %s.", lineOf(there, b.DefRange()), advice)
				continue
			}
			first[name] = b.DefRange()
		}
	}
}

// sharedCaches reports a second shared cache.
func (r *reader) sharedCaches(cfg *Config) {
	var first *Cache
	for _, c := range cfg.Caches {
		switch {
		case !c.Shared || first != nil && first.Kind == c.Kind: // two of one kind: duplicates reports them
		case first == nil:
			first = c
		default:
			r.diags = append(r.diags, c.Diagnose("", "Second shared cache", fmt.Sprintf("Gateways share one: drop this block or cache %q.", first.Kind)))
		}
	}
}

// references reports missing blocks, fills in missing references of frontends if there is only one
// candidate, and reports references to blocks that do not exist.
func (r *reader) references(cfg *Config, file *file, start hcl.Range) {
	// A block with a mistake also counts as declared, so that one mistake is reported only once.
	auths, backends := declared(file.Auths), declared(file.Backends)
	for _, missing := range []struct {
		what string
		none bool
	}{
		{"auth", len(file.Auths) == 0},
		{"backend", len(file.Backends) == 0},
		{"frontend", len(file.Frontends) == 0},
	} {
		if missing.none {
			r.report(start, "No "+missing.what+" block", "There must be at least one auth, one backend and one frontend. See gateway.hcl.example.")
		}
	}
	for _, f := range cfg.Frontends {
		_, given := f.body.Attributes["auth"]
		switch {
		case !given && len(auths) == 1:
			f.Auth = auths
		case !given && len(auths) > 1:
			r.diags = append(r.diags, f.Diagnose("", "Missing attribute auth", fmt.Sprintf("There are several auth blocks. Set auth = %s, or some of them, in the order in which they are asked.", quoteList(auths))))
		case given && len(f.Auth) == 0 && !r.reported(f.find("auth")):
			r.diags = append(r.diags, f.Diagnose("auth", "No authenticator", "Nobody could log in: name at least one auth block."))
		}
		for i, name := range f.Auth {
			if !slices.Contains(auths, name) {
				r.diags = append(r.diags, f.Diagnose("auth", fmt.Sprintf("No auth block is named %q", name), didYouMean(name, auths)))
			}
			if slices.Contains(f.Auth[:i], name) {
				r.diags = append(r.diags, f.Diagnose("auth", fmt.Sprintf("%q is named twice", name), "Each authenticator is asked once: name it once."))
			}
		}
		_, given = f.body.Attributes["backend"]
		switch {
		case !given && len(backends) == 1:
			f.Backend = backends[0]
		case !given && len(backends) > 1:
			r.diags = append(r.diags, f.Diagnose("", "Missing attribute backend", fmt.Sprintf("There are several backend blocks. Set backend = %q, or another of %s.", backends[0], quoteList(backends))))
		case given && !slices.Contains(backends, f.Backend) && !r.reported(f.find("backend")):
			r.diags = append(r.diags, f.Diagnose("backend", fmt.Sprintf("No backend block is named %q", f.Backend), didYouMean(f.Backend, backends)))
		}
	}
}

func declared(blocks []*hclsyntax.Block) []string {
	var all []string
	for _, b := range blocks {
		if len(b.Labels) == 2 && !slices.Contains(all, b.Labels[1]) {
			all = append(all, b.Labels[1])
		}
	}
	return all
}

func quoteList(all []string) string {
	s := "["
	for i, name := range all {
		if i > 0 {
			s += ", "
		}
		s += strconv.Quote(name)
	}
	return s + "]"
}

// reported reports whether there is already a mistake at this place.
func (r *reader) reported(rng hcl.Range) bool {
	return r.diags.Cover(Diagnostic{rng: rng})
}

// addresses reports two servers with the same address. Port 0 stands for any free port.
func (r *reader) addresses(cfg *Config, top Block) {
	type taken struct {
		addr, host string
		port       int
		by         string
	}
	var all []taken
	claim := func(addr, by string, b Block, attribute string) {
		host, port, ok := hostPort(addr)
		if !ok || port == 0 {
			return // any free port, or a malformed address, which the part's own Validate reports
		}
		for _, t := range all {
			if t.port == port && (t.host == host || everywhere(t.host) || everywhere(host)) {
				r.diags = append(r.diags, b.Diagnose(attribute, fmt.Sprintf("Address %s is taken", addr),
					fmt.Sprintf("%s listens on %s already: give another port.", t.by, t.addr)))
				return
			}
		}
		all = append(all, taken{addr, host, port, by})
	}
	if cfg.Admin.Listen != "" {
		claim(cfg.Admin.Listen, "The admin server", top, "admin.listen")
	}
	for _, f := range cfg.Frontends {
		for _, addr := range listens(f.Config) {
			claim(addr, fmt.Sprintf("frontend %q %q", f.Kind, f.Name), f.Block, "listen")
		}
	}
}

func everywhere(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

// listens returns the value of the option "listen" of a frontend.
func listens(cfg any) []string {
	for _, f := range fields(reflect.ValueOf(cfg).Elem()) {
		if list, ok := f.value.Interface().([]string); ok && f.name == "listen" {
			return list
		}
	}
	return nil
}
