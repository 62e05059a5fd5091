package conformance

import (
	"bytes"
	"fmt"

	"filegate/core/auth"
)

func hasPrompts(s Subject) bool {
	for _, l := range s.Logins {
		if l.Answer != nil {
			return true
		}
	}
	return false
}

// prompted returns the logins with prompts, each with the request that answers its first prompts
// correctly.
func prompted(t T, s Subject) map[*Login]auth.Request {
	t.Helper()
	all := map[*Login]auth.Request{}
	for i := range s.Logins {
		l := &s.Logins[i]
		if l.Answer == nil {
			continue
		}
		resp, err := s.Authenticator.Authenticate(t.Context(), l.Request())
		if err != nil || resp.Next == nil {
			t.Fatalf("the first step of a login by %s: got %v, want prompts", l.Method, err)
		}
		req, ok := l.next(l.Request(), *resp.Next)
		if !ok || req.Method != auth.Interactive {
			continue // the prompts are in a later step
		}
		all[l] = req
	}
	return all
}

// wantNothing fails if the request completes the login. A further step is accepted.
func wantNothing(t T, s Subject, what string, req auth.Request) {
	t.Helper()
	resp, err := s.Authenticator.Authenticate(t.Context(), req)
	switch {
	case resp.Identity != nil:
		t.Errorf("%s: it went through", what)
	case err != nil:
		wantKind(t, what, err, auth.ErrDenied, auth.ErrUnknownUser, auth.ErrInvalid)
	}
}

func checkWrongAnswers(t T, s Subject) {
	for l, right := range prompted(t, s) {
		for name, answers := range map[string][]auth.Secret{
			"no answers":       nil,
			"empty answers":    make([]auth.Secret, len(right.Answers)),
			"too many answers": append(make([]auth.Secret, 100), right.Answers...),
			"a wrong answer":   {"wr0ng"},
			"invalid UTF-8":    {"\xff\x00"},
		} {
			wrong := right
			wrong.Answers = answers
			wantNothing(t, s, name, wrong)
		}
		mustLogin(t, s, *l)
	}
}

// checkState checks states that were changed, or that belong to the login of another user. The
// gateway keeps the state itself and shows it to no client, but authors should not have to rely on
// that.
func checkState(t T, s Subject) {
	for l, right := range prompted(t, s) {
		if s.Unknown != "" {
			other := right
			other.User = s.Unknown
			wantNothing(t, s, "the state of another user's login", other)
		}
		if len(right.State) == 0 {
			continue
		}
		for _, i := range []int{0, len(right.State) / 2, len(right.State) - 1} {
			changed := right
			changed.State = bytes.Clone(right.State)
			changed.State[i] ^= 1
			wantNothing(t, s, fmt.Sprintf("a state with byte %d changed", i), changed)
		}
		cut := right
		cut.State = right.State[:len(right.State)-1]
		wantNothing(t, s, "a state that was cut", cut)
		mustLogin(t, s, *l)
	}
}
