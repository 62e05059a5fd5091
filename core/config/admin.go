package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// minToken is the minimum length of the admin server's token, in bytes.
const minToken = 16

func (r *reader) checkAdmin(admin Admin, top Block) {
	report := func(attribute, summary, detail string) {
		r.diags = append(r.diags, top.Diagnose("admin."+attribute, summary, detail))
	}
	if admin.Listen == "" && admin.Socket == "" {
		if top.find("admin") != top.def {
			report("listen", "Missing attribute listen", `Give the address of the admin server, such as "127.0.0.1:9180", or a socket, such as "/run/filegate/admin.sock".`)
		}
		return
	}
	if token := admin.Token.Reveal(); token != "" && len(token) < minToken {
		report("token", "The token is too short", fmt.Sprintf("It has to have at least %d bytes: openssl rand -hex 16.", minToken))
	}
	if admin.Socket != "" {
		if info, err := os.Stat(filepath.Dir(admin.Socket)); !filepath.IsAbs(admin.Socket) || err != nil || !info.IsDir() {
			report("socket", fmt.Sprintf("Bad path %q", admin.Socket), "Give the whole path of a socket, in a directory that exists.")
		}
	}
	if admin.TLS != nil {
		if _, err := tls.LoadX509KeyPair(admin.TLS.Cert, admin.TLS.Key); err != nil {
			report("tls.cert", "The certificate cannot be used", pathCause(err).Error()+". Give files of a certificate chain and of its private key in PEM.")
		}
	}
	if admin.Listen == "" {
		return
	}
	host, _, ok := hostPort(admin.Listen)
	switch {
	case !ok:
		report("listen", fmt.Sprintf("Bad address %q", admin.Listen), `Give host and port, such as "127.0.0.1:9180".`)
	case !isLoopback(host) && (admin.TLS == nil || admin.Token.Reveal() == ""):
		report("listen", "The admin server would be open to the network",
			`Set token and a block tls { cert, key }, because other machines can reach this address. Or listen on an address of this machine, such as "127.0.0.1:9180".`)
	}
}

// isLoopback reports whether only this machine can connect to a host.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// LoadAdmin reads only the admin block of a configuration file. It ignores mistakes elsewhere in
// the file, because an operator may have no permission to read all files that it names.
func LoadAdmin(filename string, opts Options) (Admin, error) {
	text, err := os.ReadFile(filename)
	if err != nil {
		return Admin{}, fmt.Errorf("the configuration file %s: %w", filename, pathCause(err))
	}
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	w, err := parseWhole(text, filename, opts.LookupEnv, func(string) {})
	if err != nil {
		return Admin{}, err
	}
	r := &reader{decoder: decoder{src: w.src, evals: w.evals}}
	f := defaultFile()
	r.body(w.body, r.src.start(), f)
	if f.Admin.Listen == "" && f.Admin.Socket == "" {
		return Admin{}, errors.New("the configuration file " + filename + ` has no admin block: a gateway is asked by the socket or the address in it, such as admin { socket = "/run/filegate/admin.sock" }`)
	}
	return f.Admin, nil
}
