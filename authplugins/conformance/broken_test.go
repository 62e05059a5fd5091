package conformance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/authplugins/conformance"
	"filegate/core/auth"
)

// TestBroken checks that each rule finds violations: for each rule there is an authenticator that
// breaks it.
func TestBroken(t *testing.T) {
	answering := func(change func(m *model, ctx context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error)) func(*model, *conformance.Subject) {
		return func(m *model, _ *conformance.Subject) {
			m.authenticate = func(ctx context.Context, req auth.Request) (auth.Response, error) {
				resp, err := m.login(ctx, req)
				return change(m, ctx, req, resp, err)
			}
		}
	}
	breaks := []struct {
		rule, how string
		apply     func(*model, *conformance.Subject)
	}{
		{"it says what it is", "no name", func(_ *model, s *conformance.Subject) { s.Info.Name = "" }},
		{"it says what it is", "no version", func(_ *model, s *conformance.Subject) { s.Info.Version = "" }},
		{"it says what it is", "no methods", func(_ *model, s *conformance.Subject) { s.Info.Methods = nil }},
		{"it says what it is", "odd attribute", func(_ *model, s *conformance.Subject) {
			s.Info.Schema = auth.Schema{{Name: "Odd-Name", Type: auth.TypeString, Doc: "x"}}
		}},
		{"it says what it is", "no doc", func(_ *model, s *conformance.Subject) {
			s.Info.Schema = auth.Schema{{Name: "a", Type: auth.TypeString}}
		}},
		{"it says what it is", "twice", func(_ *model, s *conformance.Subject) { s.Info.Schema = append(s.Info.Schema, s.Info.Schema[0]) }},
		{"it says what it is", "required and default", func(_ *model, s *conformance.Subject) { s.Info.Schema[0].Default = "x" }},
		{"it says what it is", "secret bool", func(_ *model, s *conformance.Subject) {
			s.Info.Schema = auth.Schema{{Name: "a", Type: auth.TypeBool, Secret: true, Doc: "x"}}
		}},
		{"a login that is right opens", "refused", answering(func(*model, context.Context, auth.Request, auth.Response, error) (auth.Response, error) {
			return auth.Response{}, auth.ErrDenied
		})},
		{"a login that is right opens", "neither", answering(func(*model, context.Context, auth.Request, auth.Response, error) (auth.Response, error) {
			return auth.Response{}, nil
		})},
		{"a login that is right opens", "asks for ever", answering(func(m *model, _ context.Context, req auth.Request, _ auth.Response, _ error) (auth.Response, error) {
			return m.ask(req.User, 1, "Password: ")
		})},
		{"a login that is right opens", "asks for what nobody has", answering(func(*model, context.Context, auth.Request, auth.Response, error) (auth.Response, error) {
			return auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Certificate}}}, nil
		})},
		{"a login that is right opens", "no user", identityWith(func(id *auth.Identity) { id.User = "" })},
		{"a login that is right opens", "no endpoint", identityWith(func(id *auth.Identity) { id.Grant.Endpoint = "" })},
		{"a login that is right opens", "ended", identityWith(func(id *auth.Identity) { id.Grant.Expires = time.Now().Add(-time.Hour) })},
		{"a wrong password is denied", "prefix", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.Password && req.User == "alice" && strings.HasPrefix(req.Password.Reveal(), secret) {
				return m.open()
			}
			return resp, err
		})},
		{"a wrong password is denied", "unknown", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if err != nil && req.Method == auth.Password {
				return resp, auth.ErrUnknownUser
			}
			return resp, err
		})},
		{"an unknown user is unknown or denied", "unavailable", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.User == "nobody" {
				return resp, auth.ErrUnavailable
			}
			return resp, err
		})},
		{"an unknown user and a wrong password look the same to the client", "text", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.User == "nobody" {
				return resp, &auth.Error{Kind: auth.ErrUnknownUser, Text: "who is that?"}
			}
			return resp, err
		})},
		{"an empty user or password is denied unasked", "asked", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			m.requests.Add(1)
			return resp, err
		})},
		{"an empty user or password is denied unasked", "anonymous", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.Password && req.Password == "" {
				return m.open()
			}
			return resp, err
		})},
		{"odd characters open nothing and break nothing", "percent", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if strings.Contains(req.User, "%") {
				return resp, errBroken
			}
			return resp, err
		})},
		{"a key may be asked about before it is proved", "refused", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.PublicKey && !req.Verified {
				return auth.Response{}, auth.ErrDenied
			}
			return resp, err
		})},
		{"a key may be asked about before it is proved", "every key would do", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.PublicKey && !req.Verified {
				return m.open()
			}
			return resp, err
		})},
		{"a wrong key opens nothing", "every key does", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.PublicKey && req.Verified && req.User == "alice" {
				return m.open()
			}
			return resp, err
		})},
		{"a wrong key opens nothing", "for everybody", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.PublicKey && slices.Equal(req.PublicKey, key) {
				return m.open()
			}
			return resp, err
		})},
		{"wrong answers open nothing", "empty ones do", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.Interactive && len(req.Answers) == 1 && req.Answers[0] == "" {
				return m.open()
			}
			return resp, err
		})},
		{"a state that was tampered with opens nothing", "any user", answering(func(m *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.Interactive && len(req.Answers) == 1 && req.Answers[0] == secret {
				return m.open()
			}
			return resp, err
		})},
		{"another method is not supported", "denied", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if req.Method == auth.Certificate {
				return resp, auth.ErrDenied
			}
			return resp, err
		})},
		{"a call ends with its context", "it does not care", answering(func(m *model, _ context.Context, req auth.Request, _ auth.Response, _ error) (auth.Response, error) {
			return m.login(context.Background(), req)
		})},
		{"logins are concurrent", "one at a time", func(m *model, _ *conformance.Subject) {
			busy := make(chan struct{}, 1)
			both := make(chan struct{})
			m.authenticate = func(ctx context.Context, req auth.Request) (auth.Response, error) {
				select {
				case busy <- struct{}{}:
				default:
					// The second login to arrive lets the first one continue.
					select {
					case both <- struct{}{}:
					default:
					}
					return auth.Response{}, auth.ErrUnavailable
				}
				select {
				case <-both:
				case <-time.After(10 * time.Millisecond): // the only login
				}
				<-busy
				return m.login(ctx, req)
			}
		}},
		{"a grant is renewed, or not at all", "elsewhere", func(m *model, _ *conformance.Subject) {
			m.renew = func(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
				grant.Endpoint = "http://elsewhere/"
				return grant, nil
			}
		}},
		{"a grant is renewed, or not at all", "refused", func(m *model, _ *conformance.Subject) {
			m.renew = func(context.Context, auth.Grant) (auth.Grant, error) { return auth.Grant{}, auth.ErrDenied }
		}},
		{"a grant is renewed, or not at all", "without a renewal", func(m *model, s *conformance.Subject) {
			identityWith(func(id *auth.Identity) { id.Grant.Renewal = nil })(m, s)
			m.renew = func(context.Context, auth.Grant) (auth.Grant, error) { return auth.Grant{}, auth.ErrUnavailable }
		}},
		{"a renewal that cannot be opened is unavailable", "any will do", func(m *model, _ *conformance.Subject) {
			m.renew = func(_ context.Context, grant auth.Grant) (auth.Grant, error) { return grant, nil }
		}},
		{"a renewal outlives the program", "sealed with another key", func(_ *model, s *conformance.Subject) {
			s.Again = func(context.Context) (auth.Authenticator, error) {
				return &model{renew: func(context.Context, auth.Grant) (auth.Grant, error) { return auth.Grant{}, auth.ErrDenied }}, nil
			}
		}},
		{"a renewal outlives the program", "no second start", func(_ *model, s *conformance.Subject) {
			s.Again = func(context.Context) (auth.Authenticator, error) { return nil, errBroken }
		}},
		{"what is still good is revalidated", "denied", func(m *model, _ *conformance.Subject) {
			m.revalidate = func(context.Context, auth.Identity) error { return auth.ErrDenied }
		}},
		{"a grant can be given back twice", "once", func(m *model, _ *conformance.Subject) {
			released := map[string]bool{}
			m.release = func(_ context.Context, grant auth.Grant) error {
				if released[string(grant.Renewal)] {
					return auth.ErrInvalid
				}
				released[string(grant.Renewal)] = true
				return nil
			}
		}},
		{"secrets stay out of errors and dumps", "in an error", answering(func(_ *model, _ context.Context, req auth.Request, resp auth.Response, err error) (auth.Response, error) {
			if err != nil {
				err = fmt.Errorf("%q: %w", req.Password.Reveal(), err)
			}
			return resp, err
		})},
		{"secrets stay out of errors and dumps", "in the renewal", identityWith(func(id *auth.Identity) { id.Grant.Renewal = []byte("alice:" + secret) })},
		{"secrets stay out of errors and dumps", "as the user", identityWith(func(id *auth.Identity) { id.User = secret })},
		{"the program ends with its host", "it does not", func(_ *model, s *conformance.Subject) {
			s.EndsWithHost = func(context.Context) error { return errBroken }
		}},
	}
	found := map[string]bool{}
	for _, b := range breaks {
		t.Run(b.rule+"/"+b.how, func(t *testing.T) {
			m, s := newModel(t)
			b.apply(m, &s)
			i := slices.IndexFunc(conformance.Rules(), func(r conformance.Rule) bool { return r.Name == b.rule })
			if i < 0 {
				t.Fatalf("there is no rule %q", b.rule)
			}
			if result := conformance.Rules()[i].Run(t.Context(), s); len(result.Failures) == 0 {
				t.Errorf("it passes: %+v", result)
			}
			found[b.rule] = true
		})
	}
	for _, r := range conformance.Rules() {
		if !found[r.Name] {
			t.Errorf("no authenticator breaks the rule %q", r.Name)
		}
	}
}

// identityWith changes the identity of logins.
func identityWith(change func(*auth.Identity)) func(*model, *conformance.Subject) {
	return func(m *model, _ *conformance.Subject) {
		m.authenticate = func(ctx context.Context, req auth.Request) (auth.Response, error) {
			resp, err := m.login(ctx, req)
			if resp.Identity != nil {
				change(resp.Identity)
			}
			return resp, err
		}
	}
}

// TestLacking checks that rules are not checked, and say why, if the subject lacks their data.
func TestLacking(t *testing.T) {
	_, full := newModel(t)
	checked := func(s conformance.Subject) (n int) {
		for _, r := range conformance.Rules() {
			if result := r.Run(t.Context(), s); result.Lacking == "" {
				n++
			} else if len(result.Failures) > 0 {
				t.Errorf("%+v", result)
			}
		}
		return n
	}
	if n, all := checked(full), len(conformance.Rules()); n != all {
		t.Errorf("%d of %d rules were checked", n, all)
	}
	if n := checked(conformance.Subject{Info: full.Info, Authenticator: full.Authenticator}); n != 1 {
		t.Errorf("%d rules were checked of one of which nothing is known, want 1", n)
	}
}
