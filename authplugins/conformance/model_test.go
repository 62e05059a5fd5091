package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/conformance"
	"filegate/core/auth"
)

// model is an authenticator that knows alice by password, by key, and by password and code. Tests
// replace its methods.
type model struct {
	sealer       authplugin.Sealer
	requests     atomic.Int64
	authenticate func(context.Context, auth.Request) (auth.Response, error)
	renew        func(context.Context, auth.Grant) (auth.Grant, error)
	revalidate   func(context.Context, auth.Identity) error
	release      func(context.Context, auth.Grant) error
}

func (m *model) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	return m.authenticate(ctx, req)
}

func (m *model) Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
	return m.renew(ctx, grant)
}

func (m *model) Revalidate(ctx context.Context, id auth.Identity) error { return m.revalidate(ctx, id) }

func (m *model) Release(ctx context.Context, grant auth.Grant) error { return m.release(ctx, grant) }

const secret = "s3cret of alice"

var key = []byte("a key of alice, as it is on the wire")

func newModel(t *testing.T) (*model, conformance.Subject) {
	t.Helper()
	sealer, err := authplugin.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	m := &model{sealer: sealer}
	m.authenticate, m.renew = m.login, m.fresh
	m.revalidate = func(context.Context, auth.Identity) error { return nil }
	m.release = func(context.Context, auth.Grant) error { return nil }
	return m, conformance.Subject{
		Info: auth.Info{
			Name: "model", Version: "1", Methods: []auth.Method{auth.Password, auth.PublicKey, auth.Interactive}, Revalidates: true, Releases: true,
			Schema: auth.Schema{{Name: "url", Type: auth.TypeString, Required: true, Doc: "where"}, {Name: "tries", Type: auth.TypeNumber, Default: "3", Doc: "how often"}},
		},
		Authenticator: m,
		Logins: []conformance.Login{
			{Method: auth.Password, User: "alice", Password: secret},
			{Method: auth.PublicKey, User: "alice", PublicKey: key},
			{Method: auth.Interactive, User: "alice", Answer: func(step auth.Step) []auth.Secret {
				if step.Prompts[0].Text == "Password: " {
					return []auth.Secret{secret}
				}
				return []auth.Secret{"123456"}
			}},
		},
		Unknown:      "nobody",
		Requests:     func() int { return int(m.requests.Load()) },
		Again:        func(context.Context) (auth.Authenticator, error) { again, _ := newModel(t); return again, nil },
		EndsWithHost: func(context.Context) error { return nil },
	}
}

// round is the sealed state of an interactive step.
type round struct {
	User string
	Step int
}

func (m *model) login(ctx context.Context, req auth.Request) (auth.Response, error) {
	switch {
	case ctx.Err() != nil:
		return auth.Response{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, ctx.Err())
	case !slices.Contains([]auth.Method{auth.Password, auth.PublicKey, auth.Interactive}, req.Method):
		return auth.Response{}, auth.ErrMethod
	case req.User == "" || req.Method == auth.Password && req.Password == "":
		return auth.Response{}, auth.ErrDenied
	case !utf8.ValidString(req.User):
		return auth.Response{}, auth.ErrInvalid
	}
	m.requests.Add(1)
	var at round
	if req.Method == auth.Interactive && req.State != nil {
		if err := m.sealer.Open(req.State, &at); err != nil || at.User != req.User {
			return auth.Response{}, auth.ErrDenied
		}
	}
	switch {
	case req.Method == auth.Interactive && at.Step == 0:
		return m.ask(req.User, 1, "Password: ")
	case req.User != "alice":
		return auth.Response{}, auth.ErrUnknownUser
	case req.Method == auth.Password && req.Password == secret,
		req.Method == auth.PublicKey && bytes.Equal(req.PublicKey, key),
		at.Step == 2 && slices.Equal(req.Answers, []auth.Secret{"123456"}):
		return m.open()
	case at.Step == 1 && slices.Equal(req.Answers, []auth.Secret{secret}):
		return m.ask(req.User, 2, "Code: ")
	}
	return auth.Response{}, auth.ErrDenied
}

func (m *model) ask(user string, step int, prompt string) (auth.Response, error) {
	state, err := m.sealer.Seal(round{user, step})
	return auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: prompt}}, State: state}}, err
}

func (m *model) open() (auth.Response, error) {
	sealed, err := m.sealer.Seal("alice")
	return auth.Response{Identity: &auth.Identity{User: "alice", Grant: auth.Grant{
		Endpoint: "http://swift/v1/a", Token: "t0ken", Expires: time.Now().Add(time.Hour), Renewal: sealed,
	}}}, err
}

func (m *model) fresh(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
	if ctx.Err() != nil {
		return auth.Grant{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, ctx.Err())
	}
	var user string
	if err := m.sealer.Open(grant.Renewal, &user); err != nil {
		return auth.Grant{}, err
	}
	grant.Token += "+"
	return grant, nil
}

func TestModelPasses(t *testing.T) {
	_, s := newModel(t)
	for _, rule := range conformance.Rules() {
		if lacking := rule.Lacks(s); lacking != "" {
			t.Errorf("%s: lacks %s", rule.Name, lacking)
		}
		t.Run(rule.Name, func(t *testing.T) { rule.Check(t, s) })
	}
}

var errBroken = errors.New("broken on purpose")
