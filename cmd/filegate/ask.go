package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"filegate/core/admin"
	"filegate/core/config"
)

// asker is the common part of the commands that query a running gateway.
type asker struct {
	file, addr, tokenFile, caFile string
	json                          bool
}

// askFlags returns the flags of a command that queries a running gateway.
func askFlags(e env, name, synopsis string) (*flag.FlagSet, *asker) {
	a := new(asker)
	fs := newFlags(e, name, "[-c FILE] [-admin ADDR] "+synopsis)
	fs.StringVar(&a.file, "c", defaultFile, "the configuration `file` of the gateway; its admin block has the address")
	fs.StringVar(&a.addr, "admin", "", "the `address` of the gateway instead: the path of a socket, host:port, or https://host:port")
	fs.StringVar(&a.tokenFile, "token-file", "", "read the token from this `file` instead of the configuration")
	fs.StringVar(&a.caFile, "ca-file", "", "check the gateway's certificate against the certificates in this `file`")
	fs.BoolVar(&a.json, "json", false, "print the answer as JSON")
	return fs, a
}

// client returns a client for the gateway that the flags select.
func (a *asker) client() (*admin.Client, error) {
	var cfg config.Admin
	if a.addr == "" {
		opts, err := configOptions()
		if err != nil {
			return nil, err
		}
		if cfg, err = config.LoadAdmin(a.file, opts); err != nil {
			return nil, err
		}
	}
	token := cfg.Token.Reveal()
	if a.tokenFile != "" {
		text, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("the token: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	roots, err := a.roots(cfg)
	if err != nil {
		return nil, err
	}
	return admin.Dial(a.where(cfg), token, roots), nil
}

// where returns the address of the gateway. It prefers the socket, which needs no token.
func (a *asker) where(cfg config.Admin) string {
	switch {
	case a.addr != "":
		return a.addr
	case cfg.Socket != "":
		return cfg.Socket
	case cfg.TLS != nil:
		return "https://" + cfg.Listen
	}
	return cfg.Listen
}

// roots returns the certificates that may sign the gateway's certificate: those of -ca-file, or the
// configured certificate itself, or those of the system (nil).
func (a *asker) roots(cfg config.Admin) (*x509.CertPool, error) {
	file := a.caFile
	if file == "" && cfg.TLS != nil {
		file = cfg.TLS.Cert
	}
	if file == "" {
		return nil, nil //nolint:nilnil // nil is the system's
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates: %s has none in PEM", file)
	}
	return roots, nil
}

// failAsk prints the error of a query and returns its exit code.
func (e env) failAsk(err error) int {
	if refused, ok := errors.AsType[*admin.Refused](err); ok && (refused.Status == http.StatusForbidden || refused.Status == http.StatusUnauthorized) {
		err = fmt.Errorf("the gateway refuses: %w", err)
	}
	return e.fail(err)
}

// asked parses the arguments, queries the gateway, and prints the answer as JSON or as a table.
func asked[T any](e env, fs *flag.FlagSet, a *asker, args []string, ask func(*admin.Client) (T, error), table func(w *tabwriter.Writer, answer T)) int {
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	return printed(e, a, ask, table)
}

func printed[T any](e env, a *asker, ask func(*admin.Client) (T, error), table func(w *tabwriter.Writer, answer T)) int {
	c, err := a.client()
	if err != nil {
		return e.fail(err)
	}
	answer, err := ask(c)
	if err != nil {
		return e.failAsk(err)
	}
	if a.json {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(answer); err != nil {
			return e.fail(err)
		}
		return exitOK
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	table(w, answer)
	if err := w.Flush(); err != nil {
		return e.fail(err)
	}
	return exitOK
}

// size formats a number of bytes for people.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	i := -1
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// since formats the time that has passed since t.
func since(t time.Time) string { return time.Since(t).Round(time.Second).String() }

// shown quotes a text from outside if it is not safe to print on a terminal.
func shown(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
