package gateway

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
)

// Finding is one result of a probe.
type Finding struct {
	Level Level
	Where string // the part of the gateway
	Text  string
}

// Level is the severity of a finding.
type Level int

// The levels.
const (
	Fine Level = iota
	Doubtful
	Faulty
)

// probeUser is a user who does not exist. A login with this name shows whether an authenticator's
// service answers.
const probeUser = "filegate-check"

// probeTimeout is the time limit for one question to an outside service.
const probeTimeout = 30 * time.Second

// certificateSoon is how long before its expiry a certificate is reported as doubtful.
const certificateSoon = 21 * 24 * time.Hour

// Probe tests everything outside of the gateway that it needs: services, ports, names and
// certificates. It opens the ports and closes them again, so the gateway cannot serve afterwards.
// It makes no request that needs a login; see Try.
func (g *Gateway) Probe(ctx context.Context) []Finding {
	all := g.probeAuths(ctx)
	for _, d := range g.openDoors() {
		p := frontend.ProbesOf(d.config.Config)
		all = append(all, probePorts(ctx, d, p.PublicHosts)...)
		for _, file := range p.Certificates {
			all = append(all, probeCertificate(d.String(), file, time.Now()))
		}
	}
	if t := g.config().Admin.TLS; t != nil {
		all = append(all, probeCertificate("admin", t.Cert, time.Now()))
	}
	return all
}

// probeAuths asks each authenticator about a user who does not exist. The answer does not matter,
// only that there is one.
func (g *Gateway) probeAuths(ctx context.Context) (all []Finding) {
	for name, r := range g.auths.current() {
		where := fmt.Sprintf("auth %q", name)
		if !slices.Contains(r.Info().Methods, auth.Password) {
			all = append(all, Finding{Fine, where, "it runs; whether its service answers is not known without a key, see -user"})
			continue
		}
		asked, cancel := context.WithTimeout(ctx, probeTimeout)
		began := time.Now()
		_, err := r.Authenticate(asked, auth.Request{
			User: probeUser, Password: auth.Secret(rand.Text()), Method: auth.Password, Service: "check", SessionID: "check",
			Remote: netip.MustParseAddrPort("127.0.0.1:1"), Client: "filegate check",
		})
		cancel()
		took := time.Since(began).Round(time.Millisecond)
		if errors.Is(err, auth.ErrUnavailable) {
			all = append(all, Finding{Faulty, where, fmt.Sprintf("its service does not answer: %v", err)})
			continue
		}
		all = append(all, Finding{Fine, where, fmt.Sprintf("its service answers, after %v", took)})
	}
	slices.SortFunc(all, func(a, b Finding) int { return strings.Compare(a.Where, b.Where) })
	return all
}

// probePorts opens the sockets of a frontend, tests whether they can be reached under the names
// that clients are told, and closes them again.
func probePorts(ctx context.Context, d *servedFrontend, hosts []string) (all []Finding) {
	err := d.server.Listen()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		all = append(all, Finding{Doubtful, d.String(), fmt.Sprintf("%v: fine if that is the gateway that runs", err)})
	case err != nil:
		all = append(all, Finding{Faulty, d.String(), err.Error()})
	}
	for _, a := range d.server.Addrs() {
		all = append(all, Finding{Fine, d.String(), "can listen on " + a.String()})
	}
	for _, host := range hosts {
		all = append(all, probeHost(ctx, d, host))
	}
	if err := d.server.Shutdown(ctx); err != nil {
		all = append(all, Finding{Doubtful, d.String(), "a socket could not be closed: " + err.Error()})
	}
	return all
}

// probeHost resolves a name that clients are told to connect to, and connects to the frontend under
// it.
func probeHost(ctx context.Context, d *servedFrontend, host string) Finding {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil || len(addrs) == 0 {
		return Finding{Faulty, d.String(), fmt.Sprintf("public_host %s has no IPv4 address, which PASV needs: %v", host, err)}
	}
	port := "0"
	for _, a := range d.server.Addrs() {
		_, port, _ = net.SplitHostPort(a.String())
	}
	if listen := d.config.Listen(); port == "0" && len(listen) > 0 { // the sockets of a running gateway
		_, port, _ = net.SplitHostPort(listen[0])
	}
	where := net.JoinHostPort(addrs[0].Unmap().String(), port)
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", where)
	if err != nil {
		return Finding{Doubtful, d.String(), fmt.Sprintf("public_host %s (%s) does not answer from this machine. This is normal behind a NAT router without hairpinning", host, where)}
	}
	c.Close()
	return Finding{Fine, d.String(), fmt.Sprintf("public_host %s (%s) answers", host, where)}
}

// probeCertificate reports how long the certificates in a file are valid.
func probeCertificate(where, file string, now time.Time) Finding {
	text, err := os.ReadFile(file)
	if err != nil {
		return Finding{Faulty, where, fmt.Sprintf("certificate: %v", err)}
	}
	first := Finding{Faulty, where, fmt.Sprintf("certificate: %s has none in PEM", file)}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Finding{Faulty, where, fmt.Sprintf("certificate: %s: %v", file, err)}
		}
		left := cert.NotAfter.Sub(now)
		days := int(left.Hours() / 24)
		switch {
		case left <= 0:
			return Finding{Faulty, where, fmt.Sprintf("the certificate in %s ended %d days ago", file, -days)}
		case now.Before(cert.NotBefore):
			return Finding{Faulty, where, fmt.Sprintf("the certificate in %s is not good before %s", file, cert.NotBefore.Format(time.DateOnly))}
		case left < certificateSoon:
			return Finding{Doubtful, where, fmt.Sprintf("the certificate in %s ends in %d days", file, days)}
		case first.Level == Faulty:
			first = Finding{Fine, where, fmt.Sprintf("the certificate in %s is good for %d days", file, days)}
		}
	}
	return first
}

// Try takes one step of a login through a frontend, as a client does.
func (g *Gateway) Try(ctx context.Context, kind, name string, req auth.Request) (*session.Session, *auth.Step, error) {
	d := g.door(kind, name)
	if d == nil {
		return nil, nil, fmt.Errorf("there is no frontend %q %q", kind, name)
	}
	return d.logins.Login(ctx, req)
}
