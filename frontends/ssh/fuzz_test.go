package ssh

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/session"
)

// meta is what a login knows of a connection.
type meta struct {
	ssh.ConnMetadata
	user string
}

func (m meta) User() string          { return m.user }
func (m meta) ClientVersion() []byte { return []byte("SSH-2.0-fuzz") }
func (m meta) RemoteAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1} }

// FuzzLogin lets a client take the steps of a login in any order, with any answers of the
// authenticator: it is in only if the last proof brought a session, a key that was only asked about
// brings none, and it is hung up on after as many failures as there may be.
func FuzzLogin(f *testing.F) {
	key, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, 32)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0, 1, 2, 3}, "alice", "secret")
	f.Add([]byte{4, 0, 20, 16, 3, 3, 3}, "bob", "")
	f.Add([]byte{0x24, 0x13, 0x02, 0x31, 0x00}, "a\x00b\x1b[2J", "x")
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "carl", "y")
	f.Fuzz(func(t *testing.T, steps []byte, user, secret string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // so that nothing waits
		hungUp := false
		var answer byte
		var brought *session.Session
		l := &login{ctx: ctx, methods: []auth.Method{auth.Password, auth.PublicKey, auth.Interactive}, hangUp: func() { hungUp = true }, show: func(string) error { return nil }}
		l.attempt = func(_ context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
			if len(req.User) > maxUser || len(req.Password) > maxPassword {
				t.Errorf("a request of %d and %d bytes went through", len(req.User), len(req.Password))
			}
			brought = nil
			switch answer % 6 {
			case 0:
				if !req.Asks() {
					brought = new(session.Session)
				}
				return brought, nil, nil
			case 1:
				return nil, &auth.Step{Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: "Code: "}, {Text: "PIN: "}}, State: []byte{1}}, nil
			case 2:
				return nil, &auth.Step{Methods: []auth.Method{auth.Password, auth.PublicKey}, State: []byte{2}}, nil
			case 3:
				return nil, &auth.Step{Methods: []auth.Method{"unknown"}}, nil
			case 4:
				return nil, nil, auth.ErrUnavailable
			}
			return nil, nil, auth.ErrDenied
		}
		rounds := 0
		ask := func(_, _ string, questions []string, _ []bool) ([]string, error) {
			rounds++
			if answer++; rounds > 20 {
				return nil, errors.New("the client has had enough")
			}
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = secret
			}
			return answers, nil
		}
		m := meta{user: user}
		for _, step := range steps[:min(len(steps), 64)] {
			answer, rounds = step>>2, 0
			var p *ssh.Permissions
			var err error
			proof := true
			switch step % 4 {
			case 0:
				p, err = l.password(m, []byte(secret))
			case 1:
				p, err = l.publicKey(m, key)
				proof = false
			case 2:
				p, err = l.verifiedPublicKey(m, key, nil, "")
			case 3:
				p, err = l.interactive(m, ask)
			}
			switch {
			case proof && (err == nil) != (l.session != nil && l.session == brought):
				t.Fatalf("step %d: %v with the session %p, and the authenticator brought %p", step, err, l.session, brought)
			case (p != nil) != (err == nil):
				t.Fatalf("step %d: permissions %v with %v", step, p, err)
			case !proof && l.session != nil:
				t.Fatal("a key that was only asked about has brought a session")
			case l.failures >= maxFailures && !hungUp:
				t.Fatalf("%d failures, and the connection lives", l.failures)
			}
			if proof && err == nil || hungUp {
				return
			}
		}
	})
}
