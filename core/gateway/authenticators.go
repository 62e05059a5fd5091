package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/config"
	"filegate/core/login"
)

// retireLinger is how long a program that a reload has replaced is kept at least: it may have
// answered a login that is no session yet.
const retireLinger = login.Timeout

// authenticators are the programs that check logins, by the operator's names. A reload replaces
// some of them (see reload.go). One that was replaced gets no login any more, and stays until the
// sessions that it has let in are over.
type authenticators struct {
	log *slog.Logger

	mu         sync.Mutex
	concurrent int // logins that each is asked at a time
	waiting    int // logins that wait for one
	byName     map[string]*authenticator
	started    uint64 // how many were, which numbers them
	closed     bool

	ending sync.WaitGroup // of programs
}

func newAuthenticators(log *slog.Logger, concurrent, waiting int) *authenticators {
	return &authenticators{log: log, concurrent: concurrent, waiting: waiting, byName: map[string]*authenticator{}}
}

// authenticator is what one of the names stands for over time. It is an auth.Authenticator that
// goes on through a reload.
type authenticator struct {
	all  *authenticators
	name string

	// Under all.mu. Of gate and queue each login keeps those that it began with.
	gate    chan struct{} // a login holds a place while it is checked: one authenticator that hangs takes none from others
	queue   chan struct{} // of those that wait for a place
	current *running      // nil once the configuration does not have it any more
	retired map[uint64]*running
}

var (
	_ auth.Revalidator = (*authenticator)(nil)
	_ auth.Releaser    = (*authenticator)(nil)
)

// running is a program with the configuration that it was started for.
type running struct {
	auth.Plugin
	config *config.Auth
	number uint64

	// Under authenticators.mu.
	sessions  int
	lingering *time.Timer // set once it is retired
	lingered  bool
}

// replace puts programs that have just been started into the place of those of the same names, and
// retires those that go.
func (as *authenticators) replace(fresh []*running, gone []string) {
	as.mu.Lock()
	defer as.mu.Unlock()
	for _, r := range fresh {
		a := as.byName[r.config.Name]
		if a == nil {
			a = &authenticator{all: as, name: r.config.Name, gate: make(chan struct{}, as.concurrent), queue: make(chan struct{}, as.waiting), retired: map[uint64]*running{}}
			as.byName[a.name] = a
		}
		as.started++
		r.number = as.started
		a.retire()
		a.current = r
	}
	for _, name := range gone {
		if a := as.byName[name]; a != nil {
			a.retire()
		}
	}
}

// bound says how many logins each authenticator is asked at a time from now on, and how many wait.
func (as *authenticators) bound(concurrent, waiting int) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.concurrent == concurrent && as.waiting == waiting {
		return
	}
	as.concurrent, as.waiting = concurrent, waiting
	for _, a := range as.byName {
		a.gate, a.queue = make(chan struct{}, concurrent), make(chan struct{}, waiting)
	}
}

// retire takes the current program out of use. It is called with mu held.
func (a *authenticator) retire() {
	r := a.current
	if r == nil {
		return
	}
	a.current = nil
	a.retired[r.number] = r
	r.lingering = time.AfterFunc(retireLinger, func() {
		a.all.mu.Lock()
		defer a.all.mu.Unlock()
		r.lingered = true
		a.endIfUnused(r)
	})
}

// endIfUnused ends a program that is retired when no session needs it. It is called with mu held.
func (a *authenticator) endIfUnused(r *running) {
	if r.sessions > 0 || !r.lingered || a.all.closed {
		return
	}
	delete(a.retired, r.number)
	a.all.ending.Go(func() {
		if err := r.Close(); err != nil {
			a.all.log.Warn("authenticator could not be stopped", "authenticator", a.name, "err", err)
			return
		}
		a.all.log.Info("authenticator of before the reload stopped", "authenticator", a.name)
	})
}

// used keeps the program that gave a grant for a session, until the function that is returned is
// called.
func (as *authenticators) used(grant auth.Grant) (done func()) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a := as.byName[grant.Issuer]
	if a == nil {
		return func() {}
	}
	r := a.giver(grant)
	if r == nil {
		return func() {}
	}
	r.sessions++
	return func() {
		as.mu.Lock()
		defer as.mu.Unlock()
		r.sessions--
		a.endIfUnused(r)
	}
}

// giver returns the program that gave a grant. Where that has ended, or belongs to another gateway,
// it is the one of now, which has the same key for what is sealed, or else the last that was
// retired; nil where there is none. It is called with mu held.
func (a *authenticator) giver(grant auth.Grant) *running {
	if r := a.retired[grant.Generation]; r != nil {
		return r
	}
	if a.current != nil {
		return a.current
	}
	var last *running
	for _, r := range a.retired {
		if last == nil || r.number > last.number {
			last = r
		}
	}
	return last
}

// ask runs f with the program that gave a grant, or the one of now for a grant that nobody has
// given.
func (a *authenticator) ask(grant auth.Grant, f func(*running) error) error {
	a.all.mu.Lock()
	r := a.giver(grant)
	a.all.mu.Unlock()
	if r == nil { // which says nothing about the login
		return fmt.Errorf("it is not in the configuration any more: %w", auth.ErrUnavailable)
	}
	return f(r)
}

// errBusy refuses a login when as many as may wait do.
var errBusy error = &auth.Error{
	Kind: fmt.Errorf("too many logins wait for their turn: %w", auth.ErrUnavailable),
	Text: "Too many logins at a time, try again later.",
}

// enter waits until the turn of a login has come, unless too many wait already. leave ends it.
func (a *authenticator) enter(ctx context.Context) (leave func(), err error) {
	a.all.mu.Lock()
	gate, queue := a.gate, a.queue
	a.all.mu.Unlock()
	leave = func() { <-gate }
	select {
	case gate <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case queue <- struct{}{}:
		defer func() { <-queue }()
	default:
		return nil, errBusy
	}
	select {
	case gate <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for other logins: %w: %w", auth.ErrUnavailable, context.Cause(ctx))
	}
}

// Authenticate implements [auth.Authenticator].
func (a *authenticator) Authenticate(ctx context.Context, req auth.Request) (resp auth.Response, err error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return resp, err
	}
	defer leave()
	err = a.ask(auth.Grant{}, func(r *running) error {
		if resp, err = r.Authenticate(ctx, req); err == nil && resp.Identity != nil {
			resp.Identity.Grant.Generation = r.number
		}
		return err
	})
	return resp, err
}

// Renew implements [auth.Authenticator].
func (a *authenticator) Renew(ctx context.Context, grant auth.Grant) (fresh auth.Grant, err error) {
	err = a.ask(grant, func(r *running) error {
		fresh, err = r.Renew(ctx, grant)
		fresh.Generation = r.number
		return err
	})
	return fresh, err
}

// Revalidate implements [auth.Revalidator].
func (a *authenticator) Revalidate(ctx context.Context, id auth.Identity) error {
	return a.ask(id.Grant, func(r *running) error { return r.Revalidate(ctx, id) })
}

// Release implements [auth.Releaser].
func (a *authenticator) Release(ctx context.Context, grant auth.Grant) error {
	return a.ask(grant, func(r *running) error { return r.Release(ctx, grant) })
}

// current returns the programs that logins go to, by name.
func (as *authenticators) current() map[string]*running {
	as.mu.Lock()
	defer as.mu.Unlock()
	all := map[string]*running{}
	for name, a := range as.byName {
		if a.current != nil {
			all[name] = a.current
		}
	}
	return all
}

// load is what an authenticator has to do.
type load struct{ checking, waiting int }

// load returns how many logins are checked by each authenticator, and wait for it.
func (as *authenticators) load() map[string]load {
	as.mu.Lock()
	defer as.mu.Unlock()
	all := map[string]load{}
	for name, a := range as.byName {
		if a.current != nil {
			all[name] = load{len(a.gate), len(a.queue)}
		}
	}
	return all
}

// retired returns how many programs there are beside those, for sessions of before a reload.
func (as *authenticators) retired() int {
	as.mu.Lock()
	defer as.mu.Unlock()
	n := 0
	for _, a := range as.byName {
		n += len(a.retired)
	}
	return n
}

// troubles returns which programs do not answer, and why, by name.
func (as *authenticators) troubles() map[string]error {
	troubles := map[string]error{}
	for name, r := range as.current() {
		if err := r.Healthy(); err != nil {
			troubles[name] = fmt.Errorf("authenticator %s: %w", name, err)
		}
	}
	return troubles
}

// ready returns why logins should not be sent here: an authenticator that the configuration says is
// required does not answer, or none of those that a frontend asks does.
func (as *authenticators) ready(frontends map[string]auth.Chain) error {
	troubles := as.troubles()
	var errs []error
	for name, r := range as.current() {
		if r.config.Required && troubles[name] != nil {
			errs = append(errs, troubles[name])
		}
	}
	for frontend, chain := range frontends {
		var down []error
		for _, m := range chain {
			if err := troubles[m.Name]; err != nil {
				down = append(down, err)
			}
		}
		if len(down) > 0 && len(down) == len(chain) {
			errs = append(errs, fmt.Errorf("frontend %s has no authenticator that answers: %w", frontend, errors.Join(down...)))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// named returns those of the names, in that order. One that did not start is left out.
func (as *authenticators) named(names []string) auth.Chain {
	as.mu.Lock()
	defer as.mu.Unlock()
	var chain auth.Chain
	for _, name := range names {
		if a := as.byName[name]; a != nil {
			chain = append(chain, auth.Named{Name: name, Authenticator: a})
		}
	}
	return chain
}

// close stops all programs and waits for their end.
func (as *authenticators) close() error {
	as.mu.Lock()
	as.closed = true
	var all []*running
	for _, a := range as.byName {
		for _, r := range a.retired {
			r.lingering.Stop()
			all = append(all, r)
		}
		if a.current != nil {
			all = append(all, a.current)
		}
	}
	as.mu.Unlock()
	err := stop(all)
	as.ending.Wait()
	return err
}

// stop stops programs, all at the same time.
func stop(all []*running) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, r := range all {
		wg.Go(func() {
			if err := r.Close(); err != nil {
				errs[i] = fmt.Errorf("authenticator %q: %w", r.config.Name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// chain is the authenticators that one frontend asks, in the order of the configuration of now.
type chain struct {
	all     *authenticators
	members atomic.Pointer[auth.Chain]
}

var (
	_ auth.Revalidator = (*chain)(nil)
	_ auth.Releaser    = (*chain)(nil)
)

// set makes the chain of those of the names.
func (c *chain) set(names []string) {
	members := c.all.named(names)
	c.members.Store(&members)
}

// methods returns what its members can do.
func (c *chain) methods() []auth.Method {
	var all []auth.Method
	running := c.all.current()
	for _, m := range *c.members.Load() {
		if r := running[m.Name]; r != nil {
			all = append(all, r.Info().Methods...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Authenticate implements [auth.Authenticator].
func (c *chain) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	return c.members.Load().Authenticate(ctx, req)
}

// Renew implements [auth.Authenticator]. The issuer may have left the chain since.
func (c *chain) Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
	return c.all.named([]string{grant.Issuer}).Renew(ctx, grant)
}

// Revalidate implements [auth.Revalidator].
func (c *chain) Revalidate(ctx context.Context, id auth.Identity) error {
	return c.all.named([]string{id.Grant.Issuer}).Revalidate(ctx, id)
}

// Release implements [auth.Releaser].
func (c *chain) Release(ctx context.Context, grant auth.Grant) error {
	return c.all.named([]string{grant.Issuer}).Release(ctx, grant)
}
