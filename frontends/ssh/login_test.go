package ssh_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// recorder is an authenticator that keeps what it was asked.
type recorder struct {
	answer func(auth.Request) (auth.Response, error)

	mu    sync.Mutex
	asked []auth.Request
}

func (r *recorder) login(_ context.Context, req auth.Request) (auth.Response, error) {
	r.mu.Lock()
	r.asked = append(r.asked, req)
	r.mu.Unlock()
	return r.answer(req)
}

func (r *recorder) requests() []auth.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *recorder) start(t *testing.T) *frontendtest.Server {
	t.Helper()
	return frontendtest.Start(t, config(t), frontendtest.Options{FS: memfs.New(), Login: r.login})
}

var in = auth.Response{Identity: &auth.Identity{User: "alice"}}

func dialWith(srv *frontendtest.Server, methods ...gossh.AuthMethod) error {
	c, err := gossh.Dial("tcp", srv.Addr, &gossh.ClientConfig{
		User: "alice", Auth: methods, HostKeyCallback: gossh.InsecureIgnoreHostKey(), ClientVersion: "SSH-2.0-tester_1",
	})
	if err != nil {
		return err
	}
	c.Close()
	c.Wait()
	return nil
}

func answers(want ...string) gossh.AuthMethod {
	return gossh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		if len(questions) > len(want) {
			return nil, errors.New("more questions than answers")
		}
		now := want[:len(questions)]
		want = want[len(questions):]
		return now, nil
	})
}

func signer(t *testing.T) gossh.Signer {
	t.Helper()
	s, err := gossh.NewSignerFromKey(frontendtest.PrivateKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPasswordRequest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		method  gossh.AuthMethod
		already int // requests before the password
	}{
		{"password", gossh.Password("pw"), 0},
		{"keyboard-interactive", answers("pw"), 1}, // which questions there are
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{answer: func(req auth.Request) (auth.Response, error) {
				if req.Method != auth.Password {
					return auth.Response{}, auth.ErrMethod
				}
				return in, nil
			}}
			srv := r.start(t)
			if err := dialWith(srv, tt.method); err != nil {
				t.Fatal(err)
			}
			asked := r.requests()
			if len(asked) != 1+tt.already {
				t.Fatalf("%d requests, want %d: %+v", len(asked), 1+tt.already, asked)
			}
			req := asked[tt.already]
			if req.User != "alice" || req.Method != auth.Password || req.Password.Reveal() != "pw" || req.Service != "ssh" || req.Client != "SSH-2.0-tester_1" {
				t.Errorf("request %+v", req)
			}
			if req.SessionID == "" || !req.Remote.IsValid() || req.Local.String() != srv.Addr {
				t.Errorf("request %+v: want a session id and both addresses", req)
			}
		})
	}
}

// A second factor after a password, however the client came by the password.
func TestSteps(t *testing.T) {
	answer := func(req auth.Request) (auth.Response, error) {
		switch {
		case req.Method == auth.Password && req.Password.Reveal() == "pw":
			return auth.Response{Next: &auth.Step{
				Methods: []auth.Method{auth.Interactive}, Instruction: "Look at your phone.",
				Prompts: []auth.Prompt{{Text: "Code: ", Echo: true}}, State: []byte("half"),
			}}, nil
		case req.Method == auth.Interactive && string(req.State) == "half" && req.Answers[0].Reveal() == "123456":
			return in, nil
		}
		return auth.Response{}, auth.ErrDenied
	}
	for _, tt := range []struct {
		name    string
		methods []gossh.AuthMethod
		ok      bool
	}{
		{"password, then code", []gossh.AuthMethod{gossh.Password("pw"), answers("123456")}, true},
		{"both in one exchange", []gossh.AuthMethod{answers("pw", "123456")}, true},
		{"wrong code", []gossh.AuthMethod{gossh.Password("pw"), answers("000000")}, false},
		{"wrong code in one exchange", []gossh.AuthMethod{answers("pw", "000000")}, false},
		{"no code", []gossh.AuthMethod{gossh.Password("pw")}, false},
		{"code alone", []gossh.AuthMethod{answers("123456")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{answer: answer}
			err := dialWith(r.start(t), tt.methods...)
			if (err == nil) != tt.ok {
				t.Errorf("login: %v, want success: %v", err, tt.ok)
			}
			asked := r.requests()
			for _, req := range asked {
				if req.SessionID != asked[0].SessionID {
					t.Errorf("the steps of one login have the session ids %q and %q", asked[0].SessionID, req.SessionID)
				}
			}
		})
	}
}

func TestPublicKey(t *testing.T) {
	mine, other := signer(t), signer(t)
	answer := func(req auth.Request) (auth.Response, error) {
		if req.Method == auth.PublicKey && string(req.PublicKey) == string(mine.PublicKey().Marshal()) {
			return in, nil
		}
		return auth.Response{}, auth.ErrDenied
	}
	r := &recorder{answer: answer}
	srv := r.start(t)
	if err := dialWith(srv, gossh.PublicKeys(other, mine)); err != nil {
		t.Fatal(err)
	}
	asked := r.requests()
	if last := asked[len(asked)-1]; !last.Verified {
		t.Error("the last request does not say that the client has proved to have the key")
	}
	for _, req := range asked[:len(asked)-1] {
		if req.Verified {
			t.Errorf("a key that is only asked about counts as verified: %+v", req)
		}
	}
	if n := len(srv.Sessions()); n != 1 {
		t.Errorf("%d sessions began, want one", n)
	}
	if err := dialWith(srv, gossh.PublicKeys(other)); err == nil {
		t.Error("a key that is not known opens the door")
	}
}

// Somebody with an agent full of keys still gets to his password, and the authenticator is not
// asked about each key.
func TestKeysOfNoUse(t *testing.T) {
	r := &recorder{answer: func(req auth.Request) (auth.Response, error) {
		if req.Method != auth.Password {
			return auth.Response{}, auth.ErrMethod
		}
		return in, nil
	}}
	var keys []gossh.Signer
	for range 6 {
		keys = append(keys, signer(t))
	}
	if err := dialWith(r.start(t), gossh.PublicKeys(keys...), gossh.Password("pw")); err != nil {
		t.Errorf("login: %v", err)
	}
	if n := len(r.requests()); n != 2 {
		t.Errorf("the authenticator was asked %d times, want once about a key and once about the password", n)
	}
}

// bannerOf logs in and returns what was shown before.
func bannerOf(srv *frontendtest.Server) (banner string, err error) {
	c, err := gossh.Dial("tcp", srv.Addr, &gossh.ClientConfig{
		User: frontendtest.User, Auth: []gossh.AuthMethod{gossh.Password(frontendtest.Password)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		BannerCallback: func(s string) error { banner += s; return nil },
	})
	if err == nil {
		c.Close()
		c.Wait()
	}
	return banner, err
}

func TestUnavailableBanner(t *testing.T) {
	r := &recorder{answer: func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrUnavailable }}
	if banner, err := bannerOf(r.start(t)); err == nil || !strings.Contains(banner, "try again later") {
		t.Errorf("login: %v, with the banner %q; want one that says to try again later", err, banner)
	}
}

// What an authenticator has for the client is shown to it, line by line.
func TestTextsOfTheAuthenticator(t *testing.T) {
	for _, tt := range []struct {
		answer auth.Response
		err    error
		want   string
	}{
		{auth.Response{Identity: &auth.Identity{User: "alice", Message: "Welcome.\nYou \x1b[31mowe\r\nus."}}, nil, "Welcome.\r\nYou \\x1b[31mowe\r\nus.\r\n"},
		{auth.Response{}, &auth.Error{Kind: auth.ErrDenied, Text: "Ask for an account."}, "Ask for an account.\r\n"},
		{auth.Response{}, &auth.Error{Kind: auth.ErrUnavailable, Text: "Back at noon."}, "Back at noon.\r\n"},
		{auth.Response{}, auth.ErrDenied, ""},
	} {
		r := &recorder{answer: func(auth.Request) (auth.Response, error) { return tt.answer, tt.err }}
		if banner, err := bannerOf(r.start(t)); banner != tt.want || (err == nil) != (tt.err == nil) {
			t.Errorf("login: %v with the banner %q, want %q", err, banner, tt.want)
		}
	}
}

func TestBanner(t *testing.T) {
	cfg := config(t)
	cfg.Banner = "Authorized users only.\n"
	if banner, err := bannerOf(start(t, cfg)); err != nil || banner != "Authorized users only.\r\n" {
		t.Errorf("the banner is %q, %v", banner, err)
	}
}

func TestTooManyPasswords(t *testing.T) {
	srv := start(t, config(t))
	tries := 0
	err := dialWith(srv, gossh.RetryableAuthMethod(gossh.PasswordCallback(func() (string, error) {
		tries++
		return "wrong", nil
	}), 100))
	if err == nil || tries != 6 {
		t.Errorf("%d passwords were tried on one connection: %v, want 6", tries, err)
	}
}
