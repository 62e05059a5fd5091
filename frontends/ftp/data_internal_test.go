package ftp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"
)

// countingConn counts what is written at a time.
type countingConn struct {
	net.Conn
	writes, bytes int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes++
	c.bytes += len(p)
	return c.Conn.Write(p)
}

// TestOneWriteForABuffer is that neither small pieces nor the records of TLS are written one by
// one.
func TestOneWriteForABuffer(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	for _, private := range []bool{false, true} {
		ours, theirs := net.Pipe()
		counting := &countingConn{Conn: ours}
		conn := &dataConn{Conn: counting, timeout: time.Minute}
		s := &dataStream{conn: conn, net: conn}
		received := make(chan int64, 1)
		go func() {
			from := theirs
			if private {
				from = tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}) // of this test
			}
			n, _ := io.Copy(io.Discard, from)
			received <- n
		}()
		if private {
			c := &client{tls: config}
			tc, err := c.secureData(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			s.net = tc
		}
		counting.writes = 0
		sink := s.sink(false)
		const size = 4 << 20
		for range size / 1000 {
			if _, err := sink.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := sink.finish(); err != nil {
			t.Fatal(err)
		}
		if most := counting.bytes/dataBuffer*3/2 + 2; counting.writes > most {
			t.Errorf("over TLS: %t: %d writes for %d bytes, want at most %d", private, counting.writes, counting.bytes, most)
		}
		s.Close()
		if n := <-received; n != size/1000*1000 {
			t.Errorf("over TLS: %t: %d bytes arrived", private, n)
		}
	}
}
