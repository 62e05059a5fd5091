package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"filegate/core/auth"
	"filegate/core/config"
	"filegate/core/gateway"
	"filegate/core/session"
)

// logIn logs a user in through a frontend, as a client does, and returns the session, which the
// caller must close. It asks for what the login needs beside the password.
func logIn(e env, g *gateway.Gateway, f *config.Frontend, user string, password auth.Secret) (*session.Session, error) {
	req := auth.Request{
		User: user, Password: password, Method: auth.Password, Service: f.Kind, SessionID: "filegate-check",
		Remote: netip.MustParseAddrPort("127.0.0.1:1"), Client: "filegate check",
	}
	for range maxLoginSteps {
		sess, step, err := g.Try(e.stop, f.Kind, f.Name, req)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: filegate login -c FILE -u USER AUTH shows each step", err)
		case sess != nil:
			return sess, nil
		case step == nil || !slices.Contains(step.Methods, auth.Interactive):
			return nil, errors.New("the password is right, but the login needs another step that only a client can do")
		}
		req.State, req.Answers, req.Method, req.Password = step.State, nil, auth.Interactive, ""
		for _, p := range step.Prompts {
			answer, err := e.askAnswer(p.Text, p.Echo)
			if err != nil {
				return nil, err
			}
			req.Answers = append(req.Answers, answer)
		}
	}
	return nil, fmt.Errorf("the login has not ended after %d steps", maxLoginSteps)
}
