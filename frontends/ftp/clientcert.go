package ftp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/auth"
)

// The values of the option client_cert.
const (
	request = "request" // a certificate is checked if the client sends one
	require = "require"
)

// clientAuth sets up cfg for client certificates, if client_ca is set.
func (t *TLS) clientAuth(cfg *tls.Config) error {
	if t.ClientCA == "" {
		return nil
	}
	pool, err := loadClientCA(t.ClientCA)
	if err != nil {
		return err
	}
	cfg.ClientCAs, cfg.ClientAuth = pool, tls.VerifyClientCertIfGiven
	if t.ClientCert == require {
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return nil
}

func loadClientCA(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: it contains no certificate in PEM format", file)
	}
	return pool, nil
}

// peerCertificate returns the client's certificate in DER, or nil if there is none that a
// configured authority has signed.
func (c *control) peerCertificate() []byte {
	tc, ok := c.stream.(*tls.Conn)
	if !ok {
		return nil
	}
	state := tc.ConnectionState()
	if len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.PeerCertificates[0].Raw
}

// certificateLogin logs a client in by its certificate if that is sufficient. Otherwise the client
// is asked for its password, whatever the reason, so that it does not learn which users exist. A
// failing certificate costs the client nothing, because it could also have sent none.
func (c *client) certificateLogin(cc ftpserver.ClientContext, user string) error {
	c.step, c.certified, c.denied = nil, nil, nil
	der := c.control.peerCertificate()
	if der == nil || user == "" || !slices.Contains(c.srv.env.Methods(), auth.Certificate) {
		return nil
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	sess, step, err := c.login(cc, auth.Request{User: user, Method: auth.Certificate, PublicKey: der, Verified: true})
	switch {
	case errors.Is(err, auth.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return refusal(err)
	case err != nil:
		c.denied = err
		return nil
	case step != nil && slices.Contains(step.Methods, auth.Password):
		c.step = step
		return nil
	case sess == nil:
		return nil
	}
	if !c.admit(sess) {
		sess.Close()
		return errShuttingDown
	}
	c.certified = sess
	c.control.skipPassword()
	return nil
}

// skipPassword inserts a PASS after the USER that the library is executing, because the library has
// no login without PASS.
func (c *control) skipPassword() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.skipping = true
	c.line, c.passed = []byte("PASS \r\n"), true
}

// withoutPassword returns a line of a reply for a client that has sent no password. It drops the
// request for a password.
func withoutPassword(line string) (_ string, skipping bool) {
	switch {
	case len(line) < 3:
	case line[:3] == "331":
		return "", true
	case line[:3] == "230":
		return "232" + line[3:], len(line) > 3 && line[3] == '-' // RFC 2228, section 5.1; RFC 4217, section 5
	}
	return line, false
}
