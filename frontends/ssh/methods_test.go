package ssh_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"filegate/core/auth"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// count returns how many requests ask about keys, and how many prove that the client has one.
func count(requests []auth.Request) (asks, proofs int) {
	for _, req := range requests {
		switch {
		case req.Method == auth.PublicKey && req.Verified:
			proofs++
		case req.Method == auth.PublicKey:
			asks++
		}
	}
	return asks, proofs
}

// knows lets in whoever proves to have the key.
func knows(key gossh.PublicKey, response auth.Response) func(auth.Request) (auth.Response, error) {
	return func(req auth.Request) (auth.Response, error) {
		switch {
		case req.Method != auth.PublicKey:
			return auth.Response{}, auth.ErrMethod
		case !bytes.Equal(req.PublicKey, key.Marshal()):
			return auth.Response{}, auth.ErrDenied
		}
		return response, nil
	}
}

// Each key of an agent costs one question, also when the client asks about it again, and only the
// one that is used opens something.
func TestManyKeys(t *testing.T) {
	var keys []gossh.Signer
	for range 10 {
		keys = append(keys, signer(t))
	}
	r := &recorder{answer: knows(keys[9].PublicKey(), in)}
	srv := r.start(t)
	if err := dialWith(srv, gossh.PublicKeys(append(keys[:9:9], keys...)...)); err != nil {
		t.Fatal(err)
	}
	if asks, proofs := count(r.requests()); asks != 10 || proofs != 1 {
		t.Errorf("the authenticator was asked about %d keys and given %d proofs, want 10 and 1", asks, proofs)
	}
	if n := len(srv.Sessions()); n != 1 {
		t.Errorf("%d sessions began, want one", n)
	}
}

// A client that only asks leaves no session behind.
func TestAskingOpensNothing(t *testing.T) {
	key := signer(t)
	r := &recorder{answer: knows(key.PublicKey(), in)}
	srv := r.start(t)
	if err := dialWith(srv, gossh.PublicKeys(liar{key})); err == nil {
		t.Error("a client without the private key was let in")
	}
	if asks, proofs := count(r.requests()); asks != 1 || proofs != 0 || len(srv.Sessions()) != 0 {
		t.Errorf("%d questions, %d proofs, %d sessions; want one question and nothing else", asks, proofs, len(srv.Sessions()))
	}
}

// liar has a public key only.
type liar struct{ gossh.Signer }

func (liar) Sign(io.Reader, []byte) (*gossh.Signature, error) {
	return &gossh.Signature{Format: gossh.KeyAlgoED25519, Blob: make([]byte, 64)}, nil
}

func TestCertificateIsAKey(t *testing.T) {
	ca, key := signer(t), signer(t)
	cert := &gossh.Certificate{
		Key: key.PublicKey(), CertType: gossh.UserCert, ValidPrincipals: []string{"alice"}, ValidBefore: gossh.CertTimeInfinity,
	}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	with, err := gossh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{answer: knows(cert, in)}
	if err := dialWith(r.start(t), gossh.PublicKeys(with)); err != nil {
		t.Fatal(err)
	}
	asked := r.requests()
	got, err := gossh.ParsePublicKey(asked[len(asked)-1].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := got.(*gossh.Certificate); !ok || !bytes.Equal(c.SignatureKey.Marshal(), ca.PublicKey().Marshal()) {
		t.Errorf("the authenticator got %T, want the certificate with its signature", got)
	}
}

// A key alone is not enough: whoever has it is asked for more, and by nothing but what is wanted.
func TestKeyThenMore(t *testing.T) {
	key := signer(t)
	answer := func(want ...auth.Method) func(auth.Request) (auth.Response, error) {
		first := knows(key.PublicKey(), auth.Response{Next: &auth.Step{
			Methods: want, Instruction: "And now the other half.", Prompts: []auth.Prompt{{Text: "Code: "}}, State: []byte("half"),
		}})
		return func(req auth.Request) (auth.Response, error) {
			switch {
			case string(req.State) != "half":
				return first(req)
			case req.Method == auth.Password && req.Password == "pw", req.Method == auth.Interactive && req.Answers[0] == "123456":
				return in, nil
			}
			return auth.Response{}, auth.ErrDenied
		}
	}
	for _, tt := range []struct {
		name    string
		want    auth.Method
		methods []gossh.AuthMethod
		ok      bool
	}{
		{"key, then password", auth.Password, []gossh.AuthMethod{gossh.PublicKeys(key), gossh.Password("pw")}, true},
		{"key, then wrong password", auth.Password, []gossh.AuthMethod{gossh.PublicKeys(key), gossh.Password("no")}, false},
		{"key, then code", auth.Interactive, []gossh.AuthMethod{gossh.PublicKeys(key), answers("123456")}, true},
		{"key alone", auth.Password, []gossh.AuthMethod{gossh.PublicKeys(key)}, false},
		{"password alone", auth.Password, []gossh.AuthMethod{gossh.Password("pw")}, false},
		{"another key, then password", auth.Password, []gossh.AuthMethod{gossh.PublicKeys(signer(t)), gossh.Password("pw")}, false},
		{"key, and nothing that SSH has", auth.Certificate, []gossh.AuthMethod{gossh.PublicKeys(key)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{answer: answer(tt.want)}
			if err := dialWith(r.start(t), tt.methods...); (err == nil) != tt.ok {
				t.Errorf("login: %v, want success: %v", err, tt.ok)
			}
		})
	}
}

// An authenticator with questions of its own asks them, several at a time and several times.
func TestRounds(t *testing.T) {
	answer := func(req auth.Request) (auth.Response, error) {
		switch {
		case req.Asks():
			return auth.Response{Next: &auth.Step{
				Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: "Pet: ", Echo: true}, {Text: "PIN: "}}, State: []byte("1"),
			}}, nil
		case string(req.State) == "1" && req.Answers[0] == "cat" && req.Answers[1] == "42":
			return auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: "Code: "}}, State: []byte("2")}}, nil
		case string(req.State) == "2" && req.Answers[0] == "123456":
			return in, nil
		}
		return auth.Response{}, auth.ErrDenied
	}
	for _, tt := range []struct {
		given []string
		ok    bool
	}{
		{[]string{"cat", "42", "123456"}, true},
		{[]string{"cat", "42", "654321"}, false},
		{[]string{"dog", "42", "123456"}, false},
	} {
		r := &recorder{answer: answer}
		if err := dialWith(r.start(t), answers(tt.given...)); (err == nil) != tt.ok {
			t.Errorf("login with the answers %q: %v, want success: %v", tt.given, err, tt.ok)
		}
	}
}

// Methods that no authenticator has are not offered to real clients either.
func TestOfferedMethods(t *testing.T) {
	for _, tt := range []struct {
		has  []auth.Method
		want string
	}{
		{[]auth.Method{auth.Password}, "(password)"},
		{[]auth.Method{auth.PublicKey}, "(publickey)"},
		{[]auth.Method{auth.Password, auth.Interactive, auth.Certificate}, "(password,keyboard-interactive)"},
		{[]auth.Method{auth.Password, auth.PublicKey, auth.Interactive}, "(password,publickey,keyboard-interactive)"},
	} {
		srv := frontendtest.Start(t, config(t), frontendtest.Options{FS: memfs.New(), Methods: tt.has})
		r := frontendtest.OpenSSH(t, srv, t.TempDir(), "", "ssh", "-o", "PreferredAuthentications=none", "@", "echo")
		if r.Status != 255 || !strings.Contains(r.Stderr, tt.want) {
			t.Errorf("with %q: status %d, %q; want %s", tt.has, r.Status, r.Stderr, tt.want)
		}
	}
}

// A real agent with ten keys, of which the last one is known.
func TestOpenSSHAgent(t *testing.T) {
	keyring := agent.NewKeyring()
	var last gossh.PublicKey
	for range 10 {
		private := frontendtest.PrivateKey(t)
		if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
			t.Fatal(err)
		}
		s, err := gossh.NewSignerFromKey(private)
		if err != nil {
			t.Fatal(err)
		}
		last = s.PublicKey()
	}
	r := &recorder{answer: knows(last, in)}
	srv := r.start(t)
	result := frontendtest.OpenSSH(t, srv, t.TempDir(), "hello", "ssh", "-o", "IdentityAgent="+serveAgent(t, keyring), "-o", "PreferredAuthentications=publickey", "@", "echo")
	if result.Status != 42 || result.Stdout != "hello" {
		t.Errorf("ssh: status %d, %q, want that of the service", result.Status, result.Stdout)
	}
	if asks, proofs := count(r.requests()); asks != 10 || proofs != 1 {
		t.Errorf("the authenticator was asked about %d keys and given %d proofs, want 10 and 1", asks, proofs)
	}
}

// serveAgent serves an agent on a socket until the test ends, and returns the socket's name.
func serveAgent(t *testing.T, keyring agent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { l.Close() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(time.Minute))
			wg.Go(func() {
				defer c.Close()
				agent.ServeAgent(keyring, c) // its error is the client's end
			})
		}
	})
	return socket
}
