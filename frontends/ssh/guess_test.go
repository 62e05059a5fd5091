package ssh_test

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/testneed"
	"filegate/frontends/frontendtest"
)

// A wrong signature under a key that would do is a failed login, and the gateway is told.
func TestWrongSignature(t *testing.T) {
	key := signer(t)
	r := &recorder{answer: knows(key.PublicKey(), in)}
	srv := r.start(t)
	if err := dialWith(srv, gossh.PublicKeys(liar{key})); err == nil {
		t.Fatal("a client without the private key was let in")
	}
	frontendtest.Eventually(t, "the gateway knows", func() bool { return len(srv.Unproved()) == 1 })
	if req := srv.Unproved()[0]; req.User != "alice" || req.Method != auth.PublicKey || !req.Verified || !req.Remote.IsValid() {
		t.Errorf("the gateway is told of %+v", req)
	}
}

// A client that hears that a key would do, and then leaves or takes another way, has given no wrong
// proof.
func TestKeyNotUsed(t *testing.T) {
	key := signer(t)
	answer := knows(key.PublicKey(), in)
	r := &recorder{answer: func(req auth.Request) (auth.Response, error) {
		if req.Method == auth.Password {
			return auth.Response{}, auth.ErrDenied
		}
		return answer(req)
	}}
	srv := r.start(t)
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	hangUp := gossh.PublicKeysCallback(func() ([]gossh.Signer, error) { return []gossh.Signer{leaver{key, conn}}, nil })
	if _, _, _, err := gossh.NewClientConn(conn, "", &gossh.ClientConfig{User: "alice", Auth: []gossh.AuthMethod{hangUp}, HostKeyCallback: gossh.InsecureIgnoreHostKey()}); err == nil {
		t.Fatal("a client that has left was let in")
	}
	if err := dialWith(srv, gossh.Password("no")); err == nil {
		t.Fatal("a wrong password was taken")
	}
	if wrong := srv.Unproved(); len(wrong) > 0 {
		t.Errorf("the gateway is told of %+v", wrong)
	}
}

// leaver hangs up when it is to sign.
type leaver struct {
	gossh.Signer
	conn net.Conn
}

func (l leaver) Sign(io.Reader, []byte) (*gossh.Signature, error) {
	l.conn.Close()
	return nil, net.ErrClosed
}

// Names, passwords and answers that are too long are refused before anybody sees them.
func TestTooLong(t *testing.T) {
	r := &recorder{answer: func(auth.Request) (auth.Response, error) { return in, nil }}
	srv := r.start(t)
	as := func(user string, methods ...gossh.AuthMethod) error {
		c, err := gossh.Dial("tcp", srv.Addr, &gossh.ClientConfig{User: user, Auth: methods, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
		if err == nil {
			c.Close()
			c.Wait()
		}
		return err
	}
	for name, err := range map[string]error{
		"user":     as(strings.Repeat("u", 257), gossh.Password("pw")),
		"password": as("alice", gossh.Password(strings.Repeat("p", 1025))),
	} {
		if err == nil {
			t.Errorf("a %s that is too long was taken", name)
		}
	}
	if asked := r.requests(); len(asked) > 0 {
		t.Errorf("%d requests reached the authenticator", len(asked))
	}
	if err := as(strings.Repeat("u", 256), gossh.Password(strings.Repeat("p", 1024))); err != nil {
		t.Errorf("the longest name and password: %v", err)
	}
}

// Nobody asks about any number of keys.
func TestTooManyKeys(t *testing.T) {
	var keys []gossh.Signer
	for range 60 {
		keys = append(keys, signer(t))
	}
	r := &recorder{answer: knows(signer(t).PublicKey(), in)}
	if err := dialWith(r.start(t), gossh.PublicKeys(keys...)); err == nil {
		t.Fatal("a client without a key that would do was let in")
	}
	if asks, _ := count(r.requests()); asks != 40 {
		t.Errorf("the authenticator was asked about %d keys, want the first 40", asks)
	}
}

// paramiko asks for the service of user authentication again before each attempt, which the library
// ends the connection for. The log says what the client can do.
func TestServiceAskedForAgain(t *testing.T) {
	const python = "/usr/bin/python3" // the one that has Debian's modules
	if r := frontendtest.Run(t, t.TempDir(), "", python, "-c", "import paramiko"); r.Status != 0 {
		testneed.Missing(t, "paramiko is missing")
	}
	var log lockedBuffer
	srv := frontendtest.Start(t, config(t), frontendtest.Options{
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
		Login: (&recorder{answer: func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrDenied }}).login,
	})
	host, port, _ := net.SplitHostPort(srv.Addr)
	frontendtest.Run(t, t.TempDir(), "", python, "-c", `
import paramiko, sys
t = paramiko.Transport((sys.argv[1], int(sys.argv[2]))); t.start_client()
for p in "one", "two":
    try: t.auth_password("alice", p)
    except Exception as e: print(repr(e))
t.close()`, host, port)
	frontendtest.Eventually(t, "the log says so", func() bool { return strings.Contains(log.String(), "look_for_keys=False") })
}

// lockedBuffer is where a log goes.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
