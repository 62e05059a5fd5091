package login

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// anybody accepts all users, for the account after the "@".
func anybody(req auth.Request) (auth.Response, error) {
	name, account, _ := strings.Cut(req.User, "@")
	id := auth.Identity{User: name}
	if account != "" {
		id.Grant.Endpoint = "http://swift.example.net/v1/" + account
	}
	return auth.Response{Identity: &id}, nil
}

// TestSessionLimits checks the limits of sessions, and that the client is told which limit it was.
func TestSessionLimits(t *testing.T) {
	for _, tt := range []struct {
		limit  string
		logins []string // user[@account] address
		text   string   // of the refusal of the last one
	}{
		{"total { sessions = 2 }", []string{"a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3"}, "the server"},
		{"per_user { sessions = 2 }", []string{"a 192.0.2.1", "b 192.0.2.1", "a 192.0.2.2", "b 192.0.2.1", "a 192.0.2.3"}, "this user"},
		{"per_address { sessions = 2 }", []string{"a 192.0.2.1", "b 192.0.2.1", "a 192.0.2.2", "c 192.0.2.1"}, "your address"},
		{"per_account { sessions = 2 }", []string{"a@x 192.0.2.1", "b@x 192.0.2.1", "a@y 192.0.2.2", "c@x 192.0.2.3"}, "this account"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.authenticate = anybody
			d := start(t, w, guarded(`fail_delay = "0s"`)+"limits {\n"+tt.limit+"\n}\n")
			login := func(who string) (*session.Session, error) {
				user, addr, _ := strings.Cut(who, " ")
				sess, _, err := d.Login(t.Context(), request(func(r *auth.Request) { from(addr)(r); r.User = user }))
				return sess, err
			}
			var first *session.Session
			last := len(tt.logins) - 1
			for _, who := range tt.logins[:last] {
				sess, err := login(who)
				if err != nil {
					t.Fatalf("%s: %s: %v", tt.limit, who, err)
				}
				if first == nil {
					first = sess
				}
			}
			if _, err := login(tt.logins[last]); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(auth.ClientText(err), tt.text) {
				t.Errorf("%s: the last one is answered %v, %q", tt.limit, err, auth.ClientText(err))
			}
			first.Close()
			synctest.Wait()
			if _, err := login(tt.logins[last]); err != nil {
				t.Errorf("%s: when one has ended: %v", tt.limit, err)
			}
		})
	}
}

// TestLoginsInAMinute checks the limits of logins per minute, also at two gateways with one cache.
func TestLoginsInAMinute(t *testing.T) {
	for _, tt := range []struct {
		limit    string
		other    func(*auth.Request) // whose login still succeeds
		elsewise string
	}{
		{"per_address { logins_per_minute = 6 }", from("192.0.2.8"), "another address"},
		{"per_user { logins_per_minute = 6 }", func(r *auth.Request) { r.User = "bob" }, "another user"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w1, w2 := newWorld(), newWorld()
			w1.authenticate, w2.authenticate = anybody, anybody
			w2.shelf = w1.shelf
			text := guarded(`fail_delay = "0s"`) + "cache \"shelf\" {}\nlimits {\n" + tt.limit + "\n}\n"
			one, two := start(t, w1, text), start(t, w2, text)
			for i := range 6 {
				d := []*desk{one, two}[i%2]
				if _, err := d.try(t, nil); err != nil {
					t.Fatalf("%s: login %d: %v", tt.limit, i, err)
				}
			}
			for _, d := range []*desk{one, two} {
				if _, err := d.try(t, nil); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(auth.ClientText(err), "too many logins") {
					t.Errorf("%s: one too many: %v", tt.limit, err)
				}
			}
			if _, err := one.try(t, tt.other); err != nil {
				t.Errorf("%s: of %s: %v", tt.limit, tt.elsewise, err)
			}
			time.Sleep(2 * time.Minute)
			if _, err := one.try(t, nil); err != nil {
				t.Errorf("%s: two minutes later: %v", tt.limit, err)
			}
		})
	}
}

// TestTransfersOfAUser checks the limit of open files of a user with two sessions.
func TestTransfersOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.authenticate = anybody
		d := start(t, w, "limits {\nper_user { transfers = 2 }\n}")
		one, two := d.enter(t), d.enter(t)
		open := func(s *session.Session, i int) (vfs.Writer, error) {
			return s.OpenWriter(t.Context(), vfs.Path(fmt.Sprint("/file", i)), vfs.WriteOptions{Create: true})
		}
		first, err := open(one, 1)
		if err != nil {
			t.Fatal(err)
		}
		second, err := open(two, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if _, err := open(one, 3); !errors.Is(err, vfs.ErrUnavailable) || !strings.Contains(vfs.ClientText(err), "too many transfers of this user") {
			t.Errorf("a third one: %v", err)
		}
		first.Close()
		third, err := open(one, 3)
		if err != nil {
			t.Fatalf("when one has ended: %v", err)
		}
		third.Close()
	})
}

// TestRateOfAUser checks the upload rate of a user with two sessions: 1000 bytes per second in
// total.
func TestRateOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.authenticate = anybody
		d := start(t, w, "limits {\nper_user { upload_rate = \"1000B\" }\n}")
		one, two := d.enter(t), d.enter(t)
		began := time.Now()
		for i, s := range []*session.Session{one, two, one} {
			if err := upload(t.Context(), s, vfs.Path(fmt.Sprint("/file", i)), io.LimitReader(zeros{}, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
			t.Errorf("3000 bytes took %v, want 2s after the first second's worth", took)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
