package ssh

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// errRefused is all that the library learns of a failed login: it makes the same answer of an unknown user and of a wrong password.
var errRefused = errors.New("login refused")

// maxFailures is how often a client may fail to prove who it is. Keys that are only asked about do not count: an agent may have many.
const maxFailures = 6

const (
	unavailableBanner = "Nobody can log in at the moment. Please try again later."
	failuresBanner    = "Too many failed logins on this connection."
)

// login takes one client through its login, step by step, all in the goroutine of the handshake.
type login struct {
	ctx     context.Context // of the handshake: the library's callbacks bring none
	attempt func(context.Context, auth.Request) (*session.Session, *auth.Step, error)
	about   auth.Request // what is the same in every step
	methods []auth.Method
	hangUp  func()
	show    func(banner string) error

	step     *auth.Step // that is wanted now; nil at the beginning
	asked    asked
	shown    string // the last banner
	failures int
	session  *session.Session
}

// asked is what has been answered about the keys of one user in one step. The library remembers one key only, and clients ask about all that they
// have before they use one.
type asked struct {
	user   string
	step   *auth.Step
	keys   map[string]error
	noKeys bool // none will do, whichever it is
}

// install makes cfg ask this login, by the methods that some authenticator has. Which of them will do for whom nobody knows before the user's name is known.
func (l *login) install(cfg *ssh.ServerConfig) {
	next := l.callbacks(l.methods)
	cfg.PasswordCallback = next.PasswordCallback
	cfg.KeyboardInteractiveCallback = next.KeyboardInteractiveCallback
	cfg.PublicKeyCallback = next.PublicKeyCallback
	cfg.VerifiedPublicKeyCallback = l.verifiedPublicKey
	cfg.PreAuthConnCallback = func(c ssh.ServerPreAuthConn) { l.show = c.SendAuthBanner }
}

// callbacks are the library's for the methods.
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

func noneOf(c ssh.ServerAuthCallbacks) bool {
	return c.PasswordCallback == nil && c.KeyboardInteractiveCallback == nil && c.PublicKeyCallback == nil
}

// try takes one step. With neither a step nor an error the client is in, or, where it has proved nothing yet, may go on to do so.
func (l *login) try(meta ssh.ConnMetadata, step *auth.Step, req auth.Request) (*auth.Step, error) {
	req.Service, req.SessionID, req.Remote, req.Local = l.about.Service, l.about.SessionID, l.about.Remote, l.about.Local
	req.User, req.Client = meta.User(), string(meta.ClientVersion())
	if step != nil {
		req.State = step.State
	}
	sess, next, err := l.attempt(l.ctx, req)
	if err != nil {
		return nil, err
	}
	l.session = sess
	return next, nil
}

// outcome says in the library's terms what a proof has led to.
func (l *login) outcome(next *auth.Step, err error) (*ssh.Permissions, error) {
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		l.unavailable(err)
		return nil, errRefused
	case err != nil || next == nil && l.session == nil:
		l.banner(auth.ClientText(err))
		l.failed()
		return nil, errRefused
	case next == nil:
		l.banner(l.session.Message())
		return &ssh.Permissions{}, nil
	}
	callbacks := l.callbacks(next.Methods)
	if noneOf(callbacks) { // a client that hears "partial success" and has nothing to go on with learns that a guess was right
		l.failed()
		return nil, errRefused
	}
	if callbacks.KeyboardInteractiveCallback == nil {
		l.banner(next.Instruction)
	}
	l.step = next
	// The library looks for this very type, and wants no permissions with it.
	return nil, &ssh.PartialSuccessError{Next: callbacks}
}

// failed counts a proof that was none, and hangs up on who has had his chances.
func (l *login) failed() {
	l.failures++
	if l.failures >= maxFailures {
		l.banner(failuresBanner)
		l.hangUp()
	}
}

func (l *login) unavailable(err error) { l.banner(cmp.Or(auth.ClientText(err), unavailableBanner)) }

// banner shows a text to the client, on lines of its own, and the same one not twice in a row.
func (l *login) banner(text string) {
	if text == "" || text == l.shown || l.show == nil {
		return
	}
	l.shown = text
	_ = l.show(lines(text)) // a connection that has broken shows itself to the library
}

// lines is a text as a terminal can take it: line by line, and with no control characters but those between the lines.
func lines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(vfs.EscapeControl(strings.TrimRight(line, "\r\n")))
		b.WriteString("\r\n")
	}
	return b.String()
}

func (l *login) password(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, passwordRequest(string(password))))
}

func passwordRequest(password string) auth.Request {
	return auth.Request{Method: auth.Password, Password: auth.Secret(password)}
}

// interactive asks what the authenticator wants to know, and goes on asking as long as the answers lead to further questions.
func (l *login) interactive(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	step := l.step
	if step == nil {
		first, err := l.try(meta, nil, auth.Request{Method: auth.Interactive})
		switch {
		case errors.Is(err, auth.ErrUnavailable):
			return l.outcome(nil, err)
		case err != nil || first == nil || !slices.Contains(first.Methods, auth.Interactive):
			// Nobody has a question for this user, who may have a password or be nobody's: which of them must not show.
			return l.askPassword(meta, ask)
		}
		step = first
	}
	return l.rounds(meta, step, ask)
}

func (l *login) askPassword(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	answers, err := ask("", "", []string{"Password: "}, []bool{false})
	if err != nil {
		return nil, err
	}
	next, err := l.try(meta, nil, passwordRequest(answers[0]))
	if err != nil || next == nil || !slices.Contains(next.Methods, auth.Interactive) {
		return l.outcome(next, err)
	}
	return l.rounds(meta, next, ask)
}

func (l *login) rounds(meta ssh.ConnMetadata, step *auth.Step, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	for {
		texts, echos := make([]string, len(step.Prompts)), make([]bool, len(step.Prompts))
		for i, p := range step.Prompts {
			texts[i], echos[i] = p.Text, p.Echo
		}
		given, err := ask("", step.Instruction, texts, echos)
		if err != nil {
			return nil, err
		}
		req := auth.Request{Method: auth.Interactive, Answers: make([]auth.Secret, len(given))}
		for i, a := range given {
			req.Answers[i] = auth.Secret(a)
		}
		next, err := l.try(meta, step, req)
		if err != nil || next == nil || !slices.Contains(next.Methods, auth.Interactive) {
			return l.outcome(next, err)
		}
		step = next
	}
}

// publicKey answers whether a key would do. Clients ask that for every key they have, before they prove anything.
func (l *login) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if l.asked.user != meta.User() || l.asked.step != l.step || l.asked.keys == nil {
		l.asked = asked{user: meta.User(), step: l.step, keys: map[string]error{}}
	}
	wire := string(key.Marshal()) // of a certificate too
	err, known := l.asked.keys[wire]
	if !known && !l.asked.noKeys {
		_, err = l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: []byte(wire)})
		l.asked.noKeys = errors.Is(err, auth.ErrMethod)
		if errors.Is(err, auth.ErrUnavailable) {
			l.unavailable(err)
		} else {
			l.asked.keys[wire] = err
		}
	}
	if err != nil || l.asked.noKeys {
		return nil, errRefused
	}
	return &ssh.Permissions{}, nil
}

// verifiedPublicKey is called when the client has proved that it has a key which would do.
func (l *login) verifiedPublicKey(meta ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: key.Marshal(), Verified: true}))
}
