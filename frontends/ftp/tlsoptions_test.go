package ftp_test

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/frontend"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ftp"
)

// rsaCertificate is a certificate as old devices know it, of a host.
func rsaCertificate(t *testing.T, host string) (certFile, keyFile string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "rsa.pem"), filepath.Join(t.TempDir(), "rsa.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// TestLegacy is a device that knows TLS 1.0 and RSA alone.
func TestLegacy(t *testing.T) {
	device := &tls.Config{
		InsecureSkipVerify: true, // so do such devices
		MinVersion:         tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	}
	for _, legacy := range []bool{true, false} {
		cfg := config()
		cfg.TLS.Mode, cfg.TLS.Legacy = "explicit", legacy
		cfg.TLS.Cert, cfg.TLS.Key = rsaCertificate(t, "localhost")
		warned := 0
		frontend.Warn(cfg, func(string, string, string) { warned++ })
		if (warned == 1) != legacy {
			t.Errorf("legacy = %t: the operator is warned %d times", legacy, warned)
		}
		r := dialRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
		r.cmd("AUTH TLS", "234")
		tc := tls.Client(r.net, device)
		if err := tc.Handshake(); (err == nil) != legacy {
			t.Errorf("legacy = %t: %v", legacy, err)
		}
		if legacy {
			r.net = tc
			r.in.Reset(tc)
			r.login()
		}
	}
}

// TestCipherSuites has a server with one suite of TLS 1.2.
func TestCipherSuites(t *testing.T) {
	cfg := config()
	cfg.TLS.Mode, cfg.TLS.CipherSuites = "explicit", []string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}
	cfg.TLS.Cert, cfg.TLS.Key = rsaCertificate(t, "localhost")
	cfg.Validate(func(attribute, summary, detail string) { t.Errorf("%s: %s: %s", attribute, summary, detail) })
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	for suite, want := range map[uint16]bool{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: true, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: false} {
		r := dialRaw(t, srv.Addr)
		r.cmd("AUTH TLS", "234")
		client := tls.Client(r.net, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}})
		if err := client.Handshake(); (err == nil) != want {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
	}
	warned := ""
	cfg.TLS.CipherSuites = []string{"TLS_RSA_WITH_AES_128_CBC_SHA"}
	frontend.Warn(cfg, func(attribute, _, _ string) { warned += attribute })
	if warned != "tls.cipher_suites" {
		t.Errorf("the operator is warned of %q", warned)
	}
}

// TestCertificates is that a client gets the certificate of the host that it names, of a kind that
// it knows.
func TestCertificates(t *testing.T) {
	cfg, _ := configTLS(t, "explicit") // of localhost, with a key for ECDSA
	otherCert, otherKey := rsaCertificate(t, "ftp.example.net")
	rsaCert, rsaKey := rsaCertificate(t, "localhost")
	cfg.TLS.MoreCerts = map[string]string{otherCert: otherKey, rsaCert: rsaKey}
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	for _, tt := range []struct {
		host, want string
		rsa        bool
	}{{"", "filegate", false}, {"localhost", "filegate", false}, {"ftp.example.net", "ftp.example.net", false}, {"unknown.example.net", "filegate", false}, {"localhost", "localhost", true}} {
		client := &tls.Config{InsecureSkipVerify: true, ServerName: tt.host} // the certificate is what the test looks at
		if tt.rsa {
			client.MaxVersion, client.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		}
		r := dialRaw(t, srv.Addr)
		r.secure(client)
		if got := r.net.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName; got != tt.want {
			t.Errorf("for %q with RSA only = %t: the certificate is of %q, want %q", tt.host, tt.rsa, got, tt.want)
		}
	}
}

// TestALPN is that a client of another protocol is not served.
func TestALPN(t *testing.T) {
	srv, clientConfig := startTLS(t, memory(), "explicit")
	for _, tt := range []struct {
		protocols []string
		ok        bool
	}{{nil, true}, {[]string{"ftp"}, true}, {[]string{"x-other", "ftp"}, true}, {[]string{"http/1.1"}, false}, {[]string{"h2", "http/1.1"}, false}} {
		r := dialRaw(t, srv.Addr)
		r.cmd("AUTH TLS", "234")
		client := clientConfig.Clone()
		client.NextProtos, client.ClientSessionCache = tt.protocols, nil
		if err := tls.Client(r.net, client).Handshake(); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.protocols, err)
		}
	}
}

// TestRequiredResumption is that a data connection belongs to its control connection.
func TestRequiredResumption(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			cfg, own := configTLS(t, "explicit")
			cfg.TLS.Resumption = "required"
			own.MaxVersion = version
			srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
			other := own.Clone()
			other.ClientSessionCache = tls.NewLRUClientSessionCache(0)
			r, stranger := dialRaw(t, srv.Addr), dialRaw(t, srv.Addr)
			r.secure(own)
			stranger.secure(other)
			for _, who := range []*raw{r, stranger} {
				who.login()
				who.cmd("PROT P", "200")
			}
			fresh := own.Clone()
			fresh.ClientSessionCache = nil
			for _, tt := range []struct {
				client *tls.Config
				want   string
			}{{own, "226"}, {fresh, "522"}, {other, "522"}, {own, "226"}} {
				nc := tls.Client(r.data(), tt.client)
				r.cmd("STOR file", "150")
				io.WriteString(nc, "data")
				nc.Close()
				r.want(tt.want)
			}
		})
	}
}

// TestCCC is the end of the encryption of commands, with clients that say good-bye in TLS and with
// clients that do not.
func TestCCC(t *testing.T) {
	cfg, clientConfig := configTLS(t, "explicit")
	cfg.TLS.CCC = true
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, polite := range []bool{true, false} {
			clientConfig.MaxVersion = version
			r := dialRaw(t, srv.Addr)
			plain := r.net
			r.cmd("CCC", "533")
			r.secure(clientConfig)
			r.cmd("CCC", "530")
			r.login()
			r.cmd("PBSZ 0", "200")
			r.cmd("PROT P", "200")
			r.cmd("CCC", "200")
			if polite {
				r.closeTLS(plain)
			} else {
				if rest, err := io.ReadAll(r.in); err != nil || len(rest) > 0 {
					t.Errorf("read %q, %v; want the end of TLS", rest, err)
				}
				r.net = plain
				r.in.Reset(plain)
			}
			r.cmd("PWD", "257")
			nc := tls.Client(r.data(), clientConfig)
			r.cmd("STOR file", "150")
			io.WriteString(nc, "data")
			nc.Close()
			r.want("226")
			r.cmd("PROT C", "534")
			r.cmd("USER x", "530")
			r.cmd("CCC", "533")
		}
	}
	srv, clientConfig = startTLS(t, memory(), "explicit")
	r := dialRaw(t, srv.Addr)
	r.secure(clientConfig)
	r.login()
	r.cmd("CCC", "534")
	r.cmd("PWD", "257")
	var warnings []string
	frontend.Warn(cfg, func(attribute, _, _ string) { warnings = append(warnings, attribute) })
	if got := strings.Join(warnings, " "); got != "tls.ccc" {
		t.Errorf("the operator is warned of %q", got)
	}
}

func TestImplicitProtC(t *testing.T) {
	srv, clientConfig := startTLS(t, memory(), "implicit")
	nc, err := tls.Dial("tcp", srv.Addr, clientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	r := &raw{t: t, net: nc, in: bufio.NewReader(nc)}
	r.want("220")
	r.login()
	r.cmd("PROT C", "534")
	r.cmd("REIN", "220")
	r.login() // TLS stays where it was from the first byte
	data := tls.Client(r.data(), clientConfig)
	r.cmd("LIST", "150")
	if _, err := io.ReadAll(data); err != nil {
		t.Error(err)
	}
	r.want("226")
}

var _ frontend.Warner = (*ftp.Config)(nil)
