package ftp

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// fakeConn is a client that has said everything already.
type fakeConn struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (f *fakeConn) Read(p []byte) (int, error)       { return f.in.Read(p) }
func (f *fakeConn) Write(p []byte) (int, error)      { return f.out.Write(p) }
func (f *fakeConn) SetReadDeadline(time.Time) error  { return nil }
func (f *fakeConn) SetWriteDeadline(time.Time) error { return nil }

// read is what the library gets to see of what a client sends, and the replies that the client gets
// without the library.
func read(in io.Reader) (passed, answered string) {
	fake := &fakeConn{in: in}
	c := newControl(fake, time.Minute, time.Minute)
	var b strings.Builder
	p := make([]byte, 7) // smaller than a command
	for {
		n, err := c.Read(p)
		b.Write(p[:n])
		if err != nil {
			return b.String(), fake.out.String()
		}
	}
}

func TestControlRead(t *testing.T) {
	for _, tt := range []struct{ in, passed, answered string }{
		{"", "", ""},
		{"NOOP\r\nSTAT a b \r\n", "NOOP\r\nSTAT a b \r\n", ""},
		{"NOOP\nquit\n", "NOOP\nquit\n", ""},
		{"NOOP\r\nDELE half", "NOOP\r\n", ""},
		{"RNTO x\r\nNOOP\r\n", "NOOP\r\n", "503 Send RNFR first.\r\n"},
		{"AUTH TLS\r\nNOOP\r\n", "NOOP\r\n", "502 TLS is not available on this server.\r\n"},
		{"STAT " + strings.Repeat("x", 4089) + "\r\n", "STAT " + strings.Repeat("x", 4089) + "\r\n", ""},
		{"NOOP\r\nSTAT " + strings.Repeat("x", 4090) + "\r\nDELE x\r\n", "NOOP\r\n", "500 The command line is too long.\r\n"},
	} {
		if passed, answered := read(strings.NewReader(tt.in)); passed != tt.passed || answered != tt.answered {
			t.Errorf("of %.40q passed %.40q, answered %q; want %.40q and %q", tt.in, passed, answered, tt.passed, tt.answered)
		}
	}
}

// FuzzControlRead is that only whole lines that the client has sent reach the library, however they
// arrive.
func FuzzControlRead(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\nSTRU F\r\nREST 5\r\n"), uint8(3))
	f.Add([]byte("AUTH TLS\r\nPROT P\r\nPBSZ 0\r\nHELP\nDELE half"), uint8(1))
	f.Add([]byte(strings.Repeat("x", 5000)+"\nNOOP\n"), uint8(100))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		passed, _ := read(&stepReader{bytes.NewReader(in), int(step) + 1})
		if passed != "" && !strings.HasSuffix(passed, "\n") {
			t.Fatalf("half a line was passed on: %q", passed)
		}
		sent := bytes.SplitAfter(in, []byte("\n"))
		for line := range strings.Lines(passed) {
			for len(sent) > 0 && string(sent[0]) != line {
				sent = sent[1:]
			}
			if len(sent) == 0 {
				t.Fatalf("%q was passed on, and never sent", line)
			}
			sent = sent[1:]
		}
	})
}

// stepReader gives out a few bytes at a time.
type stepReader struct {
	r    io.Reader
	step int
}

func (s *stepReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.step)]) }

// TestControlWrite is that replies arrive whole, however the library cuts them.
func TestControlWrite(t *testing.T) {
	const sent = "250-File\r\n Type=file; x\r\n250 End\r\n550 Could not: " + mark + "451 try again\r\n"
	for step := 1; step <= len(sent); step++ {
		fake := &fakeConn{}
		c := newControl(fake, time.Minute, time.Minute)
		for rest := sent; rest != ""; rest = rest[min(step, len(rest)):] {
			if n, err := c.Write([]byte(rest[:min(step, len(rest))])); n != min(step, len(rest)) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if got, want := fake.out.String(), "250-File\r\n Type=file; x\r\n250 End\r\n451 try again\r\n"; got != want {
			t.Fatalf("in steps of %d: %q, want %q", step, got, want)
		}
	}
}
