package login

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/session"
)

// Timeout is the time limit for one step of a login, from the frontend's call until the session
// exists.
const Timeout = time.Minute

// ErrShutdown is the reason of sessions that the gateway ended at its shutdown.
var ErrShutdown = errors.New("the gateway is shutting down")

// errDraining refuses logins after the gateway was told to stop.
var errDraining = fmt.Errorf("%w: %w", ErrShutdown, auth.ErrUnavailable)

// The reasons for refusing a login with a valid proof.
var (
	errSessions = errors.New("too many sessions")
	errLogins   = errors.New("too many logins in a minute")
)

// errRefused is a refusal by the observer, after a valid proof.
var errRefused = errors.New("the login is refused before it begins")

// errBannedLogin refuses a login from a banned address without checking its proof.
var errBannedLogin = fmt.Errorf("the address is banned: %w", auth.ErrDenied)

// errBannedUser refuses a login of a banned user.
var errBannedUser = fmt.Errorf("the user is banned here: %w", auth.ErrDenied)

// Frontend answers the logins of one frontend.
type Frontend struct {
	d     *Desk
	chain Authority
	by    atomic.Pointer[string] // fingerprint of the chain and its configuration
	name  string                 // of the backend
	store atomic.Pointer[backend.Backend]
}

// Frontend returns the logins of one frontend, which asks chain and opens sessions on store. name
// is the name of the backend.
func (d *Desk) Frontend(chain Authority, name string, store backend.Backend) *Frontend {
	l := &Frontend{d: d, chain: chain, name: name}
	l.Serve(store)
	return l
}

// Serve makes later sessions begin on another backend, which replaces the previous one under the
// same name.
func (l *Frontend) Serve(store backend.Backend) { l.store.Store(&store) }

// Follow sets the fingerprint of the chain and its configuration. Logins that were remembered under
// another fingerprint are not used.
func (l *Frontend) Follow(fingerprint string) { l.by.Store(&fingerprint) }

// Login implements [frontend.Env].Login. A request that only asks whether a key would do opens no
// session: if the answer is yes, Login returns neither a session nor a step nor an error.
func (l *Frontend) Login(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
	if req.SessionID == "" {
		req.SessionID = strings.ToLower(rand.Text()[:12])
	}
	req.Remote = netip.AddrPortFrom(req.Remote.Addr().Unmap(), req.Remote.Port())
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := bounded(req)
	var sess *session.Session
	var step *auth.Step
	if err == nil {
		sess, step, err = l.attempt(ctx, req)
	}
	if err != nil {
		result, kind := Classify(err)
		l.log(req, result, err)
		l.d.observer.Login(req, result, nil)
		l.failed(ctx, req, result, began)
		if text := auth.ClientText(err); text != "" {
			return nil, nil, &auth.Error{Kind: kind, Text: text}
		}
		return nil, nil, kind
	}
	if sess != nil {
		id := sess.Identity()
		l.d.observer.Login(req, "ok", &id)
		l.d.bans.welcome(ctx, req, sess.User())
	}
	return sess, step, nil
}

// errUnproved is the error of a proof that the frontend itself has found to be invalid.
var errUnproved = fmt.Errorf("the signature is not that of the key: %w", auth.ErrDenied)

// Unproved implements [frontend.Env].Unproved.
func (l *Frontend) Unproved(ctx context.Context, req auth.Request) {
	req, _ = bounded(req)
	req.Remote = netip.AddrPortFrom(req.Remote.Addr().Unmap(), req.Remote.Port())
	result, _ := Classify(errUnproved)
	l.log(req, result, errUnproved)
	l.d.observer.Login(req, result, nil)
	l.failed(ctx, req, result, time.Now())
}

// The limits of a login. Longer names and passwords are refused, and are never logged, counted or
// passed on in full.
const (
	maxName     = 256  // bytes, of a user's name
	maxPassword = 1024 // bytes, of a password or an answer
)

// errTooLong refuses a login whose name or password exceeds the limits.
var errTooLong = fmt.Errorf("a name has at most %d bytes and a password %d: %w", maxName, maxPassword, auth.ErrInvalid)

// bounded returns the request with its values cut to the limits, so that it can be logged and
// counted. The error is errTooLong if it had to cut something.
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

// failed counts a failed login where its result is a failure, and returns when the client may be
// answered.
func (l *Frontend) failed(ctx context.Context, req auth.Request, result string, began time.Time) {
	if req.Asks() {
		return
	}
	switch result {
	case "denied", "unknown_user", "invalid":
		l.logBans(req, l.d.bans.add(ctx, req))
	case "banned", "user_banned", "refused", "method": // must not differ in time from the others
	default:
		return
	}
	l.d.pace.hold(ctx, began)
}

func (l *Frontend) attempt(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
	if l.d.sessions.isClosed() {
		return nil, nil, errDraining
	}
	if err := l.admit(ctx, req); err != nil {
		return nil, nil, err
	}
	held, step, err := l.identify(ctx, req)
	if held == nil || req.Asks() {
		if held != nil {
			held.leave()
		}
		return nil, step, err
	}
	sess, err := l.open(ctx, req, held)
	return sess, nil, err
}

// admit refuses a login from a banned address or of a banned user, and one over the limit of logins
// in a minute. After failed logins it waits.
func (l *Frontend) admit(ctx context.Context, req auth.Request) error {
	if req.Asks() {
		if l.d.bans.bannedHere(ctx, req.Remote.Addr()) {
			return errBannedLogin
		}
		return nil
	}
	if addr := req.Remote.Addr(); addr.IsValid() && !l.d.bans.exempt(addr) {
		if err := l.d.limiter.count(ctx, claim{holder{ofPerAddress, network(addr).String()}, l.d.limiter.cfg().Address, "your address"}); err != nil {
			return err
		}
	}
	wait, err := l.d.bans.judge(ctx, req)
	if err != nil {
		return err
	}
	sleep(ctx, wait)
	return nil
}

// identify returns the lease of a remembered login, or asks the authenticators. The caller has the
// lease in use. If req only asks and the authenticators say yes, all results are nil.
func (l *Frontend) identify(ctx context.Context, req auth.Request) (*lease, *auth.Step, error) {
	by := *l.by.Load()
	if held := l.d.leases.find(ctx, l.chain, by, req); held != nil {
		if !req.Asks() {
			l.d.leases.refresh(held, by, req, l.ask)
		}
		return held, nil, nil
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
	held := l.d.leases.add(l.chain, named(*resp.Identity, req), time.Now())
	l.d.leases.remember(ctx, held, by, req)
	return held, nil, nil
}

// named returns the identity with the requested name if the authenticator has given it none.
func named(id auth.Identity, req auth.Request) auth.Identity {
	id.User = cmp.Or(id.User, req.User)
	return id
}

// ask passes a request to the authenticators.
func (l *Frontend) ask(ctx context.Context, req auth.Request) (auth.Response, error) {
	return l.chain.Authenticate(ctx, req)
}

// open opens the store for the lease's identity and begins a session. It takes over the caller's
// use of the lease.
func (l *Frontend) open(ctx context.Context, req auth.Request, held *lease) (*session.Session, error) {
	if err := l.d.observer.Before(ctx, req, held.identity); err != nil {
		held.leave()
		if errors.Is(err, auth.ErrDenied) {
			err = fmt.Errorf("%w: %w", errRefused, err)
		}
		return nil, err
	}
	shares, leave, err := l.share(ctx, req, held.identity)
	if err != nil {
		held.leave()
		return nil, err
	}
	sess, err := l.begin(ctx, req, held, shares)
	if err == nil {
		if err = held.attach(sess); err != nil {
			sess.Close()
			err = fmt.Errorf("%w: %w", err, auth.ErrDenied)
		}
	}
	if err != nil {
		leave()
		held.leave()
		return nil, err
	}
	left := l.d.observer.Entered(req.Service)
	gone := func() {
		left()
		leave()
		held.detach(sess)
	}
	if !l.d.sessions.add(sess, gone) {
		gone()
		sess.Close()
		return nil, errDraining
	}
	return sess, nil
}

// share counts a session in all of its limits and returns its shares. leave ends that.
func (l *Frontend) share(ctx context.Context, req auth.Request, id auth.Identity) (shares []*session.Share, leave func(), err error) {
	claims := l.d.limiter.claims(id, req.Remote.Addr())
	for _, c := range claims {
		if c.kind == ofPerAddress { // counted by admit, before the proof was checked
			continue
		}
		if err := l.d.limiter.count(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	return l.d.limiter.enter(claims)
}

func (l *Frontend) begin(ctx context.Context, req auth.Request, held *lease, shares []*session.Share) (*session.Session, error) {
	log := l.d.log.With("session", req.SessionID, "user", held.identity.User, "remote", req.Remote)
	fsys, err := (*l.store.Load()).Open(ctx, backend.Login{
		SessionID: req.SessionID, User: held.identity.User, Remote: req.Remote, Log: log, Grants: held.grants,
	})
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", l.name, err)
	}
	sess, err := session.New(l.d.life, session.Config{
		ID: req.SessionID, Service: req.Service, Remote: req.Remote, Identity: held.identity,
		FS: fsys, Log: l.d.log, Observer: l.d.observer.Session(req, held.identity), Shares: shares,
		OpenFiles: &l.d.open, Store: l.name,
	})
	if err != nil {
		return nil, fmt.Errorf("home directory %q of the identity: %w", held.identity.Home, err)
	}
	return sess, nil
}
