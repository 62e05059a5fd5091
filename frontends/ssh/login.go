package ssh

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/session"
)

// errRefused is all that the library learns of a failed login: it makes the same answer of an unknown user and of a wrong password.
var errRefused = errors.New("login refused")

const unavailableBanner = "Nobody can log in at the moment. Please try again later.\r\n"

// login takes one client through its login, step by step, all in the goroutine of the handshake.
type login struct {
	ctx     context.Context // of the handshake: the library's callbacks bring none
	attempt func(context.Context, auth.Request) (*session.Session, *auth.Step, error)
	about   auth.Request // what is the same in every step

	step    *auth.Step // that is wanted now; nil at the beginning
	noKeys  bool       // public keys have turned out to be of no use
	session *session.Session
}

// install makes cfg ask this login. All methods are offered: which of them will do nobody knows before the user's name is known.
func (l *login) install(cfg *ssh.ServerConfig) {
	cfg.PasswordCallback = l.password
	cfg.KeyboardInteractiveCallback = l.interactive
	cfg.PublicKeyCallback = l.publicKey
	cfg.VerifiedPublicKeyCallback = l.verifiedPublicKey
}

// callbacks are the methods that a step accepts.
func (l *login) callbacks(methods []auth.Method) (next ssh.ServerAuthCallbacks) {
	if slices.Contains(methods, auth.Password) {
		next.PasswordCallback = l.password
	}
	if slices.Contains(methods, auth.Interactive) {
		next.KeyboardInteractiveCallback = l.interactive
	}
	if slices.Contains(methods, auth.PublicKey) {
		next.PublicKeyCallback = l.publicKey
	}
	return next
}

// try takes one step. With neither a step nor an error the client is in, or, for a key that is only asked about, the key would do.
func (l *login) try(meta ssh.ConnMetadata, step *auth.Step, req auth.Request) (*auth.Step, error) {
	req.Service, req.SessionID, req.Remote, req.Local = l.about.Service, l.about.SessionID, l.about.Remote, l.about.Local
	req.User, req.Client = meta.User(), string(meta.ClientVersion())
	if step != nil {
		req.State = step.State
	}
	sess, next, err := l.attempt(l.ctx, req)
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return nil, &ssh.BannerError{Err: errRefused, Message: unavailableBanner}
	case err != nil:
		l.noKeys = l.noKeys || req.Method == auth.PublicKey && errors.Is(err, auth.ErrMethod)
		return nil, errRefused
	case next != nil:
		return next, nil
	}
	l.session = sess
	return nil, nil
}

// outcome says in the library's terms what a step has led to.
func (l *login) outcome(next *auth.Step, err error) (*ssh.Permissions, error) {
	switch {
	case err != nil:
		return nil, err
	case next != nil:
		l.step = next
		return nil, &ssh.PartialSuccessError{Next: l.callbacks(next.Methods)}
	case l.session == nil:
		return nil, errRefused
	}
	return &ssh.Permissions{}, nil
}

func (l *login) password(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, auth.Request{Method: auth.Password, Password: auth.Secret(password)}))
}

// interactive asks for the password, which several clients send in this way only, or for what a step wants; and goes on asking
// as long as the answers lead to further questions.
func (l *login) interactive(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	step := l.step
	for {
		req, err := answer(step, ask)
		if err != nil {
			return nil, err
		}
		next, err := l.try(meta, step, req)
		if err != nil || next == nil || !slices.Contains(next.Methods, auth.Interactive) {
			return l.outcome(next, err)
		}
		step = next
	}
}

func answer(step *auth.Step, ask ssh.KeyboardInteractiveChallenge) (auth.Request, error) {
	if step == nil {
		answers, err := ask("", "", []string{"Password: "}, []bool{false})
		if err != nil {
			return auth.Request{}, err
		}
		return auth.Request{Method: auth.Password, Password: auth.Secret(answers[0])}, nil
	}
	texts, echos := make([]string, len(step.Prompts)), make([]bool, len(step.Prompts))
	for i, p := range step.Prompts {
		texts[i], echos[i] = p.Text, p.Echo
	}
	answers, err := ask("", step.Instruction, texts, echos)
	if err != nil {
		return auth.Request{}, err
	}
	req := auth.Request{Method: auth.Interactive}
	for _, a := range answers {
		req.Answers = append(req.Answers, auth.Secret(a))
	}
	return req, nil
}

// publicKey answers whether a key would do. Clients ask that for every key they have, before they prove anything.
func (l *login) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if l.noKeys {
		return nil, errRefused
	}
	_, err := l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: key.Marshal()})
	if err != nil {
		return nil, err
	}
	return &ssh.Permissions{}, nil
}

func (l *login) verifiedPublicKey(meta ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: key.Marshal(), Verified: true}))
}
