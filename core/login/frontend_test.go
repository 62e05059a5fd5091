package login

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

func TestLoginOpensASession(t *testing.T) {
	g := start(t, newWorld(), "")
	sess, step, err := g.Login(t.Context(), request(nil))
	if err != nil || step != nil {
		t.Fatalf("Login returned step %v and error %v, want a session", step, err)
	}
	defer sess.Close()
	if sess.User() != "alice" || sess.Remote().String() != "192.0.2.7:4711" || len(sess.ID()) < 10 {
		t.Errorf("the session is %q of %s from %s, want an id, alice, and the plain IPv4 address", sess.ID(), sess.User(), sess.Remote())
	}
	if _, err := sess.Stat(t.Context(), "/"); err != nil {
		t.Errorf("Stat in the new session: %v", err)
	}
}

// TestSessionOutlivesTheCall checks that a session does not end with the context of its login,
// which ends with the handshake of the connection.
func TestSessionOutlivesTheCall(t *testing.T) {
	g := start(t, newWorld(), "")
	ctx, cancel := context.WithCancel(t.Context())
	sess, _, err := g.Login(ctx, request(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer sess.Close()
	cancel()
	if sess.Context().Err() != nil {
		t.Error("the session ended with the context of its login")
	}
}

// TestFailedLogins checks the errors and the log lines of logins that fail for various reasons.
func TestFailedLogins(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*auth.Request)
		spoil  func(*world)
		want   error
		line   string // in the log; empty: none at the default level
	}{
		{"wrong password", func(r *auth.Request) { r.Password = "wrong" }, nil, auth.ErrDenied, "reason=denied user=alice"},
		{"unknown user", func(r *auth.Request) { r.User = "bob" }, nil, auth.ErrUnknownUser, "reason=unknown_user user=bob"},
		{"method that nobody does", func(r *auth.Request) { r.Method = auth.PublicKey }, nil, auth.ErrMethod, ""},
		{"authenticator away", nil, func(w *world) {
			w.authenticate = func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrUnavailable }
		}, auth.ErrUnavailable, "reason=unavailable user=alice"},
		{"authenticator that answers nonsense", nil, func(w *world) {
			w.authenticate = func(auth.Request) (auth.Response, error) { return auth.Response{}, nil }
		}, auth.ErrUnavailable, "reason=unavailable user=alice"},
		{"storage away", nil, func(w *world) { w.openErr = vfs.ErrUnavailable }, auth.ErrUnavailable, "backend main"},
		{"storage that refuses the user", nil, func(w *world) { w.openErr = vfs.ErrPermission }, auth.ErrDenied, "reason=denied"},
		{"home that can be none", nil, func(w *world) {
			w.authenticate = func(auth.Request) (auth.Response, error) {
				return auth.Response{Identity: &auth.Identity{User: "alice", Home: "a\x00b"}}, nil
			}
		}, auth.ErrUnavailable, "home directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			if tc.spoil != nil {
				tc.spoil(w)
			}
			g, log := build(t, w, "")
			sess, step, err := g.Login(t.Context(), request(tc.change))
			if sess != nil || step != nil || err != tc.want {
				t.Errorf("Login returned %v, %v, %v, want only %v, bare: a frontend must have nothing else to show", sess, step, err, tc.want)
			}
			lines := strings.Count(log.String(), "\n")
			switch {
			case tc.line == "" && lines > 0:
				t.Errorf("the log says %q, want nothing", log.String())
			case tc.line != "" && (lines != 1 || !strings.Contains(log.String(), `msg="login failed"`) || !strings.Contains(log.String(), tc.line)):
				t.Errorf("the log says %q, want one line \"login failed\" with %q", log.String(), tc.line)
			}
		})
	}
}

// TestTextForTheClient checks that a text of the authenticator for the client is returned with the
// kind of the error, but without the cause.
func TestTextForTheClient(t *testing.T) {
	w := newWorld()
	w.authenticate = func(auth.Request) (auth.Response, error) {
		return auth.Response{}, fmt.Errorf("deep inside: %w", &auth.Error{Kind: auth.ErrDenied, Text: "Ask for an account.", Err: errFake})
	}
	_, _, err := start(t, w, "").Login(t.Context(), request(nil))
	if !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) != "Ask for an account." || strings.Contains(err.Error(), "deep") || strings.Contains(err.Error(), errFake.Error()) {
		t.Errorf("Login = %v with the text %q", err, auth.ClientText(err))
	}
}

// TestFailedLoginLineCannotBeForged logs in as users whose names look like parts of the log line.
// The documented expression must find the client's own address and no other.
func TestFailedLoginLineCannotBeForged(t *testing.T) {
	failregex := regexp.MustCompile(`msg="login failed" service=\w+ remote=\[?([0-9a-f.:]+?)\]?:\d+ method=\S+ reason=(?:denied|unknown_user|invalid) user=`)
	for _, user := range []string{
		"bob",
		`x remote=198.51.100.1:1 method=password reason=denied user=y`,
		"x\ntime=2026-01-01T00:00:00Z level=WARN msg=\"login failed\" service=ssh remote=198.51.100.1:1 method=password reason=denied user=y",
		`" msg="login failed" service=ssh remote=198.51.100.1:1 method=password reason=denied user=`,
		"",
	} {
		t.Run(fmt.Sprintf("%q", user), func(t *testing.T) {
			w := newWorld()
			g, log := build(t, w, "")
			g.d.log.Info("before")
			_, _, err := g.Login(t.Context(), request(func(r *auth.Request) { r.User = user }))
			if !errors.Is(err, auth.ErrUnknownUser) {
				t.Fatal(err)
			}
			if n := strings.Count(log.String(), "\n"); n != 2 {
				t.Errorf("one failed login makes %d lines", n-1)
			}
			found := failregex.FindAllStringSubmatch(log.String(), -1)
			if len(found) != 1 || found[0][1] != "192.0.2.7" {
				t.Errorf("the expression finds %q in %q, want the client's address alone", found, log.String())
			}
		})
	}
}

// TestLongNamesAndPasswords checks that long names and passwords are refused before an
// authenticator is asked, and that they are not logged in full.
func TestLongNamesAndPasswords(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*auth.Request)
		asked  bool
	}{
		"the longest name":     {func(r *auth.Request) { r.User = strings.Repeat("n", 256) }, true},
		"a longer name":        {func(r *auth.Request) { r.User = strings.Repeat("n", 257) }, false},
		"the longest password": {func(r *auth.Request) { r.Password = auth.Secret(strings.Repeat("p", 1024)) }, true},
		"a longer password":    {func(r *auth.Request) { r.Password = auth.Secret(strings.Repeat("p", 1025)) }, false},
		"a longer answer": {func(r *auth.Request) {
			r.Method, r.Password, r.Answers = auth.Interactive, "", []auth.Secret{"1", auth.Secret(strings.Repeat("p", 1025))}
		}, false},
		"a name of a megabyte that is cut within a letter": {func(r *auth.Request) { r.User = strings.Repeat("€", 1<<20) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			g, log := build(t, w, "")
			_, _, err := g.Login(t.Context(), request(tt.change))
			if err == nil || tt.asked != (len(w.asked) > 0) || !tt.asked && !errors.Is(err, auth.ErrInvalid) {
				t.Errorf("the login ended with %v, and the authenticator was asked %q", err, w.asked)
			}
			if log.Len() > 1500 || !utf8.Valid(log.Bytes()) {
				t.Errorf("the log has %d bytes: %.200q", log.Len(), log)
			}
		})
	}
}

// TestAskingAboutAKeyOpensNothing checks that an accepted but unverified key starts no session.
func TestAskingAboutAKeyOpensNothing(t *testing.T) {
	w := newWorld()
	w.authenticate = func(auth.Request) (auth.Response, error) {
		return auth.Response{Identity: &auth.Identity{User: "alice"}}, nil
	}
	g := start(t, w, "")
	ask := func(verified bool) (bool, error) {
		sess, _, err := g.Login(t.Context(), request(func(r *auth.Request) { r.Method, r.Verified = auth.PublicKey, verified }))
		if sess != nil {
			sess.Close()
		}
		return sess != nil, err
	}
	if in, err := ask(false); in || err != nil {
		t.Errorf("a question about a key: session %v, error %v, want neither", in, err)
	}
	if in, err := ask(true); !in || err != nil {
		t.Errorf("a proven key: session %v, error %v, want a session", in, err)
	}
}

// TestAskingForQuestionsOpensNothing uses an authenticator that returns an identity when it is
// asked for the first prompts. It must not start a session.
func TestAskingForQuestionsOpensNothing(t *testing.T) {
	w := newWorld()
	w.authenticate = func(auth.Request) (auth.Response, error) {
		return auth.Response{Identity: &auth.Identity{User: "alice"}}, nil
	}
	sess, step, err := start(t, w, "").Login(t.Context(), request(func(r *auth.Request) { r.Method, r.Password = auth.Interactive, "" }))
	if sess != nil || step != nil || err != nil {
		t.Errorf("Login = %v, %v, %v, want nothing", sess, step, err)
	}
}

func TestLoginInSteps(t *testing.T) {
	w := newWorld()
	w.authenticate = func(req auth.Request) (auth.Response, error) {
		if string(req.State) == "code sent" && len(req.Answers) == 1 && req.Answers[0].Reveal() == "1234" {
			return auth.Response{Identity: &auth.Identity{User: "alice"}}, nil
		}
		return auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}, State: []byte("code sent")}}, nil
	}
	g := start(t, w, "")
	sess, step, err := g.Login(t.Context(), request(nil))
	if sess != nil || step == nil || err != nil {
		t.Fatalf("the first step returned %v, %v, %v, want a further step", sess, step, err)
	}
	sess, _, err = g.Login(t.Context(), request(func(r *auth.Request) {
		r.Method, r.State, r.Answers = auth.Interactive, step.State, []auth.Secret{"1234"}
	}))
	if err != nil || sess == nil {
		t.Fatalf("the second step returned %v, want a session", err)
	}
	sess.Close()
}

// TestSessionsOfAUser checks the limits of sessions: two for alice, and one for bob.
func TestSessionsOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.authenticate = func(req auth.Request) (auth.Response, error) {
			limit := map[string]int{"alice": 2, "bob": 1}[req.User]
			return auth.Response{Identity: &auth.Identity{User: req.User, Limits: auth.Limits{Sessions: limit}}}, nil
		}
		g := start(t, w, "")
		login := func(name string) (*session.Session, error) {
			sess, _, err := g.Login(t.Context(), request(func(r *auth.Request) { r.User = name }))
			if err == nil {
				t.Cleanup(sess.Close)
			}
			return sess, err
		}
		first, err := login("alice")
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			user string
			ok   bool
		}{{"alice", true}, {"alice", false}, {"bob", true}, {"bob", false}, {"carol", true}, {"carol", true}, {"carol", true}} {
			_, err := login(tt.user)
			if tt.ok != (err == nil) || !tt.ok && (!errors.Is(err, auth.ErrUnavailable) || auth.ClientText(err) == "") {
				t.Errorf("a login of %s: %v, want success: %v", tt.user, err, tt.ok)
			}
		}
		first.Close()
		synctest.Wait()
		if _, err := login("alice"); err != nil {
			t.Errorf("a login of alice when one of her sessions has ended: %v", err)
		}
		w.openErr = errFake
		if _, err := login("dave"); err == nil {
			t.Error("a login went through without storage")
		}
	})
}

// TestLoginHasATimeout uses an authenticator that returns only when the call has timed out.
func TestLoginHasATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, "")
		w.authenticate = func(auth.Request) (auth.Response, error) {
			time.Sleep(Timeout)
			return auth.Response{}, context.DeadlineExceeded
		}
		if _, _, err := g.Login(t.Context(), request(nil)); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("a login that nobody answered returned %v, want ErrUnavailable", err)
		}
	})
}
