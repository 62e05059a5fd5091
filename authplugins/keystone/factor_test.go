package keystone_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

// TestSecondFactor checks that a user with a second factor gives the password, is asked for the
// code, and is logged in.
func TestSecondFactor(t *testing.T) {
	c := newCloud(t, nil)
	resp, err := c.try("otto", "ottopass")
	if err != nil || resp.Identity != nil || resp.Next == nil {
		t.Fatalf("the password alone: got %+v, %v, want a further step", resp, err)
	}
	step := resp.Next
	if len(step.Methods) != 1 || step.Methods[0] != auth.Interactive || len(step.Prompts) != 1 || step.Prompts[0].Echo {
		t.Errorf("step %+v, want one question whose answer does not show", step)
	}
	for _, secret := range []string{"ottopass", "gAAAAA"} {
		if strings.Contains(string(step.State), secret) {
			t.Errorf("the state shows %q", secret)
		}
	}
	digits := code()
	resp, err = c.answer("otto", step, " "+digits[:3]+" "+digits[3:]+" ")
	if err != nil || resp.Identity == nil || resp.Identity.User != "otto" || resp.Identity.Groups[0] != "demo" {
		t.Fatalf("the code: got %+v, %v, want otto in demo", resp, err)
	}
	if resp.Identity.CacheFor != 0 {
		t.Errorf("the login may be answered from a cache for %s, and a code is good for once", resp.Identity.CacheFor)
	}
	var kept map[string]any
	if err := sealer(t).Open(resp.Identity.Grant.Renewal, &kept); err != nil || kept["Secret"] != "" {
		t.Errorf("the renewal has %v, %v, want no password in it, since that would not do", kept, err)
	}
	if _, err := c.a.Renew(t.Context(), resp.Identity.Grant); !errors.Is(err, auth.ErrDenied) || !strings.Contains(err.Error(), "second factor") || !strings.Contains(auth.ClientText(err), "one-time code") {
		t.Errorf("renewal: got %v, want %v that says why", err, auth.ErrDenied)
	}
	if err := auth.Revalidate(t.Context(), c.a, *resp.Identity); err != nil {
		t.Errorf("the login does not hold: %v", err)
	}
	c.Revoke()
	if err := auth.Revalidate(t.Context(), c.a, *resp.Identity); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("after all tokens were taken back: got %v, want %v", err, auth.ErrDenied)
	}
}

// TestSecondFactorRefused checks that a wrong code, an answer of another login and a second answer
// are refused.
func TestSecondFactorRefused(t *testing.T) {
	c := newCloud(t, nil)
	begin := func() *auth.Step {
		t.Helper()
		resp, err := c.try("otto", "ottopass")
		if err != nil {
			t.Fatal(err)
		}
		return resp.Next
	}
	wrongCode := "000000"
	if wrongCode == code() {
		wrongCode = "000001"
	}
	for _, tc := range []struct {
		name   string
		user   string
		code   string
		change func(*auth.Request)
		asked  int
		want   error
	}{
		{"wrong code", "otto", wrongCode, nil, 1, auth.ErrDenied},
		{"no code", "otto", "", nil, 0, auth.ErrDenied},
		{"long code", "otto", strings.Repeat("1", 100), nil, 0, auth.ErrDenied},
		{"another session", "otto", code(), func(r *auth.Request) { r.SessionID = "s2" }, 0, auth.ErrDenied},
		{"another user", "demo", code(), nil, 0, auth.ErrDenied},
		{"changed state", "otto", code(), func(r *auth.Request) { r.State = append([]byte{1}, r.State[1:]...) }, 0, auth.ErrDenied},
		{"renewal for a state", "otto", code(), func(r *auth.Request) { r.State = c.enter("demo.demo", "demopass").Grant.Renewal }, 1, auth.ErrDenied},
		{"two answers", "otto", code(), func(r *auth.Request) { r.Answers = append(r.Answers, "x") }, 0, auth.ErrInvalid},
		{"no answer", "otto", code(), func(r *auth.Request) { r.Answers = nil }, 0, auth.ErrInvalid},
	} {
		step := begin()
		n := c.counted(func() {
			var changes []func(*auth.Request)
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			if resp, err := c.answer(tc.user, step, tc.code, changes...); !errors.Is(err, tc.want) || resp.Identity != nil {
				t.Errorf("%s: got %+v, %v, want %v", tc.name, resp, err, tc.want)
			}
		})
		if total(n) != tc.asked {
			t.Errorf("%s: Keystone was asked %v, want %d requests", tc.name, n, tc.asked)
		}
	}

	step := begin()
	if _, err := c.answer("otto", step, wrongCode); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("got %v, want %v", err, auth.ErrDenied)
	}
	if _, err := c.answer("otto", step, code()); !errors.Is(err, auth.ErrDenied) || !strings.Contains(err.Error(), "answered before") {
		t.Errorf("the right code after a wrong one, in the same step: got %v, want %v", err, auth.ErrDenied)
	}
	step = begin()
	other := newCloud(t, nil) // has the same sealing key, like the same program after a restart
	if _, err := other.answer("otto", step, code()); !errors.Is(err, auth.ErrDenied) || !strings.Contains(err.Error(), "started anew") {
		t.Errorf("a state of the program before: got %v, want %v", err, auth.ErrDenied)
	}
}

// TestCodeAfterPassword checks that a code may follow the password, for clients that can send
// nothing else. Users who need no code cannot append one.
func TestCodeAfterPassword(t *testing.T) {
	for _, tc := range []struct {
		name, user, secret string
		options            map[string]any
		want               error
		logins             int
	}{
		{"right", "otto", "ottopass" + code(), nil, nil, 3},
		{"wrong code", "otto", "ottopass000000", nil, auth.ErrDenied, 3},
		{"wrong password", "otto", "wrong" + code(), nil, auth.ErrDenied, 2},
		{"no such length", "otto", "ottopass" + code(), map[string]any{"totp_digits": 8}, auth.ErrDenied, 1},
		{"not wanted by the operator", "otto", "ottopass" + code(), map[string]any{"totp_digits": 0}, auth.ErrDenied, 1},
		{"a user with no second factor", "demo.demo", "demopass123456", nil, auth.ErrDenied, 2},
		{"letters", "otto", "ottopass12345a", nil, auth.ErrDenied, 1},
		{"only a code", "otto", code(), nil, auth.ErrDenied, 1},
		{"an application credential", "app=backup.demo", "s3cret123456", nil, auth.ErrDenied, 1},
		{"expired", "edgar", "edgarpass", nil, auth.ErrDenied, 1},
	} {
		c := newCloud(t, tc.options)
		n := c.counted(func() {
			resp, err := c.try(tc.user, tc.secret)
			switch {
			case !errors.Is(err, tc.want):
				t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
			case tc.want == nil && (resp.Identity == nil || resp.Identity.CacheFor != 0):
				t.Errorf("%s: got %+v, want an identity that is not cached", tc.name, resp)
			case err != nil && strings.Contains(fmt.Sprintf("%+v %#v", err, err), tc.secret[:4]+"pass"):
				t.Errorf("%s: the error shows the password: %v", tc.name, err)
			}
		})
		if n[swifttest.Login] != tc.logins {
			t.Errorf("%s: Keystone was asked %v, want %d logins", tc.name, n, tc.logins)
		}
	}
}

// TestSecondFactorUnavailable checks that an outage during a login is not reported as a refusal.
func TestSecondFactorUnavailable(t *testing.T) {
	c := newCloud(t, nil)
	resp, err := c.try("otto", "ottopass")
	if err != nil {
		t.Fatal(err)
	}
	c.Inject(swifttest.Rule{Op: swifttest.Login, Fault: swifttest.Fault{Status: 503}})
	if _, err := c.answer("otto", resp.Next, code()); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, auth.ErrUnavailable)
	}
	if _, err := c.try("otto", "ottopass123456"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, auth.ErrUnavailable)
	}
}

// TestOtherFactors checks that rules with an unsupported method end the login, and that the log
// names the method.
func TestOtherFactors(t *testing.T) {
	for name, body := range map[string]string{
		"another method": `{"receipt":{"methods":["password"],"user":{"id":"u","name":"otto"},"expires_at":"2999-01-01T00:00:00.000000Z"},"required_auth_methods":[["password","oauth1"]]}`,
		"two more":       `{"receipt":{"methods":["password"],"user":{"id":"u","name":"otto"},"expires_at":"2999-01-01T00:00:00.000000Z"},"required_auth_methods":[["password","totp","oauth1"]]}`,
		"none":           `{"receipt":{"methods":["password"],"user":{"id":"u","name":"otto"},"expires_at":"2999-01-01T00:00:00.000000Z"},"required_auth_methods":[]}`,
		"rubbish":        `<html>`,
	} {
		c := newCloud(t, nil)
		c.Inject(swifttest.Rule{Op: swifttest.Login, Fault: swifttest.Fault{Status: 401, Body: body, Header: map[string][]string{"Openstack-Auth-Receipt": {"r"}}}})
		resp, err := c.try("otto", "ottopass")
		want := auth.ErrDenied
		if name == "rubbish" {
			want = auth.ErrUnavailable
		}
		if !errors.Is(err, want) || resp.Next != nil {
			t.Errorf("%s: got %+v, %v, want %v", name, resp, err, want)
		}
		if err != nil && strings.Contains(body, "oauth1") && !strings.Contains(err.Error(), "oauth1") {
			t.Errorf("%s: %v does not say what is wanted", name, err)
		}
	}
}

// TestCredentialNeedsFactor checks that an application credential does not replace the second
// factor, unless the user's rules say so, and that the client is not asked for a password.
func TestCredentialNeedsFactor(t *testing.T) {
	c := newCloud(t, nil)
	resp, err := c.try("app=cron.otto", "cr0n")
	if !errors.Is(err, auth.ErrDenied) || resp.Next != nil || !strings.Contains(err.Error(), "further proof") {
		t.Errorf("got %+v, %v, want %v that says what is wanted", resp, err, auth.ErrDenied)
	}
}

// TestInteractiveFirst checks that prompts are shown only to users who gave a password first.
func TestInteractiveFirst(t *testing.T) {
	c := newCloud(t, nil)
	for _, answers := range [][]auth.Secret{nil, {"ottopass"}} {
		_, err := c.try("otto", "", func(r *auth.Request) { r.Method, r.Answers = auth.Interactive, answers })
		if !errors.Is(err, auth.ErrMethod) {
			t.Errorf("got %v, want %v: the password comes first, as a password", err, auth.ErrMethod)
		}
	}
}
