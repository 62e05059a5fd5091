package ftp_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// TestConversations holds the conversations of programs and devices in testdata. The form of the
// files is in the README there.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := &conversation{t: t, store: memory()}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			for i, line := range lines {
				next := ""
				if i+1 < len(lines) {
					next, _, _ = strings.Cut(lines[i+1], " ")
				}
				c.line(line, next)
				if t.Failed() {
					t.Fatalf("%s:%d: %s", file, i+1, line)
				}
			}
		})
	}
}

// conversation is one that is being held.
type conversation struct {
	t      *testing.T
	store  vfs.FS
	secure bool
	tls    *tls.Config
	client *raw // nil: not connected yet

	listener net.Listener    // of active mode
	dialed   net.Conn        // of passive mode
	data     net.Conn        // of the transfer under way
	out      strings.Builder // to send
	in       []string        // received, and not looked at yet
}

// line does what one line says. The next one tells whether it is the last of its kind.
func (c *conversation) line(line, next string) {
	kind, arg, _ := strings.Cut(line, " ")
	switch kind {
	case "", "#":
	case "tls":
		c.secure = true
	case "mkdir":
		frontendtest.Write(c.t, c.store, vfs.Path(arg+"/"), nil)
	case "put":
		name, content, _ := strings.Cut(arg, " ")
		frontendtest.Write(c.t, c.store, vfs.Path(name), []byte(content))
	case ">":
		c.connect()
		c.client.send(c.expand(arg) + "\r\n")
	case "<":
		c.reply(arg)
	case ">>":
		c.out.WriteString(arg + "\r\n")
		if next != ">>" {
			io.WriteString(c.open(), c.out.String())
			c.out.Reset()
			c.data.Close()
			c.data = nil
		}
	case "<<":
		c.expect(arg, next)
	case "=":
		c.stored(arg)
	case "!":
		if !frontendtest.Missing(c.t, c.store, vfs.Path(arg)) {
			c.t.Errorf("%s is still there", arg)
		}
	default:
		c.t.Errorf("there is no line %q", kind)
	}
}

func (c *conversation) connect() {
	if c.client != nil {
		return
	}
	srv := start(c.t, c.store)
	if c.secure {
		srv, c.tls = startTLS(c.t, c.store, "explicit")
	}
	c.client = dialRaw(c.t, srv.Addr)
}

// expand puts in the address on which the client listens.
func (c *conversation) expand(command string) string {
	if !strings.Contains(command, "${") {
		return command
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { l.Close() })
	c.listener = l
	port := l.Addr().(*net.TCPAddr).Port
	return strings.NewReplacer(
		"${port}", fmt.Sprintf("127,0,0,1,%d,%d", port/256, port%256),
		"${padded}", fmt.Sprintf("127,000,000,001,%03d,%03d", port/256, port%256),
		"${eprt}", fmt.Sprintf("|1|127.0.0.1|%d|", port),
	).Replace(command)
}

func (c *conversation) reply(want string) {
	last := c.client.want(want)
	switch code := last[:min(3, len(last))]; code {
	case "234":
		tc := tls.Client(c.client.net, c.tls)
		c.client.net = tc
		c.client.in.Reset(tc)
	case "227", "229":
		var port, low int
		form := "(127,0,0,1,%d,%d)"
		into := []any{&port, &low}
		if code == "229" {
			form, into = "(|||%d|)", into[:1]
		}
		if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], form, into...); err != nil {
			c.t.Fatalf("%q: %v", last, err)
		}
		if code == "227" {
			port = port*256 + low
		}
		nc, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { nc.Close() })
		c.dialed = nc
	}
}

// open returns the data connection.
func (c *conversation) open() net.Conn {
	if c.data != nil {
		return c.data
	}
	c.data, c.dialed = c.dialed, nil
	if c.listener != nil {
		nc, err := c.listener.Accept()
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { nc.Close() })
		c.data = nc
		c.listener.Close()
		c.listener = nil
	}
	if c.data == nil {
		c.t.Fatal("there is no data connection")
	}
	c.data.SetDeadline(time.Now().Add(30 * time.Second))
	if c.secure {
		c.data = tls.Client(c.data, c.tls)
	}
	return c.data
}

// expect looks at the next line of data.
func (c *conversation) expect(pattern, next string) {
	if c.in == nil {
		text, err := io.ReadAll(c.open())
		if err != nil {
			c.t.Fatal(err)
		}
		c.data.Close()
		c.data = nil
		c.in = strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	}
	got := c.in[0]
	c.in = c.in[1:]
	if !regexp.MustCompile("^(?:" + pattern + ")$").MatchString(got) {
		c.t.Errorf("the line is %q", got)
	}
	if next != "<<" {
		if len(c.in) > 0 {
			c.t.Errorf("more lines follow: %q", c.in)
		}
		c.in = nil
	} else if len(c.in) == 0 {
		c.in = []string{"nothing more"}
	}
}

// stored looks at a file. Its name may have spaces: the content begins where a name ends that is
// there.
func (c *conversation) stored(arg string) {
	for i := range arg {
		if arg[i] != ' ' || frontendtest.Missing(c.t, c.store, vfs.Path(arg[:i])) {
			continue
		}
		want := strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(arg[i+1:])
		if got := string(frontendtest.Read(c.t, c.store, vfs.Path(arg[:i]))); got != want {
			c.t.Errorf("%s has the content %q, want %q", arg[:i], got, want)
		}
		return
	}
	c.t.Errorf("there is no such file: %s", arg)
}
