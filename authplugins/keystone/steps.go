package keystone

import (
	"context"
	"fmt"

	"filegate/core/auth"
)

// step returns a response that asks the client for an answer.
func (at *attempt) step(s state, instruction string, prompt auth.Prompt) (auth.Response, error) {
	s.Session = at.session
	sealed, err := at.states.seal(s)
	if err != nil {
		return auth.Response{}, err
	}
	return auth.Response{Next: &auth.Step{
		Methods: []auth.Method{auth.Interactive}, Instruction: instruction, Prompts: []auth.Prompt{prompt}, State: sealed,
	}}, nil
}

// goOn continues a login with the answer to a step.
func (a *Authenticator) goOn(ctx context.Context, req auth.Request) (auth.Response, error) {
	s, err := a.states.open(req.State, req.SessionID, req.User)
	if err != nil {
		return auth.Response{}, err
	}
	if len(req.Answers) != 1 {
		return auth.Response{}, fmt.Errorf("%d answers to one question: %w", len(req.Answers), auth.ErrInvalid)
	}
	answer := req.Answers[0].Reveal()
	at := &attempt{Authenticator: a, login: s.Login, credential: s.Account, session: req.SessionID, via: req.Service}
	if s.Receipt == nil {
		return at.chosen(ctx, s, answer)
	}
	code := withoutSpaces(answer)
	if code == "" || len(code) > maxCode {
		return auth.Response{}, fmt.Errorf("a code of %d characters: %w", len(code), auth.ErrDenied)
	}
	got, err := at.giveCode(ctx, *s.Receipt, code)
	if err != nil {
		return auth.Response{}, err
	}
	return at.entered(ctx, got)
}
