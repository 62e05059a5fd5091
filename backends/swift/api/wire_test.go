package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// oddStore answers the first request on the first connection with the answer of the test, and the
// next one on that connection with "kept". It answers the first request on each other connection
// with "right". It records all bytes of each connection.
type oddStore struct {
	net.Listener
	answer   string
	takeBody bool // the store reads the body before it answers

	mu    sync.Mutex
	conns [][]byte // all bytes that arrived on each connection
	wg    sync.WaitGroup
}

func newOddStore(t *testing.T, answer string, takeBody bool) *oddStore {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &oddStore{Listener: l, answer: answer, takeBody: takeBody}
	s.wg.Go(s.serve)
	t.Cleanup(func() { l.Close(); s.wg.Wait() })
	return s
}

func (s *oddStore) serve() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		n := len(s.conns)
		s.conns = append(s.conns, nil)
		s.mu.Unlock()
		s.wg.Go(func() { s.converse(c, n) })
	}
}

func (s *oddStore) converse(c net.Conn, n int) {
	defer c.Close()
	r := bufio.NewReader(io.TeeReader(c, recorder(func(p []byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conns[n] = append(s.conns[n], p...)
	})))
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if n > 0 {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")
	} else {
		answer := s.answer
		if s.takeBody {
			const hint = "HTTP/1.1 100 Continue\r\n\r\n"
			if rest, ok := strings.CutPrefix(answer, hint); ok {
				io.WriteString(c, hint)
				answer = rest
			}
			io.Copy(io.Discard, req.Body)
		}
		io.WriteString(c, answer)
		// The next bytes on this connection are parsed as the next request. A store that has
		// refused a request may do so with the body of that request.
		if _, err := http.ReadRequest(r); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept")
		}
	}
	io.Copy(io.Discard, r)
}

type recorder func([]byte)

func (f recorder) Write(p []byte) (int, error) { f(p); return len(p), nil }

func (s *oddStore) came(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.conns) {
		return nil
	}
	return bytes.Clone(s.conns[n])
}

// TestWire checks after which answers a connection is used for the next request.
func TestWire(t *testing.T) {
	const (
		ok      = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
		refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
		chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"
	)
	stolen := "GET /stolen HTTP/1.1\r\nHost: store\r\n\r\n"
	for _, tt := range []struct {
		name     string
		method   string
		body     string
		expect   bool
		takeBody bool
		answer   string
		status   int
		want     string // the answer to the next request
	}{
		{"a body is taken", "PUT", "data", false, true, ok, 201, "kept"},
		{"a body is asked for and taken", "PUT", "data", true, true, "HTTP/1.1 100 Continue\r\n\r\n" + ok, 201, "kept"},
		{"a body is taken after hints", "PUT", "data", false, true, "HTTP/1.1 103 Early Hints\r\n\r\n" + ok, 201, "kept"},
		{"no body, refused", "GET", "", false, false, refusal, 401, "kept"},
		{"no body, in chunks", "GET", "", false, false, chunked, 200, "kept"},
		{"HEAD", "HEAD", "", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 200, "kept"},
		{"refused before the body", "PUT", stolen, true, false, refusal, 401, "right"},
		{"refused before the body, after hints", "PUT", stolen, true, false, "HTTP/1.1 103 Early Hints\r\n\r\n" + refusal, 401, "right"},
		{"refused without words", "PUT", stolen, true, false, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 401, "right"},
		{"a success before the body", "PUT", stolen, true, false, ok, 201, "right"},
		{"refused in the middle of the body", "PUT", stolen + strings.Repeat("x", 4<<20), false, false, refusal, 401, "right"},
		{"refused after the body", "PUT", "data", false, true, refusal, 401, "right"},
		{"a redirect after the body", "PUT", "data", false, true, "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", 301, "right"},
		{"longer than announced", "GET", "", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + refusal, 200, "right"},
		{"longer than none", "GET", "", false, false, "HTTP/1.1 204 No Content\r\n\r\n" + refusal, 204, "right"},
		{"HEAD with a body", "HEAD", "", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "right"},
		{"chunks and more", "GET", "", false, false, chunked + refusal, 200, "right"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newOddStore(t, tt.answer, tt.takeBody)
			tr, err := newTransport(Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.close()
			status, _ := askStore(t, tr, s, tt.method, tt.body, tt.expect)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if status, got := askStore(t, tr, s, "PUT", "next", false); status != 200 || got != tt.want {
				t.Errorf("the next request got %d %q, want 200 %q", status, got, tt.want)
			}
			if tt.expect && tt.want == "right" && bytes.Contains(s.came(0), []byte(stolen)) {
				t.Error("a refused body was sent")
			}
			if tt.want == "right" && bytes.Contains(s.came(0), []byte("next")) {
				t.Error("the connection was used again")
			}
		})
	}
}

func askStore(t *testing.T, tr *transport, s *oddStore, method, body string, expect bool) (int, string) {
	t.Helper()
	ctx, _ := withExchange(context.Background(), false)
	// A body of a type that the HTTP client cannot rewind by itself.
	var r io.Reader
	if body != "" {
		r = io.LimitReader(strings.NewReader(body), int64(len(body)))
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr().String()+"/", r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	if expect {
		req.Header.Set("Expect", "100-continue")
	}
	var resp *http.Response
	if expect {
		resp, err = tr.carry(req, nil) // for a small body, the client does not ask first
	} else {
		resp, err = tr.RoundTrip(req)
	}
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: the answer's body: %v", method, err)
	}
	return resp.StatusCode, string(got)
}

// TestAnswerScan checks that the end of an answer is found, whatever the pieces in which it
// arrives.
func TestAnswerScan(t *testing.T) {
	for _, tt := range []struct {
		method, answer string
		done           bool
	}{
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", true},
		{"GET", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", true},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", false},
		{"GET", "HTTP/1.1 200 OK\r\n\r\nabc", false},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", false},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", false},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", true},
		{"PUT", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", true},
		{"PUT", "HTTP/1.1 100 Continue\r\n\r\n", false},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", true},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", false},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n", false},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", false},
	} {
		for size := 1; size <= len(tt.answer); size++ {
			a := answerScan{method: tt.method}
			for p := []byte(tt.answer); len(p) > 0; {
				n := min(size, len(p))
				if !a.feed(p[:n]) {
					t.Errorf("%q in pieces of %d: something is left over", tt.answer, size)
				}
				p = p[n:]
			}
			if a.done() != tt.done {
				t.Errorf("%q in pieces of %d: done is %v", tt.answer, size, a.done())
			}
			if tt.done && a.feed([]byte("x")) {
				t.Errorf("%q in pieces of %d: a byte too many is taken for its own", tt.answer, size)
			}
		}
	}
	a := answerScan{method: "GET"}
	for range 1000 {
		a.feed(bytes.Repeat([]byte("x"), 1<<10))
	}
	if len(a.line) > maxScannedHead {
		t.Errorf("%d bytes kept of a head without an end", len(a.line))
	}
}

// TestWireTLS uses a store with TLS. Connections must be used again, and the certificate must be
// verified.
func TestWireTLS(t *testing.T) {
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Config.ErrorLog = log.New(t.Output(), "", 0)
	srv.StartTLS()
	defer srv.Close()
	strict, err := newTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer strict.close()
	tr, err := newTransport(Config{Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	ask := func(tr *transport, body []byte) ([]byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	}
	if _, err := ask(strict, []byte("x")); err == nil {
		t.Error("a certificate of no known authority was taken")
	}
	conns.Store(0)
	for i := range 5 {
		body := content(1000 * (i + 1))
		if got, err := ask(tr, body); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("request %d: %d of %d bytes, %v", i, len(got), len(body), err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("five requests took %d connections, want one", n)
	}
}

// content returns n bytes that differ.
func content(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}
