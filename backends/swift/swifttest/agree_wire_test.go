package swifttest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// wire is a plain connection, for requests that net/http's client cannot send.
type wire struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (c *cloud) wire() *wire {
	c.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.origin, "http://"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	return &wire{Conn: conn, t: c.t, r: bufio.NewReader(conn)}
}

// head sends the head of a PUT.
func (w *wire) head(c *cloud, path string, header ...string) {
	w.t.Helper()
	u, err := url.Parse(c.storage)
	if err != nil {
		w.t.Fatal(err)
	}
	text := "PUT " + u.Path + path + " HTTP/1.1\r\nHost: " + u.Host + "\r\n"
	if len(header) == 0 || header[0] != "X-Auth-Token" {
		text += "X-Auth-Token: " + c.token + "\r\n"
	}
	for i := 0; i < len(header); i += 2 {
		text += header[i] + ": " + header[i+1] + "\r\n"
	}
	w.send(text + "\r\n")
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

// status reads the next status line, and skips the headers after it.
func (w *wire) status() int {
	w.t.Helper()
	var status int
	line, err := w.r.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil {
		w.t.Fatalf("%q: %v", line, err)
	}
	for line != "\r\n" {
		if line, err = w.r.ReadString('\n'); err != nil {
			w.t.Fatal(err)
		}
	}
	return status
}

func agreePutWire(t *testing.T, c *cloud) {
	path := c.container()
	c.put(path+"/there", "x")
	c.run("expect", func(t *testing.T, c *cloud) {
		for _, tc := range []struct {
			what, path string
			header     []string
			want       int
		}{
			{"wrong token", path + "/o", []string{"X-Auth-Token", "AUTH_tkwrong", "Content-Length", "5"}, 401},
			{"exists", path + "/there", []string{"If-None-Match", "*", "Content-Length", "5"}, 412},
			{"no container", path + "-none/o", []string{"Content-Length", "5"}, 404},
			{"too large", path + "/o", []string{"Content-Length", fmt.Sprint(c.info.Swift.MaxFileSize + 1)}, 413},
			{"metadata", path + "/o", []string{"Content-Length", "5", "X-Object-Meta-Long", fill("x", 257)}, 400},
			{"good", path + "/o", []string{"Content-Length", "5"}, 100},
		} {
			w := c.wire()
			w.head(c, tc.path, append(tc.header, "Expect", "100-continue")...)
			if got := w.status(); got != tc.want {
				t.Errorf("%s: %d, want %d before the body", tc.what, got, tc.want)
			}
			if tc.want == 100 {
				w.send("hello")
				equal(t, "after the body", w.status(), 201)
			}
		}
		c.do(http.MethodGet, path+"/o", "").is(200).says("hello")
	})
	c.run("no length", func(t *testing.T, c *cloud) {
		w := c.wire()
		w.head(c, path+"/o")
		equal(t, "status", w.status(), 411)
	})
	c.run("cut", func(t *testing.T, c *cloud) {
		w := c.wire()
		w.head(c, path+"/cut", "Content-Length", "1000000")
		w.send(fill("x", 300_000))
		w.Close()
		w = c.wire()
		w.head(c, path+"/cutchunk", "Transfer-Encoding", "chunked")
		w.send("5\r\nhello\r\n")
		w.Close()
		w = c.wire()
		w.head(c, path+"/there", "Content-Length", "1000")
		w.send("short")
		w.Close()
		c.do(http.MethodHead, path+"/cut", "").is(404)
		c.do(http.MethodHead, path+"/cutchunk", "").is(404)
		c.do(http.MethodGet, path+"/there", "").is(200).says("x")
	})
	c.run("last chunk", func(t *testing.T, c *cloud) {
		w := c.wire()
		w.head(c, path+"/early", "Transfer-Encoding", "chunked")
		w.send("5\r\nhello\r\n0\r\n\r\n")
		equal(t, "status", w.status(), 201)
		c.do(http.MethodGet, path+"/early", "").is(200).says("hello")
	})
	c.run("chunked past the limit", func(t *testing.T, c *cloud) {
		limit := c.info.Swift.MaxFileSize
		if limit > 64<<20 {
			t.Skip("the limit is too high to pass")
		}
		body := fill("x", int(limit)+1)
		c.sendReader(http.MethodPut, c.storage+path+"/over", struct{ *strings.Reader }{strings.NewReader(body)}).is(413)
		c.do(http.MethodHead, path+"/over", "").is(404)
		c.do(http.MethodPut, path+"/over", body[1:]).is(201)
	})
	c.run("large refused body", func(t *testing.T, c *cloud) {
		w := c.wire()
		w.head(c, path+"/o", "X-Auth-Token", "AUTH_tkwrong", "Content-Length", "50000000")
		equal(t, "status", w.status(), 401)
	})
}
