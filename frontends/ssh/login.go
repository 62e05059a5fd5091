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

// errRefused is the only error of a failed login that the library gets, so that the answers for an
// unknown user and for a wrong password are the same.
var errRefused = errors.New("login refused")

// maxFailures is how many proofs of a client may fail. Questions about keys do not count, because
// an agent may have many keys.
const maxFailures = 6

const (
	// maxUser, maxPassword and maxKey are the limits in bytes for a user name, for a password or an
	// answer, and for a public key or certificate. Longer ones are refused.
	maxUser     = 256
	maxPassword = 1024
	maxKey      = 16 << 10
	// maxKeys is how many keys a client may ask about on one connection. The first freeKeys
	// refusals are sent at once; each further one is delayed by keyDelay.
	maxKeys  = 40
	freeKeys = 10
	keyDelay = 500 * time.Millisecond
)

const (
	unavailableBanner = "Logins are not possible at the moment. Please try again later."
	failuresBanner    = "Too many failed logins on this connection."
	keysBanner        = "Too many keys on this connection. Set your client to offer only the right key (OpenSSH: IdentitiesOnly=yes)."
)

// login logs one client in. All of its steps run in the goroutine of the handshake.
type login struct {
	ctx     context.Context // of the handshake; the library's callbacks have none
	attempt func(context.Context, auth.Request) (*session.Session, *auth.Step, error)
	// unproved reports a wrong signature.
	unproved func(context.Context, auth.Request)
	about    auth.Request // the fields that all steps have in common
	methods  []auth.Method
	hangUp   func()
	show     func(banner string) error

	step     *auth.Step // the step that is required now; nil at the beginning
	asked    asked
	shown    string // the last banner
	failures int
	keys     int           // number of different keys that were asked about
	refused  int           // number of those that were refused
	proving  *auth.Request // the accepted key that the client may prove next; nil after any other attempt
	user     string        // the last name; like client, for the log
	client   string
	session  *session.Session
}

// asked holds the answers about the keys of one user in one step. The library remembers only one
// key, but clients ask about all of their keys before they use one.
type asked struct {
	user   string
	step   *auth.Step
	keys   map[keyHash]error
	noKeys bool // no key is acceptable
}

// keyHash identifies a key. It is small, while clients may send large keys.
type keyHash [sha256.Size]byte

// install sets the callbacks of cfg for the methods that some authenticator supports. Which methods
// a user has is not known before the user's name.
func (l *login) install(cfg *ssh.ServerConfig) {
	next := l.callbacks(l.methods)
	cfg.PasswordCallback = next.PasswordCallback
	cfg.KeyboardInteractiveCallback = next.KeyboardInteractiveCallback
	cfg.PublicKeyCallback = next.PublicKeyCallback
	cfg.VerifiedPublicKeyCallback = l.verifiedPublicKey
	// called when an attempt has ended, but not after the answer that a key is acceptable
	cfg.AuthLogCallback = func(ssh.ConnMetadata, string, error) { l.proving = nil }
	cfg.PreAuthConnCallback = func(c ssh.ServerPreAuthConn) { l.show = c.SendAuthBanner }
}

// callbacks returns the library's callbacks for the methods.
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

// try takes one step. If it returns neither a step nor an error, the client is logged in, or the
// key that it has asked about is acceptable.
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

// request adds the fields to a request that all requests of this login have in common.
func (l *login) request(meta ssh.ConnMetadata, req auth.Request) auth.Request {
	req.Service, req.SessionID, req.Remote, req.Local = l.about.Service, l.about.SessionID, l.about.Remote, l.about.Local
	req.User, req.Client = meta.User(), string(meta.ClientVersion())
	l.user, l.client = req.User[:min(len(req.User), maxUser)], req.Client
	return req
}

// errTooLong refuses a name, password or key that is too long, before it is logged, remembered or
// passed on.
var errTooLong = fmt.Errorf("a name, password or key that is too long: %w", auth.ErrInvalid)

func tooLong(req auth.Request) bool {
	return len(req.User) > maxUser || len(req.Password) > maxPassword || len(req.PublicKey) > maxKey ||
		slices.ContainsFunc(req.Answers, func(a auth.Secret) bool { return len(a) > maxPassword })
}

// outcome translates the result of a proof for the library.
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
	// "partial success" without a method to continue with would tell the client that its guess was
	// right
	if noneOf(callbacks) {
		l.failed()
		return nil, errRefused
	}
	if callbacks.KeyboardInteractiveCallback == nil {
		l.banner(next.Instruction)
	}
	l.step = next
	// The library looks for exactly this type, and requires that the permissions are nil.
	return nil, &ssh.PartialSuccessError{Next: callbacks}
}

// failed counts a failed proof, and disconnects the client after maxFailures.
func (l *login) failed() {
	l.failures++
	if l.failures >= maxFailures {
		l.banner(failuresBanner)
		l.hangUp()
	}
}

func (l *login) unavailable(err error) { l.banner(cmp.Or(auth.ClientText(err), unavailableBanner)) }

// banner shows a text to the client, on lines of its own. It does not repeat the last text.
func (l *login) banner(text string) {
	if text == "" || text == l.shown || l.show == nil {
		return
	}
	l.shown = text
	_ = l.show(lines(text)) // the library will notice a broken connection
}

// lines returns a text for a terminal, with CRLF line ends and all other control characters
// escaped.
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

// interactive asks the authenticator's questions, and continues as long as the answers lead to
// further questions.
func (l *login) interactive(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	step := l.step
	if step == nil {
		first, err := l.try(meta, nil, auth.Request{Method: auth.Interactive})
		switch {
		case errors.Is(err, auth.ErrUnavailable):
			return l.outcome(nil, err)
		case err != nil || first == nil || !slices.Contains(first.Methods, auth.Interactive):
			// No authenticator has a question for this user. The user may have a password or may
			// not exist, and the client must not see which.
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

// publicKey answers whether a key is acceptable. Clients ask this for all of their keys before they
// prove one.
func (l *login) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	wire := key.Marshal() // for a certificate: the certificate
	err := l.wouldDo(meta, wire)
	if err != nil {
		return nil, errRefused
	}
	proof := l.request(meta, auth.Request{Method: auth.PublicKey, PublicKey: wire, Verified: true})
	l.proving = &proof
	return &ssh.Permissions{}, nil
}

// wouldDo returns whether a key is acceptable, nil or an error. It asks only once about each key.
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

// refusedKey delays the answer to a client that asks about many keys. Otherwise it could find out
// which keys are known.
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

// notProved reports whether a login has ended because of a wrong signature with an acceptable key.
// The library has no error for that. So notProved reports true if the last answer was that the key
// is acceptable, the connection had not ended, and err is none of the known errors.
func (l *login) notProved(err error) bool {
	if l.proving == nil {
		return false
	}
	_, ended := errors.AsType[*ssh.ServerAuthError](err) // ended by the client in good order
	_, broken := errors.AsType[net.Error](err)
	return !ended && !broken && !asksForServiceAgain(err) && !errors.Is(err, errTooMuchBeforeLogin) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed)
}

// unprovedTimeout is the time limit for counting a wrong signature.
const unprovedTimeout = 10 * time.Second

// tellUnproved counts a wrong signature as a failed login, also if the client has hung up.
func (l *login) tellUnproved() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), unprovedTimeout)
	defer cancel()
	l.unproved(ctx, *l.proving)
}

// asksForServiceAgain reports whether the library has ended a login because the client requested
// the service of user authentication a second time, as paramiko does before each attempt. RFC 4252
// does not forbid that, but the library does not support it.
func asksForServiceAgain(err error) bool {
	return err != nil && strings.Contains(err.Error(), "unexpected message type 5 ")
}

// ending returns the kind of end of a connection whose handshake has failed with err.
func (l *login) ending(err error) frontend.Ending {
	_, timeout := errors.AsType[net.Error](err)
	switch {
	case l.session != nil, l.failures > 0, l.proving != nil: // was counted as a login
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

// verifiedPublicKey is called when the client has proved an acceptable key.
func (l *login) verifiedPublicKey(meta ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	return l.outcome(l.try(meta, l.step, auth.Request{Method: auth.PublicKey, PublicKey: key.Marshal(), Verified: true}))
}
