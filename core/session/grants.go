package session

import (
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
	// renewAhead is how long before a grant's end it is renewed, or a tenth of its life if that is less.
	renewAhead = time.Minute
	// renewTimeout bounds one renewal. Whoever waits for it may give up earlier, by his own context.
	renewTimeout = 30 * time.Second
	// renewPause is how long a grant is kept in use after a renewal ahead of its end has failed, before the next try.
	renewPause = 5 * time.Second
)

// Renewer gives a fresh grant for one that has ended or soon will. An auth.Authenticator is one.
type Renewer interface {
	Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error)
}

// Grants is one login's storage credential over time: renewed ahead of its end or when the storage refuses it,
// once however many transfers ask at the same time.
type Grants struct {
	renewer Renewer
	log     *slog.Logger

	mu      sync.Mutex
	grant   auth.Grant
	ahead   time.Time // when to renew; zero: only when refused
	renewal *renewal  // the one under way
}

type renewal struct {
	done  chan struct{}
	grant auth.Grant
	err   error
}

var _ backend.Grants = (*Grants)(nil)

// NewGrants begins with the grant that the login brought.
func NewGrants(first auth.Grant, renewer Renewer, log *slog.Logger) *Grants {
	g := &Grants{renewer: renewer, log: log}
	g.keep(first)
	return g
}

// keep makes grant the one to use. It is called with mu held, or before anybody else knows g.
func (g *Grants) keep(grant auth.Grant) {
	g.grant = grant
	g.ahead = time.Time{}
	if !grant.Expires.IsZero() {
		g.ahead = grant.Expires.Add(-min(renewAhead, time.Until(grant.Expires)/10))
	}
}

// Current implements [backend.Grants]. While the grant in use is still good it is returned even when it cannot be renewed.
func (g *Grants) Current(ctx context.Context) (auth.Grant, error) {
	g.mu.Lock()
	grant, due := g.grant, !g.ahead.IsZero() && time.Now().After(g.ahead)
	g.mu.Unlock()
	if !due {
		return grant, nil
	}
	fresh, err := g.Renew(ctx, grant)
	if err != nil && time.Now().Before(grant.Expires) {
		g.mu.Lock()
		if g.grant.Token == grant.Token {
			g.ahead = time.Now().Add(renewPause)
		}
		g.mu.Unlock()
		return grant, nil
	}
	return fresh, err
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
		r = &renewal{done: make(chan struct{})}
		g.renewal = r
		// The renewal is for everybody who waits: the first one's end must not end it. It ends by its timeout.
		go g.renew(context.WithoutCancel(ctx), r)
	}
	g.mu.Unlock()
	select {
	case <-r.done:
		return r.grant, r.err
	case <-ctx.Done():
		return auth.Grant{}, ctx.Err()
	}
}

func (g *Grants) renew(ctx context.Context, r *renewal) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	start := time.Now()
	grant, err := g.renewer.Renew(ctx, g.inUse())
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.keep(grant)
		r.grant = grant
		g.log.Debug("grant renewed", "dur", time.Since(start), "expires", grant.Expires)
	} else {
		r.err = renewError(err)
		g.log.Warn("grant not renewed", "dur", time.Since(start), "err", err)
	}
	g.renewal = nil
	close(r.done)
}

func (g *Grants) inUse() auth.Grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.grant
}

// renewError says in the storage's terms what it means that there is no grant any more.
func renewError(err error) error {
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrUnknownUser) {
		return &vfs.Error{Kind: vfs.ErrPermission, Text: "the login is no longer valid: log in again", Err: err}
	}
	return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "the login could not be renewed, try again later", Err: err}
}
