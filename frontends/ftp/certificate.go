package ftp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a certificate with its key, in files that are loaded again when they change,
// because a certificate is renewed more often than a server is restarted.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu    sync.Mutex
	cert  *tls.Certificate
	stamp stamp
}

// stamp holds the modification times of the two files.
type stamp struct{ cert, key time.Time }

// certificateError tells what is wrong with the two files and what to do.
type certificateError struct {
	inKey           bool
	summary, detail string
}

func (e *certificateError) Error() string { return e.summary + ": " + e.detail }

func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, *certificateError) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.stamp, _ = c.changed()
	cert, problem := loadCertificate(certFile, keyFile)
	c.cert = cert
	return c, problem
}

// get implements tls.Config.GetCertificate. If the new files cannot be used, the old certificate
// stays in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, changed := c.changed(); changed {
		c.stamp = now
		if cert, problem := loadCertificate(c.certFile, c.keyFile); problem == nil {
			c.cert = cert
			c.log.Info("certificate read anew", "file", c.certFile)
		} else {
			c.log.Error("certificate has changed, and cannot be used: the old one stays in use", "err", problem)
		}
	}
	return c.cert, nil
}

// changed reports whether the files have changed. It returns false if one is missing, because a
// renewal may be in progress.
func (c *certificate) changed() (stamp, bool) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return stamp{}, false
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return stamp{}, false
	}
	now := stamp{cert.ModTime(), key.ModTime()}
	return now, now != c.stamp
}

func loadCertificate(certFile, keyFile string) (*tls.Certificate, *certificateError) {
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		return nil, &certificateError{summary: "The certificate cannot be read", detail: readable(err)}
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, &certificateError{inKey: true, summary: "The private key cannot be read", detail: readable(err)}
	}
	if err := parsesAsCertificate(certPEM); err != nil {
		return nil, &certificateError{summary: "The certificate cannot be used", detail: fmt.Sprintf("%s: %v.", certFile, err)}
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, &certificateError{
			inKey: true, summary: "The private key cannot be used",
			detail: fmt.Sprintf("%s is not the unencrypted private key in PEM format that belongs to %s.", keyFile, certFile),
		}
	}
	return &cert, nil
}

func readable(err error) string {
	return err.Error() + ". Give an existing file that filegate's user can read."
}

func parsesAsCertificate(data []byte) error {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			_, err := x509.ParseCertificate(block.Bytes)
			return err
		}
	}
	return errors.New("it contains no certificate in PEM format")
}
