package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/vfs"
)

const (
	// renewAhead is how long before a grant's end it is renewed, or a tenth of its life if that is
	// less.
	renewAhead = time.Minute
	// renewTimeout bounds one renewal. Whoever waits for it may give up earlier, by his own
	// context.
	renewTimeout = 30 * time.Second
	// renewPause is how long a grant is kept in use after a renewal ahead of its end has failed,
	// before the next try.
	renewPause = 5 * time.Second
)

// Renewer returns a new grant in place of one that has expired or soon will. An auth.Authenticator
// is a Renewer.
type Renewer interface {
	Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error)
}

// Grants manages the storage credential of one login. It renews the grant before it expires, or
// when the storage refuses it, once for all transfers that ask at the same time.
type Grants struct {
	renewer Renewer
	log     *slog.Logger

	mu      sync.Mutex
	grant   auth.Grant
	ahead   time.Time // when to renew; zero: only when refused
	renewal *renewal  // the one under way
}

// renewal is one question to the authenticator, for everybody who waits for its answer.
type renewal struct {
	cancel  context.CancelFunc
	waiting int // how many do; the last one to give up ends it
	done    chan struct{}
	grant   auth.Grant
	err     error
}

var _ backend.Grants = (*Grants)(nil)

// NewGrants returns Grants that start with the grant from the login.
func NewGrants(first auth.Grant, renewer Renewer, log *slog.Logger) *Grants {
	g := &Grants{renewer: renewer, log: log}
	g.keep(first)
	return g
}

// keep makes grant the one to use. It is called with mu held, or before anybody else knows g.
func (g *Grants) keep(grant auth.Grant) {
	g.grant = grant
	g.ahead = time.Time{}
	// One that has ended when it is given says that the clocks disagree: then the storage tells
	// when it ends.
	if life := time.Until(grant.Expires); !grant.Expires.IsZero() && life > 0 {
		g.ahead = grant.Expires.Add(-min(renewAhead, life/10))
	}
}

// InUse returns the current grant without checking whether it is valid.
func (g *Grants) InUse() auth.Grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.grant
}

// Current implements [backend.Grants]. It returns a grant that is still valid even if the grant
// cannot be renewed.
func (g *Grants) Current(ctx context.Context) (auth.Grant, error) {
	g.mu.Lock()
	grant, due := g.grant, !g.ahead.IsZero() && !time.Now().Before(g.ahead)
	g.mu.Unlock()
	if !due {
		return grant, nil
	}
	fresh, err := g.Renew(ctx, grant)
	if err != nil && ctx.Err() == nil && time.Now().Before(grant.Expires) {
		g.putOff(grant)
		return grant, nil
	}
	return fresh, err
}

// putOff keeps a grant in use that could not be renewed, for a while or until it ends.
func (g *Grants) putOff(grant auth.Grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.grant.Token == grant.Token {
		g.ahead = time.Now().Add(min(renewPause, time.Until(grant.Expires)))
	}
}

// Renew implements [backend.Grants].
func (g *Grants) Renew(ctx context.Context, refused auth.Grant) (auth.Grant, error) {
	g.mu.Lock()
	if g.grant.Token != refused.Token { // somebody has been here before
		defer g.mu.Unlock()
		return g.grant, nil
	}
	r := g.renewal
	if r == nil {
		r = g.start(ctx)
	}
	r.waiting++
	g.mu.Unlock()
	select {
	case <-r.done:
		return r.grant, r.err
	case <-ctx.Done():
		g.giveUp(r)
		return auth.Grant{}, ctx.Err()
	}
}

// start begins a renewal of the grant in use. It is called with mu held.
func (g *Grants) start(ctx context.Context) *renewal {
	// The renewal is for everybody who waits: the end of the first one's context must not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	r := &renewal{cancel: cancel, done: make(chan struct{})}
	g.renewal = r
	go g.renew(ctx, r, g.grant)
	return r
}

// giveUp is for one who does not wait any more. What nobody waits for ends, so that nothing of a
// session stays behind.
func (g *Grants) giveUp(r *renewal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.waiting--
	if r.waiting > 0 {
		return
	}
	r.cancel()
	if g.renewal == r {
		g.renewal = nil // the next one begins anew
	}
}

func (g *Grants) renew(ctx context.Context, r *renewal, old auth.Grant) {
	defer r.cancel()
	start := time.Now()
	grant, err := g.renewer.Renew(ctx, old)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.keep(grant)
		r.grant = grant
		g.log.Debug("grant renewed", "dur", time.Since(start), "expires", grant.Expires)
	case r.waiting > 0:
		r.err = renewError(err)
		g.log.Warn("grant not renewed", "dur", time.Since(start), "err", err)
	}
	if g.renewal == r {
		g.renewal = nil
	}
	close(r.done)
}

// renewError says in the storage's terms what it means that there is no grant any more, in the
// authenticator's words to the client where it has some.
func renewError(err error) error {
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
		return &vfs.Error{Kind: vfs.ErrPermission, Text: cmp.Or(auth.ClientText(err), "the login is no longer valid: log in again"), Err: err}
	}
	return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "the login could not be renewed, try again later", Err: err}
}
