package ftp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ftp"
)

// certificate writes a new self-signed certificate for this machine to dir.
func certificate(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// configTLS is a configuration with a new certificate, and clientConfig a client's that trusts it.
func configTLS(t *testing.T, mode string) (cfg *ftp.Config, clientConfig *tls.Config) {
	t.Helper()
	cfg = config()
	cfg.TLS.Mode = mode
	cfg.TLS.Cert, cfg.TLS.Key = certificate(t, t.TempDir(), "filegate")
	data, err := os.ReadFile(cfg.TLS.Cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data)
	return cfg, &tls.Config{RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
}

func startTLS(t *testing.T, fsys vfs.FS, mode string) (*frontendtest.Server, *tls.Config) {
	t.Helper()
	cfg, clientConfig := configTLS(t, mode)
	return frontendtest.Start(t, cfg, frontendtest.Options{FS: fsys}), clientConfig
}

func TestTLSRequired(t *testing.T) {
	srv, clientConfig := startTLS(t, memory(), "explicit")
	r := dialRaw(t, srv.Addr)
	r.cmd("USER "+frontendtest.User, "530 Login requires TLS")
	r.cmd("PASS "+frontendtest.Password, "530 Login requires TLS")
	if n := len(srv.Sessions()); n > 0 {
		t.Errorf("%d sessions began without TLS", n)
	}

	r.secure(clientConfig)
	r.cmd("AUTH TLS", "503")
	r.cmd("PBSZ 0", "200")
	r.login()
	r.data()
	r.cmd("STOR file", "522") // in clear
	r.cmd("PROT C", "534")
	r.cmd("PROT X", "504")
	r.cmd("PROT p", "200")
	r.login() // once more
	nc := tls.Client(r.data(), clientConfig)
	r.cmd("STOR file", "150")
	nc.Write([]byte("hello"))
	nc.Close()
	r.want("226")
	r.cmd("SIZE file", "213 5")
}

func TestTLSOptional(t *testing.T) {
	cfg, clientConfig := configTLS(t, "explicit")
	cfg.TLS.Required = false
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	r := loginRaw(t, srv.Addr)
	r.cmd("AUTH TLS", "503")
	if got := r.store("STOR file", "hello"); got[:3] != "226" {
		t.Error(got)
	}
	r = dialRaw(t, srv.Addr)
	r.secure(clientConfig)
	r.login()
	r.cmd("PROT C", "200")
	if got := r.store("STOR file", "hello"); got[:3] != "226" {
		t.Error(got)
	}
}

// TestCommandsBehindAuth is that nothing sent in clear counts as said over TLS (as in
// CVE-2011-0411).
func TestCommandsBehindAuth(t *testing.T) {
	srv, _ := startTLS(t, memory(), "explicit")
	r := dialRaw(t, srv.Addr)
	r.send("AUTH TLS\r\nUSER " + frontendtest.User + "\r\n")
	r.want("421")
	r.ended()
}

func TestImplicitTLS(t *testing.T) {
	store := memory()
	srv, clientConfig := startTLS(t, store, "implicit")
	nc, err := tls.Dial("tcp", srv.Addr, clientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	r := &raw{t: t, net: nc, in: bufio.NewReader(nc)}
	r.want("220")
	r.login()
	data := tls.Client(r.data(), clientConfig)
	r.cmd("STOR file", "150")
	data.Write([]byte("hello"))
	data.Close()
	r.want("226")
	if got := string(frontendtest.Read(t, store, "/file")); got != "hello" {
		t.Errorf("the file is %q", got)
	}
	// A client that speaks no TLS is not left waiting.
	plain, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.Write([]byte("USER alice\r\n"))
	io.Copy(io.Discard, plain)
}

// TestSilentClient is a client that never begins to speak TLS.
func TestSilentClient(t *testing.T) {
	cfg, _ := configTLS(t, "implicit")
	cfg.LoginTimeout = time.Second
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	nc, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadAll(nc); err != nil {
		t.Errorf("read %v; want the end of the connection", err)
	}
}

// TestResumption is that data connections go on with the TLS session of the control connection, as
// clients want it.
func TestResumption(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			srv, clientConfig := startTLS(t, memory(), "explicit")
			clientConfig.MinVersion, clientConfig.MaxVersion = version, version
			r := dialRaw(t, srv.Addr)
			r.secure(clientConfig)
			r.login()
			r.cmd("PROT P", "200")
			nc := tls.Client(r.data(), clientConfig)
			r.cmd("STOR file", "150")
			if err := nc.Handshake(); err != nil {
				t.Fatal(err)
			}
			if !nc.ConnectionState().DidResume {
				t.Error("the data connection has begun a TLS session of its own")
			}
			nc.Close()
			r.want("226")
		})
	}
}

// TestNewCertificate replaces the files under a running server.
func TestNewCertificate(t *testing.T) {
	cfg, _ := configTLS(t, "explicit")
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	serial := func() string {
		r := dialRaw(t, srv.Addr)
		r.secure(&tls.Config{InsecureSkipVerify: true}) // the certificate is what the test looks at
		return r.net.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	certificate(t, filepath.Dir(cfg.TLS.Cert), "new")
	touch(t, cfg.TLS.Cert, 1)
	second := serial()
	if second == first {
		t.Error("the old certificate is still in use")
	}
	if err := os.WriteFile(cfg.TLS.Cert, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(t, cfg.TLS.Cert, 2)
	if serial() != second {
		t.Error("rubbish has replaced a good certificate")
	}
	if err := os.Remove(cfg.TLS.Key); err != nil {
		t.Fatal(err)
	}
	if serial() != second {
		t.Error("a missing key has replaced a good certificate")
	}
}

// touch makes a file newer than a file system may see by itself.
func touch(t *testing.T, file string, minutes int) {
	t.Helper()
	at := time.Now().Add(time.Duration(minutes) * time.Minute)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}
