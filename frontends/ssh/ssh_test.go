package ssh_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"

	"filegate/core/session"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a service that returns what it reads, and leaves with a status of its own.
type echo struct{}

func (echo) Name() string { return "echo" }

func (echo) Accepts(request, argument string) bool {
	return request == "exec" && argument == "echo" || request == "subsystem" && argument == "echo"
}

func (echo) Serve(_ context.Context, sess *session.Session, _ string, stdio io.ReadWriter, stderr io.Writer) int {
	io.WriteString(stderr, "for "+sess.User())
	io.Copy(stdio, stdio)
	return 42
}

// config is that of a server with the service echo alone.
func config(t *testing.T) *ssh.Config {
	t.Helper()
	cfg := ssh.NewConfig(echo{})
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.HostKeys = []string{frontendtest.HostKey(t)}
	return cfg
}

func start(t *testing.T, cfg *ssh.Config) *frontendtest.Server {
	t.Helper()
	return frontendtest.Start(t, cfg, frontendtest.Options{FS: memfs.New()})
}

func dial(t *testing.T, srv *frontendtest.Server) *gossh.Client {
	t.Helper()
	c, err := frontendtest.DialSSH(srv.Addr, frontendtest.User, frontendtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		c.Wait()
	})
	return c
}

func newSession(t *testing.T, c *gossh.Client) *gossh.Session {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestService(t *testing.T) {
	s := newSession(t, dial(t, start(t, config(t))))
	var stdout, stderr strings.Builder
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader("hello"), &stdout, &stderr
	err := s.Run("echo")
	if exit, ok := err.(*gossh.ExitError); !ok || exit.ExitStatus() != 42 {
		t.Errorf("Run = %v, want the service's status 42", err)
	}
	if stdout.String() != "hello" || stderr.String() != "for alice" {
		t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
	}
}

func TestRefusals(t *testing.T) {
	c := dial(t, start(t, config(t)))
	const text = "This service allows echo only."

	t.Run("command", func(t *testing.T) {
		s := newSession(t, c)
		out, err := s.CombinedOutput("rm -rf /")
		if exit, ok := err.(*gossh.ExitError); !ok || exit.ExitStatus() == 0 || !strings.Contains(string(out), text) {
			t.Errorf("a command: %q, %v; want the text %q and a status", out, err, text)
		}
	})
	t.Run("shell", func(t *testing.T) {
		s := newSession(t, c)
		var stderr strings.Builder
		s.Stderr = &stderr
		if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Shell(); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(); err == nil || !strings.Contains(stderr.String(), text) {
			t.Errorf("a shell: %q, %v; want the text %q and a status", stderr.String(), err, text)
		}
	})
	t.Run("subsystem", func(t *testing.T) {
		if err := newSession(t, c).RequestSubsystem("netconf"); err == nil {
			t.Error("an unknown subsystem was started")
		}
	})
	t.Run("forwarding", func(t *testing.T) {
		conn, err := c.Dial("tcp", "127.0.0.1:22")
		if err == nil {
			conn.Close()
			t.Fatal("the server opened a connection for its client")
		}
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
		if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
			l.Close()
			t.Error("the server listens for its client")
		}
	})
	t.Run("two programs on a channel", func(t *testing.T) {
		s := newSession(t, c)
		in, err := s.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start("echo"); err != nil {
			t.Fatal(err)
		}
		if err := s.RequestSubsystem("echo"); err == nil {
			t.Error("a second program was started")
		}
		in.Close()
		s.Wait()
	})
}

func TestChannelLimit(t *testing.T) {
	c := dial(t, start(t, config(t)))
	var open []*gossh.Session
	for {
		s, err := c.NewSession()
		if err != nil {
			if len(open) < 2 || !strings.Contains(err.Error(), "too many channels") {
				t.Errorf("channel %d: %v", len(open)+1, err)
			}
			break
		}
		open = append(open, s)
		if len(open) > 100 {
			t.Fatal("no limit of channels")
		}
	}
	for _, s := range open {
		s.Close()
	}
	// The places are free again as soon as the server has seen it.
	for range 1000 {
		if s, err := c.NewSession(); err == nil {
			s.Close()
			return
		}
	}
	t.Error("closed channels still count")
}

func TestOpenSSHShell(t *testing.T) {
	r := frontendtest.OpenSSH(t, start(t, config(t)), t.TempDir(), "", "ssh", "-tt", "@")
	if r.Status != 1 || !strings.Contains(r.Stdout+r.Stderr, "This service allows echo only.") {
		t.Errorf("ssh: status %d, %q %q", r.Status, r.Stdout, r.Stderr)
	}
}
