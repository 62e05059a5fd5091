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
	// renewAhead is how long before its expiry a grant is renewed. If a tenth of its lifetime is
	// less, that is used.
	renewAhead = time.Minute
	// renewTimeout is the time limit for a renewal. A caller that waits for it may give up earlier.
	renewTimeout = 30 * time.Second
	// renewPause is how long a grant is used after an early renewal has failed, before the next
	// attempt.
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
	ahead   time.Time // when to renew; zero: only when it is refused
	renewal *renewal  // the running one, or nil
}

// renewal is one call of the authenticator, for all callers that wait for it.
type renewal struct {
	cancel  context.CancelFunc
	waiting int // number of waiting callers; the last one that gives up cancels the call
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

// keep makes grant the current one. The caller must hold mu, or be the only user of g.
func (g *Grants) keep(grant auth.Grant) {
	g.grant = grant
	g.ahead = time.Time{}
	// If the grant has already expired, the clocks differ. Then the grant is renewed when the
	// storage refuses it.
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

// putOff delays the renewal of a grant that could not be renewed, for renewPause or until it
// expires.
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
	if g.grant.Token != refused.Token { // another caller has renewed it already
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

// start begins a renewal of the current grant. It is called with mu held.
func (g *Grants) start(ctx context.Context) *renewal {
	// The renewal is for all callers that wait: the end of the first caller's context must not
	// cancel it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	r := &renewal{cancel: cancel, done: make(chan struct{})}
	g.renewal = r
	go g.renew(ctx, r, g.grant)
	return r
}

// giveUp is called when a caller has stopped waiting. A renewal without waiting callers is
// cancelled, so that nothing of a session is left running.
func (g *Grants) giveUp(r *renewal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.waiting--
	if r.waiting > 0 {
		return
	}
	r.cancel()
	if g.renewal == r {
		g.renewal = nil // the next caller begins a new one
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

// renewError translates the error of a renewal for the storage. It uses the authenticator's text
// for the client if there is one.
func renewError(err error) error {
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
		return &vfs.Error{Kind: vfs.ErrPermission, Text: cmp.Or(auth.ClientText(err), "the login is no longer valid: log in again"), Err: err}
	}
	return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "the login could not be renewed, try again later", Err: err}
}
