package authplugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// puppet is an authenticator whose answers the test sets.
type puppet struct {
	asked       auth.Request
	revalidated auth.Identity
	released    auth.Grant
	resp        auth.Response
	grant       auth.Grant
	err         error
	called      int
}

func (p *puppet) Authenticate(_ context.Context, req auth.Request) (auth.Response, error) {
	p.asked = req
	p.called++
	return p.resp, p.err
}

func (p *puppet) Renew(_ context.Context, grant auth.Grant) (auth.Grant, error) {
	p.asked.State = grant.Renewal
	return p.grant, p.err
}

func (p *puppet) Revalidate(_ context.Context, id auth.Identity) error {
	p.revalidated = id
	return p.err
}

func (p *puppet) Release(_ context.Context, grant auth.Grant) error {
	p.released = grant
	return p.err
}

// connected returns the puppet as a gateway sees it, through the protocol.
func connected(t *testing.T, p *puppet) auth.Authenticator {
	t.Helper()
	a, diags, end, err := InMemory(t.Context(), Kind{
		Info: auth.Info{
			Name: "puppet", Methods: []auth.Method{auth.Password, auth.PublicKey, auth.Interactive}, Revalidates: true, Releases: true,
		},
		Configure: func(Config) (auth.Authenticator, auth.Diagnostics) { return p, nil },
	}, []byte("{}"))
	if err != nil || len(diags) > 0 {
		t.Fatalf("InMemory: %v, %v", diags, err)
	}
	t.Cleanup(end)
	return a
}

// TestFieldsPass tests that every field of the contract passes through the protocol.
func TestFieldsPass(t *testing.T) {
	grant := auth.Grant{
		Endpoint: "https://swift.example.net/v1/AUTH_x", Token: "token", Expires: time.Unix(4102444800, 0),
		Region: "one", Extra: map[string]string{"a": "b"}, Renewal: []byte{0, 1, 0xff},
	}
	p := &puppet{grant: grant}
	a := connected(t, p)
	req := auth.Request{
		User: "älice", Method: auth.Interactive, Service: "ftp", SessionID: "s1",
		Remote: netip.MustParseAddrPort("192.0.2.7:1234"), Local: netip.MustParseAddrPort("[2001:db8::1]:21"), Client: "SSH-2.0-x",
		Password: "p\x00\xff", PublicKey: []byte{0, 0xff}, Verified: true, Answers: []auth.Secret{"one", "\xfe", ""}, State: []byte{7, 0},
	}
	full := auth.Identity{
		User: "alice", Groups: []string{"g", "h"}, Home: "/home/alice", Permissions: auth.Permissions(),
		Rules:  []auth.Rule{{Path: "/in", Permissions: []auth.Permission{auth.Write}}, {Path: "/closed"}},
		Limits: auth.Limits{Sessions: 1, UploadRate: 2, DownloadRate: 3, SessionBytes: 1 << 50}, CacheFor: 90 * time.Second,
		Message: "Welcome.\nThe cellar is closed on Monday.", Grant: grant,
	}
	for name, resp := range map[string]auth.Response{
		"identity": {Identity: &full},
		"smallest": {Identity: &auth.Identity{User: "alice"}},
		"step": {Next: &auth.Step{
			Methods: []auth.Method{auth.Interactive, auth.PublicKey}, Instruction: "two\nlines",
			Prompts: []auth.Prompt{{Text: "Code: ", Echo: true}, {Text: "PIN: "}}, State: []byte{1, 2},
		}},
	} {
		p.resp = resp
		got, err := a.Authenticate(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(resp, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(req, p.asked, cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y })); diff != "" {
		t.Errorf("request (-want +got)\n%s", diff)
	}
	fresh, err := a.Renew(t.Context(), grant)
	if err != nil || !cmp.Equal(fresh, grant) || !bytes.Equal(p.asked.State, grant.Renewal) {
		t.Errorf("Renew: %v, %v", fresh, err)
	}
	if err := auth.Revalidate(t.Context(), a, full); err != nil {
		t.Errorf("Revalidate: %v", err)
	}
	if diff := cmp.Diff(full, p.revalidated); diff != "" {
		t.Errorf("what is revalidated (-want +got)\n%s", diff)
	}
	if err := auth.Release(t.Context(), a, grant); err != nil || !cmp.Equal(grant, p.released) {
		t.Errorf("Release: %v, of %v", err, p.released)
	}
}

// TestUnsupported tests that a program does not get calls that it does not announce, and that it
// can report during a call that it does not support it.
func TestUnsupported(t *testing.T) {
	late := connected(t, &puppet{err: fmt.Errorf("not for this login: %w", errors.ErrUnsupported)})
	plain := fakeKind()
	never, diags, end, err := InMemory(t.Context(), plain, []byte(`{"greeting": "hello"}`))
	if err != nil || len(diags) > 0 {
		t.Fatalf("InMemory: %v, %v", diags, err)
	}
	defer end()
	for name, a := range map[string]auth.Authenticator{"late": late, "never": never} {
		err := a.(auth.Revalidator).Revalidate(t.Context(), auth.Identity{User: "alice"})
		if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: Revalidate: %v", name, err)
		}
		if err := a.(auth.Releaser).Release(t.Context(), auth.Grant{}); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: Release: %v", name, err)
		}
	}
}

// TestPromises tests that the methods of an authenticator must agree with its Info, because the
// gateway relies on Info.
func TestPromises(t *testing.T) {
	for _, c := range []struct {
		info auth.Info
		a    auth.Authenticator
		want string
	}{
		{auth.Info{Revalidates: true, Releases: true}, &puppet{}, ""},
		{auth.Info{}, &fake{}, ""},
		{auth.Info{Revalidates: true}, &puppet{}, "Info.Releases is false"},
		{auth.Info{Releases: true}, &puppet{}, "Info.Revalidates is false"},
		{auth.Info{Revalidates: true}, &fake{}, "Info.Revalidates is true"},
		{auth.Info{Releases: true}, &fake{}, "Info.Releases is true"},
	} {
		kind := Kind{Info: c.info, Configure: func(Config) (auth.Authenticator, auth.Diagnostics) { return c.a, nil }}
		_, diags := kind.configure([]byte("{}"), make([]byte, sealKeySize), 0)
		if (len(diags) > 0) != (c.want != "") || len(diags) > 0 && !strings.Contains(diags[0].Detail, c.want) {
			t.Errorf("%+v of %T: got %v, want %q", c.info, c.a, diags, c.want)
		}
	}
}

// TestUnusableAnswers tests that a login or renewal with an invalid answer fails.
func TestUnusableAnswers(t *testing.T) {
	identity := func(change func(*auth.Identity)) auth.Response {
		id := &auth.Identity{User: "alice", Grant: auth.Grant{Endpoint: "http://x/v1/a", Token: "t"}}
		change(id)
		return auth.Response{Identity: id}
	}
	step := func(change func(*auth.Step)) auth.Response {
		s := &auth.Step{Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: "Code:"}}}
		change(s)
		return auth.Response{Next: s}
	}
	long := strings.Repeat("x", maxSealed+1)
	for name, resp := range map[string]auth.Response{
		"nothing":                 {},
		"no user":                 identity(func(id *auth.Identity) { id.User = "" }),
		"control in user":         identity(func(id *auth.Identity) { id.User = "a\nb" }),
		"invalid UTF-8":           identity(func(id *auth.Identity) { id.User = "a\xff" }),
		"long user":               identity(func(id *auth.Identity) { id.User = long }),
		"control in group":        identity(func(id *auth.Identity) { id.Groups = []string{"\x1b[2J"} }),
		"groups":                  identity(func(id *auth.Identity) { id.Groups = make([]string, maxItems+1) }),
		"control in home":         identity(func(id *auth.Identity) { id.Home = "/a\x00" }),
		"unknown permission":      identity(func(id *auth.Identity) { id.Permissions = []auth.Permission{"look"} }),
		"one unknown permission":  identity(func(id *auth.Identity) { id.Permissions = []auth.Permission{auth.Read, "look"} }),
		"unknown in a rule":       identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "/a", Permissions: []auth.Permission{"look"}}} }),
		"relative rule":           identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "a"}} }),
		"rule that climbs":        identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "/a/../b"}} }),
		"rule with a slash":       identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "/a/"}} }),
		"control in a rule":       identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "/a\n"}} }),
		"a path twice":            identity(func(id *auth.Identity) { id.Rules = []auth.Rule{{Path: "/a"}, {Path: "/b"}, {Path: "/a"}} }),
		"rules":                   identity(func(id *auth.Identity) { id.Rules = make([]auth.Rule, maxItems+1) }),
		"sessions below zero":     identity(func(id *auth.Identity) { id.Limits.Sessions = -1 }),
		"upload below zero":       identity(func(id *auth.Identity) { id.Limits.UploadRate = -1 }),
		"download below zero":     identity(func(id *auth.Identity) { id.Limits.DownloadRate = -1 }),
		"bytes below zero":        identity(func(id *auth.Identity) { id.Limits.SessionBytes = -1 }),
		"cache below zero":        identity(func(id *auth.Identity) { id.CacheFor = math.MinInt64 }),
		"control in message":      identity(func(id *auth.Identity) { id.Message = "a\n\x1b[2J" }),
		"long message":            identity(func(id *auth.Identity) { id.Message = long }),
		"endpoint of a file":      identity(func(id *auth.Identity) { id.Grant.Endpoint = "file:///etc/passwd" }),
		"endpoint without a host": identity(func(id *auth.Identity) { id.Grant.Endpoint = "http:///v1" }),
		"relative endpoint":       identity(func(id *auth.Identity) { id.Grant.Endpoint = "/v1/AUTH_a" }),
		"newline in token":        identity(func(id *auth.Identity) { id.Grant.Token = "s3cr3t\r\nX-Evil: 1" }),
		"long token":              identity(func(id *auth.Identity) { id.Grant.Token = auth.Secret(long) }),
		"control in region":       identity(func(id *auth.Identity) { id.Grant.Region = "\x07" }),
		"control in extra":        identity(func(id *auth.Identity) { id.Grant.Extra = map[string]string{"a": "\n"} }),
		"long renewal":            identity(func(id *auth.Identity) { id.Grant.Renewal = []byte(long) }),
		"larger than a message":   identity(func(id *auth.Identity) { id.Grant.Renewal = make([]byte, 2*maxMessage) }),
		"step without method":     step(func(s *auth.Step) { s.Methods = nil }),
		"control in prompt":       step(func(s *auth.Step) { s.Prompts[0].Text = "\x1b]0;" }),
		"control in instruction":  step(func(s *auth.Step) { s.Instruction = "a\rb" }),
		"prompts":                 step(func(s *auth.Step) { s.Prompts = make([]auth.Prompt, maxItems+1) }),
		"long state":              step(func(s *auth.Step) { s.State = []byte(long) }),
	} {
		t.Run(name, func(t *testing.T) {
			p := &puppet{resp: resp}
			if resp.Identity != nil {
				p.grant = resp.Identity.Grant
			}
			a := connected(t, p)
			got, err := a.Authenticate(t.Context(), auth.Request{User: "alice", Method: auth.Password})
			wantUnavailable(t, "login", err)
			if got.Identity != nil || got.Next != nil {
				t.Errorf("it was passed on: %+v", got)
			}
			if text := fmt.Sprint(err); strings.Contains(text, "s3cr3t") || len(text) > 2*maxDetail {
				t.Errorf("the error shows too much: %.3000s", text)
			}
			if p.grant.Token == "t" && p.grant.Endpoint == "http://x/v1/a" && len(p.grant.Extra)+len(p.grant.Renewal)+len(p.grant.Region) == 0 || resp.Identity == nil {
				return
			}
			_, err = a.Renew(t.Context(), auth.Grant{})
			wantUnavailable(t, "renewal", err)
		})
	}
}

// TestUnfitRequests tests that invalid requests are not sent to the program.
func TestUnfitRequests(t *testing.T) {
	p := &puppet{}
	a := connected(t, p)
	for name, c := range map[string]struct {
		req  auth.Request
		want error
	}{
		"method":        {auth.Request{User: "a", Method: auth.Certificate}, auth.ErrMethod},
		"invalid UTF-8": {auth.Request{User: "\xff", Method: auth.Password}, auth.ErrInvalid},
		"long password": {auth.Request{User: "a", Method: auth.Password, Password: auth.Secret(strings.Repeat("x", maxRequest))}, auth.ErrInvalid},
		"long answers":  {auth.Request{User: "a", Method: auth.Interactive, Answers: []auth.Secret{auth.Secret(strings.Repeat("x", maxRequest))}}, auth.ErrInvalid},
	} {
		if _, err := a.Authenticate(t.Context(), c.req); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if p.called != 0 {
		t.Errorf("the program was asked %d times", p.called)
	}
}

// TestKindsPass tests that each kind of error arrives as the same kind, with its text.
func TestKindsPass(t *testing.T) {
	p := &puppet{}
	a := connected(t, p)
	for _, kind := range auth.Kinds() {
		for text, err := range map[string]error{
			kind.Error():                              kind,
			"why not: " + kind.Error():                fmt.Errorf("why not: %w", kind),
			`odd \x1b[2J` + "\uFFFD: " + kind.Error(): fmt.Errorf("odd \x1b[2J\xff: %w", kind),
		} {
			p.err = err
			_, authErr := a.Authenticate(t.Context(), auth.Request{User: "a", Method: auth.Password})
			_, renewErr := a.Renew(t.Context(), auth.Grant{})
			goneErr := auth.Revalidate(t.Context(), a, auth.Identity{})
			keptErr := auth.Release(t.Context(), a, auth.Grant{})
			for _, got := range []error{authErr, renewErr, goneErr, keptErr} {
				if !errors.Is(got, kind) || got.Error() != text {
					t.Errorf("got %q, want %q of kind %v", got, text, kind)
				}
				for _, other := range auth.Kinds() {
					if !errors.Is(other, kind) && errors.Is(got, other) {
						t.Errorf("%q is %v as well", got, other)
					}
				}
			}
		}
	}
	for _, kind := range auth.Kinds() {
		for _, c := range []struct {
			err        error
			text, want string
		}{
			{&auth.Error{Kind: kind}, "", kind.Error()},
			{&auth.Error{Kind: kind, Text: "come back tomorrow"}, "come back tomorrow", "come back tomorrow: " + kind.Error()},
			{&auth.Error{Kind: kind, Text: "a\x1bb\xff", Err: errors.New("why")}, `a\x1bb` + "\uFFFD", `why: a\x1bb` + "\uFFFD: " + kind.Error()},
			{fmt.Errorf("at dawn: %w", &auth.Error{Kind: kind, Text: "t", Err: auth.ErrInvalid}), "t", "at dawn: invalid authentication request: t: " + kind.Error()},
		} {
			p.err = c.err
			_, got := a.Authenticate(t.Context(), auth.Request{User: "a", Method: auth.Password})
			if !errors.Is(got, kind) || auth.ClientText(got) != c.text || got.Error() != c.want {
				t.Errorf("got %q with %q for the client, want %q with %q", got, auth.ClientText(got), c.want, c.text)
			}
		}
	}
	p.err = errors.New("disk on fire")
	_, err := a.Authenticate(t.Context(), auth.Request{User: "a", Method: auth.Password})
	wantUnavailable(t, "an error of no kind", err)
}

func TestRefusalOfUnknownKind(t *testing.T) {
	for _, kind := range []authv1.Refusal_Kind{authv1.Refusal_KIND_UNSPECIFIED, 99} {
		wantUnavailable(t, kind.String(), newRemote(nil, newMasks()).errorOf(&authv1.Refusal{Kind: kind}))
	}
	if n := len(refusals()); n != len(auth.Kinds()) {
		t.Errorf("%d kinds in the table, %d in core/auth", n, len(auth.Kinds()))
	}
}
