package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/config"
	"filegate/core/session"
	"filegate/core/vfs"
)

// loginTimeout bounds one step of a login, from the frontend's question to the session.
const loginTimeout = time.Minute

// errDraining refuses logins once the gateway is told to stop.
var errDraining = fmt.Errorf("%w: %w", ErrShutdown, auth.ErrUnavailable)

// errTooMany refuses a login of somebody who is logged in as often as he may be.
var errTooMany error = &auth.Error{
	Kind: fmt.Errorf("too many sessions of this user: %w", auth.ErrUnavailable),
	Text: "This user has as many sessions as allowed. End one, and try again.",
}

// errBannedLogin refuses a login from where too many have failed, without a look at it.
var errBannedLogin = fmt.Errorf("the address is banned: %w", auth.ErrDenied)

// errBannedUser refuses a login of somebody at whom too many have guessed.
var errBannedUser = fmt.Errorf("the user is banned here: %w", auth.ErrDenied)

// logins answers the logins of one frontend.
type logins struct {
	g     *Gateway
	chain *chain
	by    atomic.Pointer[string] // names the chain, with all that is configured of it
	store string                 // name of the backend
}

// loginsTo returns the frontend's way to log clients in.
func (g *Gateway) loginsTo(f *config.Frontend) *logins {
	l := &logins{g: g, chain: &chain{all: g.auths}, store: f.Backend}
	l.follow(g.cfg, f.Auth)
	return l
}

// follow makes the authenticators of the names answer, as a configuration has them.
func (l *logins) follow(cfg *config.Config, names []string) {
	l.chain.set(names)
	by := cfg.Fingerprint(names)
	l.by.Store(&by)
}

// methods implements [frontend.Env].Methods.
func (l *logins) methods() []auth.Method { return l.chain.methods() }

// login implements [frontend.Env].Login. What only asks opens nothing: where the answer is yes, neither a session nor a step nor an error comes back.
func (l *logins) login(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
	if req.SessionID == "" {
		req.SessionID = strings.ToLower(rand.Text()[:12])
	}
	req.Remote = netip.AddrPortFrom(req.Remote.Addr().Unmap(), req.Remote.Port())
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	req, err := bounded(req)
	var sess *session.Session
	var step *auth.Step
	if err == nil {
		sess, step, err = l.attempt(ctx, req)
	}
	if err != nil {
		result, kind := classify(err)
		l.log(req, result, err)
		l.g.metrics.login(req, result)
		l.failed(ctx, req, result, began)
		if text := auth.ClientText(err); text != "" {
			return nil, nil, &auth.Error{Kind: kind, Text: text}
		}
		return nil, nil, kind
	}
	if sess != nil {
		l.g.metrics.login(req, "ok")
		l.g.failures.welcome(ctx, req)
	}
	return sess, step, nil
}

// errUnproved is a proof that the frontend itself has found to be none.
var errUnproved = fmt.Errorf("the signature is not that of the key: %w", auth.ErrDenied)

// unproved implements [frontend.Env].Unproved.
func (l *logins) unproved(ctx context.Context, req auth.Request) {
	req, _ = bounded(req)
	req.Remote = netip.AddrPortFrom(req.Remote.Addr().Unmap(), req.Remote.Port())
	result, _ := classify(errUnproved)
	l.log(req, result, errUnproved)
	l.g.metrics.login(req, result)
	l.failed(ctx, req, result, time.Now())
}

// What is longer is no login, and is neither logged nor counted nor handed on as it is.
const (
	maxName     = 256  // bytes, of a user's name
	maxPassword = 1024 // bytes, of a password or an answer
)

// errTooLong refuses a login with a name or a password that is longer than any.
var errTooLong = fmt.Errorf("a name has at most %d bytes and a password %d: %w", maxName, maxPassword, auth.ErrInvalid)

// bounded returns the request as it may be logged and counted, and whether it is one that may be looked at.
func bounded(req auth.Request) (auth.Request, error) {
	var err error
	if len(req.User) > maxName {
		req.User, err = strings.ToValidUTF8(req.User[:maxName], "")+"…", errTooLong
	}
	long := func(s auth.Secret) bool { return len(s.Reveal()) > maxPassword }
	if long(req.Password) || slices.ContainsFunc(req.Answers, long) {
		req.Password, req.Answers, err = "", nil, errTooLong
	}
	return req, err
}

// failed counts a proof that was none, and returns when the client may hear of it.
func (l *logins) failed(ctx context.Context, req auth.Request, result string, began time.Time) {
	if req.Asks() {
		return
	}
	switch result {
	case "denied", "unknown_user", "invalid":
		l.logBans(req, l.g.failures.add(ctx, req))
	case "banned", "user_banned", "method": // which must not look different
	default:
		return
	}
	l.g.pace.hold(ctx, began)
}

func (l *logins) attempt(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
	if l.g.live.isClosed() {
		return nil, nil, errDraining
	}
	if err := l.admit(ctx, req); err != nil {
		return nil, nil, err
	}
	lg, step, err := l.logon(ctx, req)
	if lg == nil || req.Asks() {
		if lg != nil {
			lg.leave()
		}
		return nil, step, err
	}
	sess, err := l.open(ctx, req, lg)
	return sess, nil, err
}

// admit refuses a login from where too many have failed, and lets others wait for a while.
func (l *logins) admit(ctx context.Context, req auth.Request) error {
	if req.Asks() {
		if l.g.failures.bannedHere(ctx, req.Remote.Addr()) {
			return errBannedLogin
		}
		return nil
	}
	wait, err := l.g.failures.judge(ctx, req)
	if err != nil {
		return err
	}
	sleep(ctx, wait)
	return nil
}

// logon finds out who it is, from what is known or from the authenticators. What it returns is in use by the caller. All are nil where a question was answered with yes.
func (l *logins) logon(ctx context.Context, req auth.Request) (*logon, *auth.Step, error) {
	by := *l.by.Load()
	if lg := l.g.logons.find(ctx, l.chain, by, req); lg != nil {
		if !req.Asks() {
			l.g.logons.refresh(lg, by, req, l.ask)
		}
		return lg, nil, nil
	}
	resp, err := l.ask(ctx, req)
	switch {
	case err != nil:
		return nil, nil, err
	case resp.Identity == nil:
		return nil, resp.Next, nil
	case req.Asks():
		return nil, nil, nil
	}
	lg := l.g.logons.add(l.chain, named(*resp.Identity, req), time.Now())
	l.g.logons.keep(ctx, lg, by, req)
	return lg, nil, nil
}

// named is an identity with a name: without one of its own it has the one that it came by.
func named(id auth.Identity, req auth.Request) auth.Identity {
	id.User = cmp.Or(id.User, req.User)
	return id
}

// ask puts a request to the authenticators, when its turn has come.
func (l *logins) ask(ctx context.Context, req auth.Request) (auth.Response, error) {
	if err := l.g.pace.enter(ctx); err != nil {
		return auth.Response{}, fmt.Errorf("waiting for others' logins: %w", err)
	}
	defer l.g.pace.leave()
	return l.chain.Authenticate(ctx, req)
}

// open opens the storage for who has logged in, and begins a session. It takes over the use of the logon.
func (l *logins) open(ctx context.Context, req auth.Request, lg *logon) (*session.Session, error) {
	id := lg.identity
	leave, ok := l.g.live.enter(user{id.Grant.Issuer, id.User}, id.Limits.Sessions)
	if !ok {
		lg.leave()
		return nil, errTooMany
	}
	sess, err := l.begin(ctx, req, lg)
	if err == nil {
		if err = lg.attach(sess); err != nil {
			sess.Close()
			err = fmt.Errorf("%w: %w", err, auth.ErrDenied)
		}
	}
	if err != nil {
		leave()
		lg.leave()
		return nil, err
	}
	left := l.g.metrics.entered(req.Service)
	gone := func() {
		left()
		leave()
		lg.detach(sess)
	}
	if !l.g.live.add(sess, gone) {
		gone()
		sess.Close()
		return nil, errDraining
	}
	return sess, nil
}

func (l *logins) begin(ctx context.Context, req auth.Request, lg *logon) (*session.Session, error) {
	log := l.g.log.With("session", req.SessionID, "user", lg.identity.User, "remote", req.Remote)
	fsys, err := l.g.backends[l.store].Open(ctx, backend.Login{
		SessionID: req.SessionID, User: lg.identity.User, Remote: req.Remote, Log: log, Grants: lg.grants,
	})
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", l.store, err)
	}
	sess, err := session.New(l.g.life, session.Config{
		ID: req.SessionID, Service: req.Service, Remote: req.Remote, Identity: lg.identity,
		FS: fsys, Log: l.g.log, Observer: l.g.metrics.observer(req.Service),
	})
	if err != nil {
		return nil, fmt.Errorf("home directory %q of the identity: %w", lg.identity.Home, err)
	}
	return sess, nil
}

// classify says in a word how a login failed, for log and metrics, and which of auth.Kinds the frontend is told.
// What is not of that set failed on our side of the line, such as a backend that did not open.
func classify(err error) (result string, kind error) {
	switch {
	case errors.Is(err, ErrShutdown):
		return "shutdown", auth.ErrUnavailable
	case errors.Is(err, errBannedLogin):
		return "banned", auth.ErrDenied
	case errors.Is(err, errBannedUser):
		return "user_banned", auth.ErrDenied
	case errors.Is(err, errTooMany):
		return "too_many_sessions", auth.ErrUnavailable
	case errors.Is(err, auth.ErrUnavailable):
		return "unavailable", auth.ErrUnavailable
	case errors.Is(err, auth.ErrDenied):
		return "denied", auth.ErrDenied
	case errors.Is(err, auth.ErrInvalid):
		return "invalid", auth.ErrInvalid
	case errors.Is(err, auth.ErrUnknownUser): // before ErrMethod: of a chain, one member may say this and another that
		return "unknown_user", auth.ErrUnknownUser
	case errors.Is(err, auth.ErrMethod):
		return "method", auth.ErrMethod
	case errors.Is(err, context.Canceled):
		return "abandoned", auth.ErrUnavailable
	case errors.Is(err, vfs.ErrPermission):
		return "denied", auth.ErrDenied
	}
	return "unavailable", auth.ErrUnavailable
}

// log writes the line of a failed login. Its form is fixed, for fail2ban and its like: what a client chose comes after its
// address, in quotes where that is needed, so that nobody can write another's address in its place.
//
//	failregex = msg="login failed" service=\w+ remote=\[?<ADDR>\]?:\d+ method=\S+ reason=(?:denied|unknown_user|invalid|banned) user=
//
// That a proof is not offered, as of each key that an agent has, is no failure yet; and a login that is refused because its user is banned, user_banned, is none of its
// address, from where the user himself may have come.
func (l *logins) log(req auth.Request, reason string, err error) {
	level := slog.LevelWarn
	switch reason {
	case "method", "abandoned":
		level = slog.LevelDebug
	}
	if req.Asks() {
		level = slog.LevelDebug
	}
	l.g.log.Log(context.Background(), level, "login failed",
		"service", req.Service, "remote", req.Remote, "method", req.Method, "reason", reason,
		"user", req.User, "session", req.SessionID, "err", vfs.EscapeControl(err.Error()))
}

// logBans writes the line of each ban, in a form that is fixed likewise. Whoever wants to shut an address out at the firewall as soon as the gateway does, looks for it.
//
//	failregex = msg="address banned" service=\w+ remote=\[?<ADDR>\]?:\d+ failures=
//
// The line of a user's ban names the address of the last of many failures, which need not have more to do with it than others.
//
//	failregex = msg="user banned" service=\w+ remote=\[?<ADDR>\]?:\d+ failures=
func (l *logins) logBans(req auth.Request, b bans) {
	log := l.g.log.With("service", req.Service, "remote", req.Remote)
	dur := l.g.cfg.Login.Ban.Duration
	if b.address > 0 {
		l.g.metrics.bans.WithLabelValues("address").Inc()
		log.Warn("address banned", "failures", b.address, "dur", dur, "session", req.SessionID)
	}
	if b.user > 0 {
		l.g.metrics.bans.WithLabelValues("user").Inc()
		log.Warn("user banned", "failures", b.user, "dur", dur, "session", req.SessionID, "user", req.User)
	}
}
