package redis

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/cache"
	"filegate/core/cache/cachetest"
	"filegate/core/cache/remote"
	"filegate/core/testneed"
)

// startReal starts Debian's redis-server with the options. It listens on the socket "s" in the
// directory.
func startReal(t *testing.T, dir string, options ...string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if testing.Short() {
			t.Skip("needs redis-server")
		}
		testneed.Missing(t, "redis-server is not installed")
	}
	// The server has no other way to say that it is ready than its log.
	cmd := exec.Command(program, append([]string{"--port", "0", "--unixsocket", filepath.Join(dir, "s"), "--save", "", "--dir", dir}, options...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	var log strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(log.String(), "The server is now ready to accept connections at") {
		n, err := out.Read(buf)
		log.Write(buf[:n])
		if err != nil {
			t.Fatalf("redis-server does not start: %s", log.String())
		}
	}
}

// shortDir returns a new directory whose path is short enough for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestRealCache runs the suite with two servers, as a user who may do no more than the README says.
func TestRealCache(t *testing.T) {
	var servers []string
	for range 2 {
		dir := shortDir(t)
		startReal(t, dir, "--user", "default", "off",
			"--user", "filegate", "on", ">secret", "~filegate:*", "+mget", "+set", "+del", "+eval", "+getrange")
		servers = append(servers, filepath.Join(dir, "s"))
	}
	cfg := testConfig(servers...)
	cfg.User, cfg.Password = "filegate", "secret"
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, cfg) })

	t.Run("Expiry", func(t *testing.T) {
		c, key := open(t, cfg), cache.NewKey("t", "short")
		c.Set(t.Context(), key, []byte("value"), time.Millisecond)
		for ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second); ; {
			if _, ok := c.Get(ctx, key); !ok {
				cancel()
				break
			}
		}
	})
	t.Run("WrongPassword", func(t *testing.T) {
		cfg := testConfig(servers...)
		cfg.User, cfg.Password = "filegate", "p4ssw0rd"
		log := knowsNothing(t, cfg)
		if !strings.Contains(log, "user or password is wrong") || strings.Contains(log, "p4ssw0rd") {
			t.Errorf("the log is %s", log)
		}
	})
	t.Run("NoPassword", func(t *testing.T) {
		if log := knowsNothing(t, testConfig(servers...)); !strings.Contains(log, "set password") {
			t.Errorf("the log is %s", log)
		}
	})
}

// TestFull has a server whose memory is full, and that does not evict.
func TestFull(t *testing.T) {
	dir := shortDir(t)
	startReal(t, dir, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	var log bytes.Buffer
	c := openLogged(t, testConfig(filepath.Join(dir, "s")), &log)
	for range remote.MaxFailures {
		c.Set(t.Context(), cache.NewKey("t", "key"), []byte("value"), time.Hour)
	}
	if !strings.Contains(log.String(), "maxmemory-policy") {
		t.Errorf("the log is %s", &log)
	}
}

// TestTLS encrypts the connections, with certificates on both sides.
func TestTLS(t *testing.T) {
	dir := shortDir(t)
	cert, key := makeCertificate(t, dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	startReal(t, dir, "--tls-port", port, "--bind", "127.0.0.1", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--requirepass", "secret")
	cfg := testConfig(addr)
	cfg.Password, cfg.TLS = "secret", &TLS{CAFile: cert, ServerName: "redis.test", Cert: cert, Key: key}
	c, k := open(t, cfg), cache.NewKey("t", "key")
	c.Set(t.Context(), k, []byte("value"), time.Hour)
	if value, ok := c.Get(t.Context(), k); !ok || string(value) != "value" {
		t.Errorf("Get returns %q, %v", value, ok)
	}
	for name, change := range map[string]func(*TLS){
		"an unknown authority":   func(c *TLS) { c.CAFile = "" },
		"another name":           func(c *TLS) { c.ServerName = "other.test" },
		"no certificate of ours": func(c *TLS) { c.Cert, c.Key = "", "" },
	} {
		bad := *cfg.TLS
		change(&bad)
		cfg := testConfig(addr)
		cfg.Password, cfg.TLS = "secret", &bad
		if value, ok := open(t, cfg).Get(t.Context(), k); ok {
			t.Errorf("with %s, Get returns %q", name, value)
		}
	}
}

// makeCertificate makes a certificate that is its own authority.
func makeCertificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis.test"}, DNSNames: []string{"redis.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
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
