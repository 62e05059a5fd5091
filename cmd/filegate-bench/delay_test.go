package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"
)

// TestDelay sends more than the window through a path to an echo server: all bytes must come back,
// in order, and then the end of the stream.
func TestDelay(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	d, err := startDelay(echo.Addr().String(), 2*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	conn, err := net.Dial("tcp", d.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want := make([]byte, 3*delayWindow+1)
	rand.Read(want)
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(want)
		conn.(*net.TCPConn).CloseWrite()
		sent <- err
	}()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, and not those %d that were sent", len(got), len(want))
	}
}

// TestDelayClose closes a path with a connection that its peer does not read: close must not block.
func TestDelayClose(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	d, err := startDelay(mute.Addr().String(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", d.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	d.close()
}
