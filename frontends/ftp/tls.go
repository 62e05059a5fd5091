package ftp

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"slices"
)

// The values of the option resumption.
const (
	optional = "optional"
	// required is in uploadend.go.
)

// protocols are the names that FTP clients use in ALPN (RFC 7301). A client of another protocol was
// tricked into connecting (the ALPACA attack).
var protocols = []string{"ftp", "ftp-data"}

// serverConfig returns the TLS configuration of control and data connections.
func (t *TLS) serverConfig(log *slog.Logger) (*tls.Config, error) {
	var certs certificates
	for _, pair := range t.pairs() {
		cert, err := newCertificate(pair.cert, pair.key, log)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	cfg := &tls.Config{GetCertificate: certs.get, NextProtos: protocols, CipherSuites: t.suites()}
	cfg.MinVersion, _ = tlsVersion(t.MinVersion)
	if t.Legacy {
		cfg.MinVersion, cfg.CipherSuites = tls.VersionTLS10, legacySuites()
	}
	return cfg, t.clientAuth(cfg)
}

// pairs returns all certificates. The first one is for clients that send no host name.
func (t *TLS) pairs() []pair {
	all := []pair{{t.Cert, t.Key}}
	for _, cert := range slices.Sorted(maps.Keys(t.MoreCerts)) {
		all = append(all, pair{cert, t.MoreCerts[cert]})
	}
	return all
}

// pair holds the files of a certificate and its key.
type pair struct{ cert, key string }

// legacySuites returns all cipher suites that Go supports except RC4, which is broken, in Go's
// order of preference, with the weak ones last. Go does not support DHE; devices that support DHE
// support RSA too.
func legacySuites() (ids []uint16) {
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		switch suite.ID {
		case tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA:
		default:
			ids = append(ids, suite.ID)
		}
	}
	return ids
}

// certificates are the certificates of one server.
type certificates []*certificate

// get returns the first certificate that the client can use and that is valid for the host name
// that it sends, or else the first one.
func (all certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, c := range all {
		if cert, err := c.get(hello); err == nil && hello.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	return all[0].get(hello)
}

func (t *TLS) validateSessions(report func(attribute, summary, detail string)) {
	switch t.Resumption {
	case optional, required:
	default:
		report("tls.resumption", fmt.Sprintf("%q is nothing to want of data connections", t.Resumption), `There are "optional" and "required".`)
	}
	if t.Legacy && t.MinVersion == "1.3" {
		report("tls.legacy", "Old devices know no TLS 1.3", `Leave out legacy, or min_version = "1.3".`)
	}
}
