package login

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
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

// lease is what one answer of an authenticator has brought: an identity and its grant, on which several sessions may live.
type lease struct {
	all      *leases
	auth     Authority
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
	stake    *stake    // of the first grant, if it is in a cache that others read
	revoked  error     // why no more sessions may begin
	over     bool      // the grant was given back

	// Under all.mu, of one that is kept for further logins.
	key       cache.Key
	made      time.Time
	until     time.Time
	expiry    *time.Timer // nil: not kept
	refreshed bool        // somebody is asking anew, or has
}

// leases are those of this process. It sees to it that an authenticator that changes its mind is heard, and that a grant is given back when nobody needs it any more.
type leases struct {
	rules  *rules
	cache  *sharedLogins
	used   func(auth.Grant) (unused func()) // keeps the program that gave a grant
	log    *slog.Logger
	life   context.Context // of questions that no client waits for
	end    context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	slots   map[string]chan struct{} // of revalidations, by the issuer of the grant
	all     map[*lease]struct{}
	kept    map[cache.Key]*lease // for further logins
	closed  bool
	closing chan struct{} // closed with that
}

func newLeases(r *rules, c *sharedLogins, used func(auth.Grant) func(), log *slog.Logger) *leases {
	ls := &leases{
		rules: r, cache: c, used: used, log: log, slots: map[string]chan struct{}{},
		all: map[*lease]struct{}{}, kept: map[cache.Key]*lease{}, closing: make(chan struct{}),
	}
	ls.life, ls.end = context.WithCancel(context.Background())
	return ls
}

// add takes in the answer of an authenticator that stood by it at that time. The caller has it in use, and calls leave.
func (ls *leases) add(a Authority, identity auth.Identity, checked time.Time) *lease {
	log := ls.log.With("user", identity.User, "auth", identity.Grant.Issuer)
	held := &lease{
		all: ls, auth: a, identity: identity, grants: session.NewGrants(identity.Grant, a, log), log: log, unused: ls.used(identity.Grant),
		users: 1, sessions: map[*session.Session]struct{}{}, checked: checked,
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all[held] = struct{}{}
	return held
}

// leave says that one user of the lease has gone. The last one gives its grant back.
func (held *lease) leave() {
	held.all.mu.Lock()
	defer held.all.mu.Unlock()
	held.users--
	held.releaseUnused()
}

// attach makes a session one of the lease's, which is in use by the caller, until detach. It reports why not, when the lease has been revoked meanwhile.
func (held *lease) attach(s *session.Session) error {
	ls := held.all
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if held.revoked != nil {
		return held.revoked
	}
	held.sessions[s] = struct{}{}
	if len(held.sessions) == 1 && ls.cfg().Revalidate > 0 && !ls.closed {
		held.watch, held.stop = context.WithCancel(ls.life)
		ctx := held.watch
		ls.asking.Go(func() { held.revalidate(ctx) })
	}
	return nil
}

// detach is for a session that has ended. It says leave too, as soon as the session has let go of its storage.
func (held *lease) detach(s *session.Session) {
	ls := held.all
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if _, ok := held.sessions[s]; ok {
		delete(held.sessions, s)
		if len(held.sessions) == 0 && held.stop != nil {
			held.stop()
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
		held.leave()
	})
}

// releaseUnused gives the grant back when nobody uses it. It is called with all.mu held.
func (held *lease) releaseUnused() {
	if held.users > 0 || held.over {
		return
	}
	held.over = true
	delete(held.all.all, held)
	if !held.all.closed { // close sees to the rest
		held.all.asking.Go(func() { held.release(held.all.life) })
	}
}

// release gives back the grant that is in use. One that lies in a shared cache is given back by the last gateway that has it in use; see [stake].
func (held *lease) release(ctx context.Context) {
	defer held.unused()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	grant := held.grants.InUse()
	if held.stake != nil {
		last := held.all.cache.giveBack(ctx, held.stake, held.identity.Grant)
		if !last && grant.Token == held.identity.Grant.Token {
			return
		}
	}
	if err := held.auth.Release(ctx, grant); err != nil {
		held.log.Warn("grant not given back, it ends by itself", "err", err)
	}
}

// revoke ends the lease and all of its sessions.
func (held *lease) revoke(reason error) {
	ls := held.all
	ls.mu.Lock()
	held.revoked = reason
	sessions := make([]*session.Session, 0, len(held.sessions))
	for s := range held.sessions {
		sessions = append(sessions, s)
	}
	ls.forget(held)
	stake := held.stake
	ls.mu.Unlock()
	for _, s := range sessions {
		s.End(reason)
	}
	if stake != nil {
		ls.cache.drop(ls.life, stake)
	}
}

// revalidate asks regularly whether the authenticator still stands by the lease, until ctx ends.
func (held *lease) revalidate(ctx context.Context) {
	every := held.all.cfg().Revalidate
	held.all.mu.Lock()
	checked := held.checked
	held.all.mu.Unlock()
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
		err := held.ask(ctx)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			checked, graceEnds = now, time.Time{}
			due = now.Add(every - rand.N(every/10+1))
			held.all.mu.Lock()
			held.checked = now
			held.all.mu.Unlock()
		case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrUnknownUser):
			held.log.Info("login is no longer valid", "err", err)
			held.revoke(errRevoked)
			return
		case graceEnds.IsZero():
			graceEnds = checked.Add(every + held.all.cfg().Grace)
			if late := now.Add(held.all.cfg().Grace); late.After(graceEnds) {
				graceEnds = late
			}
			fallthrough
		case now.Before(graceEnds):
			held.log.Warn("login could not be checked again", "err", err, "checked", checked)
			// Sooner than usual, and at the end of the grace.
			due = now.Add(min(every, askTimeout))
			if graceEnds.Before(due) {
				due = graceEnds
			}
		default:
			held.log.Warn("login could not be checked again, and its grace is over", "err", err, "checked", checked)
			held.revoke(errOutage)
			return
		}
	}
}

// slotsOf returns the places for revalidations with one authenticator.
func (ls *leases) slotsOf(issuer string) chan struct{} {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.slots[issuer] == nil {
		ls.slots[issuer] = make(chan struct{}, maxRevalidations)
	}
	return ls.slots[issuer]
}

func (held *lease) ask(ctx context.Context) error {
	slots := held.all.slotsOf(held.identity.Grant.Issuer)
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-slots }()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	id := held.identity
	id.Grant = held.grants.InUse()
	return held.auth.Revalidate(ctx, id)
}

// close gives back all grants and lets nothing be asked any more. The sessions have ended, or are about to.
func (ls *leases) close() {
	ls.mu.Lock()
	ls.closed = true
	close(ls.closing)
	var left []*lease
	for held := range ls.all {
		if held.expiry != nil {
			held.expiry.Stop()
		}
		if held.stop != nil {
			held.stop()
		}
		held.over = true
		left = append(left, held)
	}
	ls.mu.Unlock()
	ctx, cancel := context.WithTimeout(ls.life, closeTimeout)
	defer cancel()
	var giving sync.WaitGroup
	for _, held := range left {
		giving.Go(func() { held.release(ctx) })
	}
	giving.Wait()
	// What is still being asked or given back has no more time than that.
	defer context.AfterFunc(ctx, ls.end)()
	ls.asking.Wait()
	ls.end()
}

// closeTimeout is how long the gateway's end waits for authenticators that take grants back.
const closeTimeout = 5 * time.Second
