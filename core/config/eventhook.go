package config

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"filegate/core/auth"
)

// EventHook is a block "event_hook": a program or a web address that gets the actions of clients.
type EventHook struct {
	Block
	Name  string
	Roots *x509.CertPool // from CAFile; nil: the system's

	Events   []string      `hcl:"events,optional"` // names of audit records
	URL      string        `hcl:"url,optional"`    // web address, or
	Command  []string      `hcl:"command,optional"`
	Secret   auth.Secret   `hcl:"secret,optional"` // signs the requests to URL
	CAFile   string        `hcl:"ca_file,optional"`
	Timeout  time.Duration `hcl:"timeout,optional"`   // of one attempt
	RetryFor time.Duration `hcl:"retry_for,optional"` // maximum time for further attempts
	Queue    int           `hcl:"queue,optional"`     // maximum number of waiting events
	Before   bool          `hcl:"before,optional"`    // ask before the action, which the hook may refuse
}

// hookEvents are the events that a hook can get, with their names in the audit log.
var hookEvents = []string{"login", "logout", "upload", "download", "remove", "rmdir", "rename", "mkdir", "copy", "symlink", "setattrs", "truncate", "restore", "tempurl", "acl"}

// maxHookQueue limits the length of a queue, and so its memory.
const maxHookQueue = 100_000

func defaultEventHook() *EventHook {
	return &EventHook{Events: []string{"login", "upload", "copy", "rename", "restore", "remove"}, Timeout: 10 * time.Second, RetryFor: 10 * time.Minute, Queue: 1000}
}

// eventHooks decodes the blocks.
func (r *reader) eventHooks(blocks []*hclsyntax.Block) (all []*EventHook) {
	first := map[string]*hclsyntax.Block{}
	for _, b := range blocks {
		if !r.labels(b, "name") {
			continue
		}
		h := defaultEventHook()
		h.Block, h.Name = r.block(b), b.Labels[0]
		if !namePattern.MatchString(h.Name) {
			r.report(b.LabelRanges[0], fmt.Sprintf("Bad name %q", h.Name), "Names are made of letters, digits, dots, dashes and underscores, and begin with a letter or a digit.")
		}
		if there := first[h.Name]; there != nil {
			r.report(b.DefRange(), fmt.Sprintf("Second event_hook %q", h.Name), "There is one %s: give this one another name.", lineOf(there.DefRange(), b.DefRange()))
		}
		first[h.Name] = b
		before := len(r.diags)
		r.body(b.Body, b.DefRange(), h)
		r.validate(h.Block, before, h.validate)
		all = append(all, h)
	}
	return all
}

func (h *EventHook) validate(report func(attribute, summary, detail string)) {
	for i, event := range h.Events {
		if !slices.Contains(hookEvents, event) {
			report(fmt.Sprintf("events.%d", i), fmt.Sprintf("Unknown event %q", event), didYouMean(event, hookEvents))
		}
	}
	if h.Before && slices.Contains(h.Events, "logout") {
		report("events", "No hook before a logout", "Nobody can refuse it: leave logout out, or before.")
	}
	if len(h.Events) == 0 {
		report("events", "No events", "Name the events that the hook is told of: "+strings.Join(hookEvents, ", ")+".")
	}
	switch {
	case h.URL == "" && len(h.Command) == 0:
		report("", "Nobody to tell", "Give url, or command.")
	case h.URL != "" && len(h.Command) > 0:
		report("url", "Both url and command", "Give one of them.")
	case h.URL != "":
		if u, err := url.Parse(h.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			report("url", "Bad address", `Give the address of a web service, such as "https://hooks.example.net/filegate".`)
		}
	default:
		if info, err := os.Stat(h.Command[0]); !filepath.IsAbs(h.Command[0]) {
			report("command.0", "Bad program "+h.Command[0], "Give the whole path of a program.")
		} else if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			report("command.0", "Bad program "+h.Command[0], "There is no such program, or it may not be executed.")
		}
	}
	if secret := h.Secret.Reveal(); secret != "" && len(secret) < minToken {
		report("secret", "The secret is too short", fmt.Sprintf("It has to have at least %d bytes: openssl rand -hex 16.", minToken))
	}
	if h.Secret != "" && h.URL == "" {
		report("secret", "A secret without url", "It signs what is sent to a url. Leave it out.")
	}
	if h.CAFile != "" {
		text, err := os.ReadFile(h.CAFile)
		h.Roots = x509.NewCertPool()
		switch {
		case err != nil:
			report("ca_file", "Certificates cannot be read", pathCause(err).Error()+".")
		case !h.Roots.AppendCertsFromPEM(text):
			report("ca_file", "No certificates", h.CAFile+" has none in PEM.")
		}
	}
	if h.Timeout <= 0 || h.Timeout > time.Minute {
		report("timeout", "Bad timeout", "Give at most one minute.")
	}
	if h.RetryFor < 0 || h.RetryFor > 24*time.Hour {
		report("retry_for", "Bad retry_for", "Give at most one day.")
	}
	if h.Queue < 1 || h.Queue > maxHookQueue {
		report("queue", "Bad queue", fmt.Sprintf("Give a number between 1 and %d.", maxHookQueue))
	}
}

// isPlain reports whether events are sent to another machine without encryption.
func (h *EventHook) isPlain() bool {
	u, err := url.Parse(h.URL)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}
