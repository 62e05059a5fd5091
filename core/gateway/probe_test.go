package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/auth"
)

// TestProbeCertificate tests the findings about certificates, just before and just after each time
// limit.
func TestProbeCertificate(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tls.pem")
	for _, tt := range []struct {
		from, to time.Duration
		want     Level
		text     string
	}{
		{-day, 90 * day, Fine, "good for 90 days"},
		{-day, 20 * day, Doubtful, "ends in 20 days"},
		{-90 * day, -3 * day, Faulty, "ended 3 days ago"},
		{day, 90 * day, Faulty, "not good before 2026-12-01"},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(tt.from), NotAfter: now.Add(tt.to)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := probeCertificate("x", file, now); got.Level != tt.want || !strings.Contains(got.Text, tt.text) {
			t.Errorf("from %v to %v: %+v, want %d, %s", tt.from, tt.to, got, tt.want, tt.text)
		}
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + ".none"} {
		if got := probeCertificate("x", name, now); got.Level != Faulty {
			t.Errorf("of a file without a certificate: %+v", got)
		}
	}
}

// TestProbeAuths tests that a service that refuses a login differs from one that does not answer.
func TestProbeAuths(t *testing.T) {
	w := newWorld()
	w.methods = []auth.Method{auth.Password}
	g, _ := build(t, w, oneOfEach)
	level := func() Level { return g.Probe(t.Context())[0].Level }
	if got := level(); got != Fine {
		t.Errorf("of an authenticator that knows no such user: %d", got)
	}
	w.authenticate = func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrUnavailable }
	if got := level(); got != Faulty {
		t.Errorf("of an authenticator whose service is away: %d", got)
	}
}
