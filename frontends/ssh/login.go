package ssh

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
)

// errRefused is all that the library learns of a failed login: it makes the same answer of an
// unknown user and of a wrong password.
var errRefused = errors.New("login refused")

// maxFailures is how often a client may fail to prove who it is. Keys that are only asked about do
// not count: an agent may have many.
const maxFailures = 6

const (
	// maxUser, maxPassword and maxKey are the longest user name, password or answer, and public key
	// or certificate that are looked at, in bytes.
	maxUser     = 256
	maxPassword = 1024
	maxKey      = 16 << 10
	// maxKeys is how many keys a client may ask about on one connection, and freeKeys how many of
	// them are answered at once when they are refused: the answer to each further one takes
	// keyDelay.
	maxKeys  = 40
	freeKeys = 10
	keyDelay = 500 * time.Millisecond
)

const (
	unavailableBanner = "Logins are not possible at the moment. Please try again later."
	failuresBanner    = "Too many failed logins on this connection."
	keysBanner        = "Too many keys on this connection. Set your client to offer only the right key (OpenSSH: IdentitiesOnly=yes)."
)

// login takes one client through its login, step by step, all in the goroutine of the handshake.
type login struct {
	ctx     context.Context // of the handshake: the library's callbacks bring none
	attempt func(context.Context, auth.Request) (*session.Session, *auth.Step, error)
	// unproved tells of a wrong signature.
	unproved func(context.Context, auth.Request)
	about    auth.Request // what is the same in every step
	methods  []auth.Method
	hangUp   func()
	show     func(banner string) error

	step     *auth.Step // that is wanted now; nil at the beginning
	asked    asked
	shown    string // the last banner
	failures int
	keys     int           // questions about keys, each key counted once
	refused  int           // of them, those that were answered with no
	proving  *auth.Request // the key that would do, as long as the client has neither proved that it has it nor gone on to something else
	user     string        // the last name, and the client's program, for the log
	client   string
	session  *session.Session
}

// asked is what has been answered about the keys of one user in one step. The library remembers one
// key only, and clients ask about all that they have before they use one.
type asked struct {
	user   string
	step   *auth.Step
	keys   map[keyHash]error
	noKeys bool // none will do, whichever it is
}

// keyHash stands for a key: the keys themselves are as large as a client likes.
type keyHash [sha256.Size]byte

// install makes cfg ask this login, by the methods that some authenticator has. Which of them will
// do for whom nobody knows before the user's name is known.
func (l *login) install(cfg *ssh.ServerConfig) {
	next := l.callbacks(l.methods)
	cfg.PasswordCallback = next.PasswordCallback
	cfg.KeyboardInteractiveCallback = next.KeyboardInteractiveCallback
	cfg.PublicKeyCallback = next.PublicKeyCallback
	cfg.VerifiedPublicKeyCallback = l.verifiedPublicKey
	cfg.AuthLogCallback = func(ssh.ConnMetadata, string, error) { l.proving = nil } // an attempt has ended; that a key would do ends none
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

// try takes one step. With neither a step nor an error the client is in, or, where it has proved
// nothing yet, may go on to do so.
func (l *login) try(meta ssh.ConnMetadata, step *auth.Step, req auth.Request) (*auth.Step, error) {
	req = l.request(meta, req)
	if step != nil {
		req.State = step.State
	}
	if tooLong(req) {
		return nil, errTooLong
	}
	sess, next, err := l.attempt(l.ctx, req)
	if err != nil {
		return nil, err
	}
	l.session = sess
	return next, nil
}

// request completes a request with what is the same in all of this login.
func (l *login) request(meta ssh.ConnMetadata, req auth.Request) auth.Request {
	req.Service, req.SessionID, req.Remote, req.Local = l.about.Service, l.about.SessionID, l.about.Remote, l.about.Local
	req.User, req.Client = meta.User(), string(meta.ClientVersion())
	l.user, l.client = req.User[:min(len(req.User), maxUser)], req.Client
	return req
}

// errTooLong refuses what nobody's name or password is, before anybody logs it, remembers it or
// hands it on.
var errTooLong = fmt.Errorf("a name, password or key that is too long: %w", auth.ErrInvalid)

func tooLong(req auth.Request) bool {
	return len(req.User) > maxUser || len(req.Password) > maxPassword || len(req.PublicKey) > maxKey ||
		slices.ContainsFunc(req.Answers, func(a auth.Secret) bool { return len(a) > maxPassword })
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

// lines is a text as a terminal can take it: line by line, and with no control characters but those
// between the lines.
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

// interactive asks what the authenticator wants to know, and goes on asking as long as the answers
// lead to further questions.
func (l *login) interactive(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	step := l.step
	if step == nil {
		first, err := l.try(meta, nil, auth.Request{Method: auth.Interactive})
		switch {
		case errors.Is(err, auth.ErrUnavailable):
			return l.outcome(nil, err)
		case err != nil || first == nil || !slices.Contains(first.Methods, auth.Interactive):
			// Nobody has a question for this user, who may have a password or be nobody's: which of
			// them must not show.
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

// publicKey answers whether a key would do. Clients ask that for every key they have, before they
// prove anything.
func (l *login) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	wire := key.Marshal() // of a certificate too
	err := l.wouldDo(meta, wire)
	if err != nil {
		return nil, errRefused
	}
	proof := l.request(meta, auth.Request{Method: auth.PublicKey, PublicKey: wire, Verified: true})
	l.proving = &proof
	return &ssh.Permissions{}, nil
}

// wouldDo asks about a key, once.
func (l *login) wouldDo(meta ssh.ConnMetadata, wire []byte) error {
	if l.asked.user != meta.User() || l.asked.step != l.step || l.asked.keys == nil {
		l.asked = asked{user: meta.User(), step: l.step, keys: map[keyHash]error{}}
	}
	hash := keyHash(sha256.Sum256(wire))
	err, known := l.asked.keys[hash]
	switch {
	case known:
		return err
	case l.asked.noKeys:
		return errRefused
	case l.keys >= maxKeys:
		l.banner(keysBanner)
		l.hangUp()
		return errRefused
	}
	l.keys++
	_, err = l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: wire})
	l.asked.noKeys = errors.Is(err, auth.ErrMethod)
	if errors.Is(err, auth.ErrUnavailable) {
		l.unavailable(err)
		return err
	}
	l.asked.keys[hash] = err
	if err != nil {
		l.refusedKey()
	}
	return err
}

// refusedKey lets a client wait that asks about one key after another: to find out whose key is
// known where is no client's business.
func (l *login) refusedKey() {
	l.refused++
	if l.refused <= freeKeys {
		return
	}
	wait := time.NewTimer(keyDelay)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-l.ctx.Done():
	}
}

// notProved reports whether a login has ended by a wrong signature under a key that would do. The
// library has no error of its own for that: it is what is left, when the connection had not ended,
// and the last that was said to the client is that the key would do.
func (l *login) notProved(err error) bool {
	if l.proving == nil {
		return false
	}
	_, ended := errors.AsType[*ssh.ServerAuthError](err) // by the client, in good order
	_, broken := errors.AsType[net.Error](err)
	return !ended && !broken && !asksForServiceAgain(err) && !errors.Is(err, errTooMuchBeforeLogin) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed)
}

// unprovedTimeout bounds how long it may take to count a wrong signature.
const unprovedTimeout = 10 * time.Second

// tellUnproved counts a wrong signature as a failed login, also if the client has hung up.
func (l *login) tellUnproved() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), unprovedTimeout)
	defer cancel()
	l.unproved(ctx, *l.proving)
}

// asksForServiceAgain reports whether the library has ended a login because the client asked for
// the service of user authentication a second time, as paramiko does before each attempt. RFC 4252
// does not forbid that, and the library has no way to take it.
func asksForServiceAgain(err error) bool {
	return err != nil && strings.Contains(err.Error(), "unexpected message type 5 ")
}

// ending returns how the connection has ended whose handshake has failed with err.
func (l *login) ending(err error) frontend.Ending {
	_, timeout := errors.AsType[net.Error](err)
	switch {
	case l.session != nil, l.failures > 0, l.proving != nil: // what failed is counted as a login
		return frontend.EndedFine
	case errors.Is(l.ctx.Err(), context.DeadlineExceeded), timeout && errors.Is(err, os.ErrDeadlineExceeded):
		return frontend.EndedTimeout
	case l.refused > 0:
		return frontend.EndedProbing
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed), asksForServiceAgain(err):
		return frontend.EndedNoLogin
	}
	if _, tried := errors.AsType[*ssh.ServerAuthError](err); tried {
		return frontend.EndedNoLogin
	}
	return frontend.EndedHandshake
}

// verifiedPublicKey is called when the client has proved that it has a key which would do.
func (l *login) verifiedPublicKey(meta ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: key.Marshal(), Verified: true}))
}
