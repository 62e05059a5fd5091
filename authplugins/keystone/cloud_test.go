package keystone_test

import (
	"maps"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// cloud is a fake Keystone and an authenticator that asks it.
type cloud struct {
	*swifttest.Server
	t *testing.T
	a auth.Authenticator
}

// newCloud starts a fake Keystone that knows demo, harry with two projects, otto with a second
// factor, and edgar, whose password has expired.
func newCloud(t *testing.T, options map[string]any) *cloud {
	t.Helper()
	srv := swifttest.Start(t, swifttest.Config{Users: []swifttest.User{
		{Account: "demo", Name: "demo", Key: "demopass", Credentials: []swifttest.Credential{{Name: "backup", Secret: "s3cret"}}},
		{Account: "demo", Name: "harry", Key: "harrypass", Projects: []string{"demo2"}, Home: "demo2"},
		{Account: "demo", Name: "otto", Key: "ottopass", Projects: []string{"demo2"}, Home: "demo", TOTP: totpSecret, Credentials: []swifttest.Credential{{Name: "cron", Secret: "cr0n"}}},
		{Account: "demo", Name: "edgar", Key: "edgarpass", Expired: true},
	}})
	return &cloud{Server: srv, t: t, a: configured(t, srv.KeystoneURL(), options)}
}

// try makes the first step of a login.
func (c *cloud) try(user, password string, more ...func(*auth.Request)) (auth.Response, error) {
	c.t.Helper()
	req := auth.Request{User: user, Method: auth.Password, Password: auth.Secret(password), Service: "ssh", SessionID: "s1"}
	for _, change := range more {
		change(&req)
	}
	return c.a.Authenticate(c.t.Context(), req)
}

// answer makes a further step.
func (c *cloud) answer(user string, step *auth.Step, answer string, more ...func(*auth.Request)) (auth.Response, error) {
	c.t.Helper()
	if step == nil {
		c.t.Fatal("there is no step to answer")
	}
	req := auth.Request{User: user, Method: auth.Interactive, State: step.State, Answers: []auth.Secret{auth.Secret(answer)}, Service: "ssh", SessionID: "s1"}
	for _, change := range more {
		change(&req)
	}
	return c.a.Authenticate(c.t.Context(), req)
}

// enter logs in, and fails the test if that fails.
func (c *cloud) enter(user, password string) *auth.Identity {
	c.t.Helper()
	resp, err := c.try(user, password)
	if err != nil || resp.Identity == nil {
		c.t.Fatalf("%s: got %+v, %v, want an identity", user, resp, err)
	}
	return resp.Identity
}

func code() string { return swifttest.Code(totpSecret, time.Now()) }

// counted returns the numbers of requests that f makes, by kind.
func (c *cloud) counted(f func()) map[swifttest.Op]int {
	c.ForgetRequests()
	f()
	n := map[swifttest.Op]int{}
	for _, r := range c.Requests() {
		n[r.Op]++
	}
	return n
}

func total(n map[swifttest.Op]int) (sum int) {
	for v := range maps.Values(n) {
		sum += v
	}
	return sum
}
