package ssh

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func pipe(t *testing.T) (*netConn, net.Conn, *atomic.Bool) {
	client, server := net.Pipe()
	var gone atomic.Bool
	c := newNetConn(server, func() { gone.Store(true) })
	t.Cleanup(func() {
		client.Close()
		c.Close()
	})
	return c, client, &gone
}

// TestNetConn sends bytes both ways in pieces of all sizes.
func TestNetConn(t *testing.T) {
	c, client, gone := pipe(t)
	c.loggedIn(time.Minute) // before it a client may not send as much
	data := make([]byte, 3*writeBuffer+17)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	for name, ends := range map[string][2]net.Conn{"to the client": {c, client}, "from the client": {client, c}} {
		go func() {
			for rest := data; len(rest) > 0; {
				n := min(rand.IntN(40_000)+1, len(rest))
				if _, err := ends[0].Write(rest[:n]); err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
		}()
		var got []byte
		for len(got) < len(data) {
			p := make([]byte, min(rand.IntN(80_000)+1, len(data)-len(got)))
			n, err := ends[1].Read(p)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p[:n]...)
		}
		if !bytes.Equal(got, data) {
			t.Errorf("%s: the bytes are others, or in another order", name)
		}
	}
	client.Close()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF || !gone.Load() {
		t.Errorf("a read after the client has hung up: %v; told: %v", err, gone.Load())
	}
}

// TestNetConnClose closes with something not written yet: it goes out first.
func TestNetConnClose(t *testing.T) {
	c, client, _ := pipe(t)
	want := bytes.Repeat([]byte("last words "), 1000)
	if _, err := c.Write(want); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	got, err := io.ReadAll(client)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the client has %d of %d bytes, %v", len(got), len(want), err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := c.Write(want); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write after Close: %v", err)
	}
}

// TestNetConnStalls has a client that takes nothing. The writer waits, and neither for ever nor
// with all the memory there is.
func TestNetConnStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := pipe(t)
		c.loggedIn(time.Minute)
		begun := time.Now()
		n, err := c.Write(make([]byte, 10*writeBuffer))
		if err == nil || n > 2*writeBuffer {
			t.Errorf("%d bytes were taken, %v; want two buffers at most, and an error", n, err)
		}
		if took := time.Since(begun); took < time.Minute || took > 2*time.Minute {
			t.Errorf("the writer waited for %v, want the time that a write may take", took)
		}
		begun = time.Now()
		c.Close()
		if took := time.Since(begun); took > 2*flushTime {
			t.Errorf("Close took %v", took)
		}
	})
}

// TestNetConnCloseStalled closes while the client takes nothing.
func TestNetConnCloseStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := pipe(t)
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		c.Close()
		if took := time.Since(begun); took != flushTime {
			t.Errorf("Close took %v, want %v for what was written before", took, flushTime)
		}
	})
}
