package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/session"
)

// askTimeout bounds one question to an authenticator that no client waits for.
const askTimeout = 30 * time.Second

// maxRevalidations is how many of those are under way at a time with one authenticator, so that they do not stand in the way
// of logins, and one authenticator that hangs not in the way of others.
const maxRevalidations = 8

// Why a session ends that its authenticator does not stand by any more.
var (
	errRevoked = errors.New("the login is no longer valid")
	errOutage  = errors.New("nobody could tell for too long whether the login is still valid")
)

// logon is what one answer of an authenticator has brought: an identity and its grant, on which several sessions may live.
type logon struct {
	all      *logons
	auth     authority
	identity auth.Identity
	grants   *session.Grants
	log      *slog.Logger
	unused   func() // lets the program go that gave the grant

	watch context.Context // lasts from the first session to the last one
	stop  context.CancelFunc

	// Under all.mu.
	users    int // sessions, those that are about to begin, and the cache of this process
	sessions map[*session.Session]struct{}
	checked  time.Time // when the authenticator last stood by it
	lent     *loan     // of the first grant, if it is in a cache that others read
	revoked  error     // why no more sessions may begin
	over     bool      // the grant was given back

	// Under all.mu, of one that is kept for further logins.
	key       cache.Key
	made      time.Time
	until     time.Time
	expiry    *time.Timer // nil: not kept
	refreshed bool        // somebody is asking anew, or has
}

// authority is who answers for logons.
type authority interface {
	auth.Revalidator
	auth.Releaser
}

// logons are those of this process. It sees to it that an authenticator that changes its mind is heard, and that a grant is given back when nobody needs it any more.
type logons struct {
	cfg    config.Login
	cache  *loginCache
	used   func(auth.Grant) (unused func()) // keeps the program that gave a grant
	log    *slog.Logger
	life   context.Context // of questions that no client waits for
	end    context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	slots   map[string]chan struct{} // of revalidations, by the issuer of the grant
	all     map[*logon]struct{}
	kept    map[cache.Key]*logon // for further logins
	closed  bool
	closing chan struct{} // closed with that
}

func newLogons(cfg config.Login, c *loginCache, used func(auth.Grant) func(), log *slog.Logger) *logons {
	ls := &logons{
		cfg: cfg, cache: c, used: used, log: log, slots: map[string]chan struct{}{},
		all: map[*logon]struct{}{}, kept: map[cache.Key]*logon{}, closing: make(chan struct{}),
	}
	ls.life, ls.end = context.WithCancel(context.Background())
	return ls
}

// add takes in the answer of an authenticator that stood by it at that time. The caller has it in use, and calls leave.
func (ls *logons) add(a authority, identity auth.Identity, checked time.Time) *logon {
	log := ls.log.With("user", identity.User, "auth", identity.Grant.Issuer)
	lg := &logon{
		all: ls, auth: a, identity: identity, grants: session.NewGrants(identity.Grant, a, log), log: log, unused: ls.used(identity.Grant),
		users: 1, sessions: map[*session.Session]struct{}{}, checked: checked,
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all[lg] = struct{}{}
	return lg
}

// leave says that one user of the logon has gone. The last one gives its grant back.
func (lg *logon) leave() {
	lg.all.mu.Lock()
	defer lg.all.mu.Unlock()
	lg.users--
	lg.settle()
}

// attach makes a session one of the logon's, which is in use by the caller, until detach. It reports why not, when the logon has been revoked meanwhile.
func (lg *logon) attach(s *session.Session) error {
	ls := lg.all
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if lg.revoked != nil {
		return lg.revoked
	}
	lg.sessions[s] = struct{}{}
	if len(lg.sessions) == 1 && ls.cfg.Revalidate > 0 && !ls.closed {
		lg.watch, lg.stop = context.WithCancel(ls.life)
		ctx := lg.watch
		ls.asking.Go(func() { lg.revalidate(ctx) })
	}
	return nil
}

// detach is for a session that has ended. It says leave too, as soon as the session has let go of its storage.
func (lg *logon) detach(s *session.Session) {
	ls := lg.all
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if _, ok := lg.sessions[s]; ok {
		delete(lg.sessions, s)
		if len(lg.sessions) == 0 && lg.stop != nil {
			lg.stop()
		}
	}
	if ls.closed {
		return
	}
	ls.asking.Go(func() {
		select {
		case <-s.Closed():
		case <-ls.closing:
		}
		lg.leave()
	})
}

// settle gives the grant back when nobody uses it. It is called with all.mu held.
func (lg *logon) settle() {
	if lg.users > 0 || lg.over {
		return
	}
	lg.over = true
	delete(lg.all.all, lg)
	if !lg.all.closed { // close sees to the rest
		lg.all.asking.Go(func() { lg.release(lg.all.life) })
	}
}

// release gives back the grant that is in use. One that lies in a shared cache is given back by the last gateway that has it in use; see [loan].
func (lg *logon) release(ctx context.Context) {
	defer lg.unused()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	grant := lg.grants.InUse()
	if lg.lent != nil {
		last := lg.all.cache.giveBack(ctx, lg.lent, lg.identity.Grant)
		if !last && grant.Token == lg.identity.Grant.Token {
			return
		}
	}
	if err := lg.auth.Release(ctx, grant); err != nil {
		lg.log.Warn("grant not given back, it ends by itself", "err", err)
	}
}

// revoke ends the logon and all of its sessions.
func (lg *logon) revoke(reason error) {
	ls := lg.all
	ls.mu.Lock()
	lg.revoked = reason
	sessions := make([]*session.Session, 0, len(lg.sessions))
	for s := range lg.sessions {
		sessions = append(sessions, s)
	}
	ls.forget(lg)
	lent := lg.lent
	ls.mu.Unlock()
	for _, s := range sessions {
		s.End(reason)
	}
	if lent != nil {
		ls.cache.drop(ls.life, lent)
	}
}

// revalidate asks regularly whether the authenticator still stands by the logon, until ctx ends.
func (lg *logon) revalidate(ctx context.Context) {
	every := lg.all.cfg.Revalidate
	lg.all.mu.Lock()
	checked := lg.checked
	lg.all.mu.Unlock()
	// A little early, and not all at the same time.
	due := checked.Add(every - rand.N(every/10+1))
	// The grace begins when the check is due, or with the first one that fails if that is later: a machine that slept, or a
	// queue before a slow authenticator, must not use it up.
	var graceEnds time.Time
	for {
		sleep(ctx, time.Until(due))
		if ctx.Err() != nil {
			return
		}
		err := lg.ask(ctx)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			checked, graceEnds = now, time.Time{}
			due = now.Add(every - rand.N(every/10+1))
			lg.all.mu.Lock()
			lg.checked = now
			lg.all.mu.Unlock()
		case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrUnknownUser):
			lg.log.Info("login is no longer valid", "err", err)
			lg.revoke(errRevoked)
			return
		case graceEnds.IsZero():
			graceEnds = checked.Add(every + lg.all.cfg.Grace)
			if late := now.Add(lg.all.cfg.Grace); late.After(graceEnds) {
				graceEnds = late
			}
			fallthrough
		case now.Before(graceEnds):
			lg.log.Warn("login could not be checked again", "err", err, "checked", checked)
			// Sooner than usual, and at the end of the grace.
			due = now.Add(min(every, askTimeout))
			if graceEnds.Before(due) {
				due = graceEnds
			}
		default:
			lg.log.Warn("login could not be checked again, and its grace is over", "err", err, "checked", checked)
			lg.revoke(errOutage)
			return
		}
	}
}

// slotsOf returns the places for revalidations with one authenticator.
func (ls *logons) slotsOf(issuer string) chan struct{} {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.slots[issuer] == nil {
		ls.slots[issuer] = make(chan struct{}, maxRevalidations)
	}
	return ls.slots[issuer]
}

func (lg *logon) ask(ctx context.Context) error {
	slots := lg.all.slotsOf(lg.identity.Grant.Issuer)
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-slots }()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	id := lg.identity
	id.Grant = lg.grants.InUse()
	return lg.auth.Revalidate(ctx, id)
}

// close gives back all grants and lets nothing be asked any more. The sessions have ended, or are about to.
func (ls *logons) close() {
	ls.mu.Lock()
	ls.closed = true
	close(ls.closing)
	var left []*logon
	for lg := range ls.all {
		if lg.expiry != nil {
			lg.expiry.Stop()
		}
		if lg.stop != nil {
			lg.stop()
		}
		lg.over = true
		left = append(left, lg)
	}
	ls.mu.Unlock()
	ctx, cancel := context.WithTimeout(ls.life, closeTimeout)
	defer cancel()
	var giving sync.WaitGroup
	for _, lg := range left {
		giving.Go(func() { lg.release(ctx) })
	}
	giving.Wait()
	// What is still being asked or given back has no more time than that.
	defer context.AfterFunc(ctx, ls.end)()
	ls.asking.Wait()
	ls.end()
}

// closeTimeout is how long the gateway's end waits for authenticators that take grants back.
const closeTimeout = 5 * time.Second
