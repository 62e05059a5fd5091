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

// askTimeout is the time limit for a call to an authenticator for which no client waits.
const askTimeout = 30 * time.Second

// maxRevalidations is how many revalidations run at a time with one authenticator. The limit keeps
// them from delaying logins. It applies to each authenticator, so that one that hangs does not
// delay the others.
const maxRevalidations = 8

// The reasons for ending a session whose login is no longer confirmed.
var (
	errRevoked = errors.New("the login is no longer valid")
	errOutage  = errors.New("nobody could tell for too long whether the login is still valid")
)

// lease is an answer of an authenticator, an identity and its grant, which several sessions may
// use.
type lease struct {
	all      *leases
	auth     Authority
	identity auth.Identity
	grants   *session.Grants
	log      *slog.Logger
	unused   func() // lets the program stop that gave the grant

	watch context.Context // from the start of the first session to the end of the last
	stop  context.CancelFunc

	// Under all.mu.
	users    int // sessions, sessions that are about to begin, and the cache of this process
	sessions map[*session.Session]struct{}
	checked  time.Time // when the authenticator last confirmed the login
	use      *grantUse // in the first grant, if the shared cache has the login; else nil
	revoked  error     // why no more sessions may begin; nil: they may
	over     bool      // the grant is being given back

	// Under all.mu, and set if the lease is remembered for further logins.
	key       cache.Key
	made      time.Time
	until     time.Time
	expiry    *time.Timer // nil: not kept
	refreshed bool        // refresh has asked or is asking
}

// leases are all leases of this process. They ask the authenticators again at intervals, and give
// back each grant after its last use.
type leases struct {
	rules  *rules
	cache  *sharedLogins
	used   func(auth.Grant) (unused func()) // keeps the program running that gave a grant
	log    *slog.Logger
	life   context.Context // of calls for which no client waits
	end    context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	slots   map[string]chan struct{} // of revalidations, by the issuer of the grant
	all     map[*lease]struct{}
	kept    map[cache.Key]*lease // remembered for further logins
	closed  bool
	closing chan struct{} // closed when closed is set
}

func newLeases(r *rules, c *sharedLogins, used func(auth.Grant) func(), log *slog.Logger) *leases {
	ls := &leases{
		rules: r, cache: c, used: used, log: log, slots: map[string]chan struct{}{},
		all: map[*lease]struct{}{}, kept: map[cache.Key]*lease{}, closing: make(chan struct{}),
	}
	ls.life, ls.end = context.WithCancel(context.Background())
	return ls
}

// add makes a lease of an answer that the authenticator gave at the time checked. The caller has
// the lease in use, and calls leave.
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

// leave ends one use of the lease. The last leave gives back the grant.
func (held *lease) leave() {
	held.all.mu.Lock()
	defer held.all.mu.Unlock()
	held.users--
	held.releaseUnused()
}

// attach adds a session to the lease until detach. The caller has the lease in use. The error is
// the reason if the lease has been revoked.
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

// detach removes a session that has ended. It also calls leave, after the session has released its
// store.
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

// releaseUnused gives back the grant if nothing uses it any more. It is called with all.mu held.
func (held *lease) releaseUnused() {
	if held.users > 0 || held.over {
		return
	}
	held.over = true
	delete(held.all.all, held)
	if !held.all.closed { // else close gives it back
		held.all.asking.Go(func() { held.release(held.all.life) })
	}
}

// release gives back the current grant. A grant that is in the shared cache is given back by the
// last gateway that uses it; see [grantUse].
func (held *lease) release(ctx context.Context) {
	defer held.unused()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	grant := held.grants.InUse()
	if held.use != nil {
		last := held.all.cache.giveBack(ctx, held.use, held.identity.Grant)
		if !last && grant.Token == held.identity.Grant.Token {
			return
		}
	}
	if err := held.auth.Release(ctx, grant); err != nil {
		held.log.Warn("grant not given back, it ends by itself", "err", err)
	}
}

// revoke ends the lease and all of its sessions, and removes the login from the local and the
// shared cache.
func (held *lease) revoke(reason error) {
	ls := held.all
	ls.mu.Lock()
	held.revoked = reason
	sessions := make([]*session.Session, 0, len(held.sessions))
	for s := range held.sessions {
		sessions = append(sessions, s)
	}
	ls.forget(held)
	use := held.use
	ls.mu.Unlock()
	for _, s := range sessions {
		s.End(reason)
	}
	if use != nil {
		ls.cache.drop(ls.life, use)
	}
}

// revalidate asks the authenticator at intervals whether the login is still valid, until ctx ends.
func (held *lease) revalidate(ctx context.Context) {
	every := held.all.cfg().Revalidate
	held.all.mu.Lock()
	checked := held.checked
	held.all.mu.Unlock()
	// A little early, so that the checks of many leases spread.
	due := checked.Add(every - rand.N(every/10+1))
	// The grace period begins when the check is due, or when the first check fails if that is
	// later. So it is not used up while the machine sleeps or the check waits for a slow
	// authenticator.
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
			// Earlier than usual, but not after the end of the grace period.
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

// slotsOf returns the semaphore for revalidations with one authenticator.
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

// close gives back all grants and asks nothing more. All sessions have ended or are about to end.
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
	// Calls that are still running share the time limit above.
	defer context.AfterFunc(ctx, ls.end)()
	ls.asking.Wait()
	ls.end()
}

// closeTimeout is how long close waits for authenticators to take back grants.
const closeTimeout = 5 * time.Second
