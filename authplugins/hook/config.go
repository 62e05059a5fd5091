package hook

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

const (
	defaultTimeout     = "10s"
	defaultConcurrency = 8
	maxConcurrency     = 256
)

// config is the operator's configuration.
type config struct {
	Command     []string    `json:"command"`
	URL         string      `json:"url"`
	CAFile      string      `json:"ca_file"`
	Token       auth.Secret `json:"token"`
	Methods     []string    `json:"methods"`
	Operations  []string    `json:"operations"`
	Timeout     string      `json:"timeout"`
	Concurrency float64     `json:"concurrency"`
}

// Kind returns the authenticator for its program.
func Kind() authplugin.Kind { return kind(os.Stderr) }

// kind is Kind with log as the destination of the standard error of the operator's program.
func kind(log io.Writer) authplugin.Kind {
	return authplugin.Kind{
		Info: auth.Info{
			Name:        "hook",
			Methods:     []auth.Method{auth.Password, auth.PublicKey, auth.Interactive, auth.Certificate},
			Revalidates: true,
			Releases:    true,
			Schema: auth.Schema{
				{Name: "command", Type: auth.TypeStringList, Default: "[]", Doc: "the program to run for each question, and its arguments; no shell is involved"},
				{Name: "url", Type: auth.TypeString, Doc: "in place of command: where to POST each question, https"},
				{Name: "ca_file", Type: auth.TypeString, Doc: "file of PEM certificates to trust instead of the system's, for url"},
				{Name: "token", Type: auth.TypeString, Secret: true, Doc: "sent to url as Authorization: Bearer"},
				{Name: "methods", Type: auth.TypeStringList, Default: "[password]", Doc: `of proof, that are asked about: "password", "publickey", "keyboard-interactive", "tls-certificate"`},
				{Name: "operations", Type: auth.TypeStringList, Default: "[authenticate]", Doc: `that are asked for: "authenticate", and "renew", "revalidate", "release"`},
				{Name: "timeout", Type: auth.TypeString, Default: defaultTimeout, Doc: "how long an answer may take"},
				{Name: "concurrency", Type: auth.TypeNumber, Default: strconv.Itoa(defaultConcurrency), Doc: "how many questions may be under way at a time; others wait"},
			},
		},
		Configure: func(given authplugin.Config) (auth.Authenticator, auth.Diagnostics) { return configure(given, log) },
	}
}

func configure(given authplugin.Config, log io.Writer) (auth.Authenticator, auth.Diagnostics) {
	c := config{Methods: []string{string(auth.Password)}, Operations: []string{opAuthenticate}, Timeout: defaultTimeout, Concurrency: defaultConcurrency}
	if diags := given.Decode(&c); len(diags) > 0 {
		return nil, diags
	}
	var diags auth.Diagnostics
	wrong := func(attribute, summary, detail string) {
		diags = append(diags, auth.Diagnostic{Attribute: attribute, Summary: summary, Detail: detail})
	}
	// The options for reaching a service are checked for a program too, because timeout is common
	// to both.
	address := c.URL
	if address == "" {
		address = "https://program.invalid"
	}
	service, found := upstream.Config{AuthURL: address, CAFile: c.CAFile, Timeout: c.Timeout, CacheFor: "0s"}.Service()
	for _, d := range found {
		if d.Attribute == "auth_url" {
			d.Attribute = "url"
		}
		diags = append(diags, d)
	}
	service.Timeout, found = given.Within("timeout", service.Timeout)
	diags = append(diags, found...)
	var d door
	switch {
	case len(c.Command) > 0 && c.URL != "", len(c.Command) == 0 && c.URL == "":
		wrong("", "Exactly one of command and url is needed", `Set command = ["/path/of/a/program"] or url = "https://…".`)
	case c.URL != "":
		if service.URL != nil && service.URL.Scheme != "https" && !isLoopback(service.URL) {
			wrong("url", "Passwords in clear text", "Set an https URL. http is allowed at a loopback address only.")
		}
		if strings.ContainsAny(c.Token.Reveal(), "\r\n") {
			wrong("token", "Unusable token", "A token must not contain line breaks.")
		}
		d = &web{service: service, token: c.Token}
	default:
		if problem := checkProgram(c.Command[0]); problem != "" {
			wrong("command", "No such program", problem)
		}
		for name, given := range map[string]bool{"ca_file": c.CAFile != "", "token": c.Token != ""} {
			if given {
				wrong(name, name+" is used with url only", "Remove it, or set url instead of command.")
			}
		}
		d = &program{command: c.Command, log: log}
	}
	for _, m := range c.Methods {
		if !slices.Contains([]auth.Method{auth.Password, auth.PublicKey, auth.Interactive, auth.Certificate}, auth.Method(m)) {
			wrong("methods", "Unknown method", strconv.Quote(m)+` is unknown: use "password", "publickey", "keyboard-interactive" and "tls-certificate".`)
		}
	}
	for _, op := range c.Operations {
		if !slices.Contains([]string{opAuthenticate, opRenew, opRevalidate, opRelease}, op) {
			wrong("operations", "Unknown operation", strconv.Quote(op)+` is unknown: use "authenticate", "renew", "revalidate" and "release".`)
		}
	}
	if !slices.Contains(c.Operations, opAuthenticate) {
		wrong("operations", "Nobody could log in", `Add "authenticate".`)
	}
	if c.Concurrency != float64(int(c.Concurrency)) || c.Concurrency < 1 || c.Concurrency > maxConcurrency {
		wrong("concurrency", "Unusable number", "Give a whole number from 1 to "+strconv.Itoa(maxConcurrency)+".")
	}
	if len(diags) > 0 {
		return nil, diags
	}
	return &Authenticator{
		door:       d,
		methods:    c.Methods,
		operations: c.Operations,
		timeout:    service.Timeout,
		busy:       make(chan struct{}, int(c.Concurrency)),
		sealer:     given.Sealer,
	}, nil
}

// checkProgram returns what is wrong with the path of a program, or "".
func checkProgram(name string) string {
	if !filepath.IsAbs(name) {
		return "Give the whole path of the program, from / on: it is looked for nowhere else."
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return err.Error() + "."
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return name + " is no file that may be executed: chmod +x, or give another."
	}
	return ""
}

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}
