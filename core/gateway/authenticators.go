package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/config"
	"filegate/core/login"
)

// retireLinger is the minimum time for which a replaced program is kept, because it may have
// answered a login whose session has not begun yet.
const retireLinger = login.Timeout

// authenticators are the programs that check logins, by their names. A reload replaces some of them
// (see reload.go). A replaced program gets no logins any more, and is kept until the sessions with
// its grants have ended.
type authenticators struct {
	log *slog.Logger

	mu         sync.Mutex
	concurrent int // maximum number of logins that each checks at the same time
	waiting    int // maximum number of logins that wait for each
	byName     map[string]*authenticator
	started    uint64 // number of programs started; it numbers them
	closed     bool

	ending sync.WaitGroup // programs that are being stopped
}

func newAuthenticators(log *slog.Logger, concurrent, waiting int) *authenticators {
	return &authenticators{log: log, concurrent: concurrent, waiting: waiting, byName: map[string]*authenticator{}}
}

// authenticator is an authenticator with a name in the configuration. It stays the same when a
// reload replaces its program. It implements auth.Authenticator.
type authenticator struct {
	all  *authenticators
	name string

	// The following are under all.mu. A login keeps the gate and the queue with which it began.

	// gate has a place for each login that is checked, so one authenticator that hangs does not
	// block the others.
	gate    chan struct{}
	queue   chan struct{} // a login holds a place while it waits for the gate
	current *running      // nil: it is no longer in the configuration
	retired map[uint64]*running
}

var (
	_ auth.Revalidator = (*authenticator)(nil)
	_ auth.Releaser    = (*authenticator)(nil)
)

// running is a running program with its configuration.
type running struct {
	auth.Plugin
	config *config.Auth
	number uint64

	// Under authenticators.mu.
	sessions  int
	lingering *time.Timer // set when the program is retired
	lingered  bool
}

// replace makes newly started programs current under their names, and retires the previous ones and
// those in gone.
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

// bound sets the number of logins that each authenticator checks at the same time, and the number
// that may wait.
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

// endIfUnused stops a retired program if no session needs it. It is called with mu held.
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

// used keeps the program that gave a grant running for a session, until done is called.
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

// giver returns the program that gave a grant. If that has ended or belongs to another gateway,
// giver returns the current program, which has the same sealing key, or else the last retired one,
// or nil. It is called with mu held.
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

// ask calls f with the program that gave a grant, or with the current one if none did.
func (a *authenticator) ask(grant auth.Grant, f func(*running) error) error {
	a.all.mu.Lock()
	r := a.giver(grant)
	a.all.mu.Unlock()
	if r == nil { // this says nothing about the login
		return fmt.Errorf("it is not in the configuration any more: %w", auth.ErrUnavailable)
	}
	return f(r)
}

// errBusy refuses a login if too many are already waiting.
var errBusy error = &auth.Error{
	Kind: fmt.Errorf("too many logins wait for their turn: %w", auth.ErrUnavailable),
	Text: "Too many logins at a time, try again later.",
}

// enter waits until a login may be checked, unless too many are waiting already. The caller calls
// leave at its end.
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

// current returns the current programs by name.
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

// load is the number of logins at an authenticator.
type load struct{ checking, waiting int }

// load returns the number of logins that each authenticator is checking, and that wait for it.
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

// retired returns the number of replaced programs that still run for earlier sessions.
func (as *authenticators) retired() int {
	as.mu.Lock()
	defer as.mu.Unlock()
	n := 0
	for _, a := range as.byName {
		n += len(a.retired)
	}
	return n
}

// troubles returns the reasons why programs do not answer, by name.
func (as *authenticators) troubles() map[string]error {
	troubles := map[string]error{}
	for name, r := range as.current() {
		if err := r.Healthy(); err != nil {
			troubles[name] = fmt.Errorf("authenticator %s: %w", name, err)
		}
	}
	return troubles
}

// ready returns an error if no logins should be sent here: a required authenticator does not
// answer, or none of the authenticators of a frontend does.
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

// named returns the authenticators with these names, in this order. It leaves out those that have
// not started.
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

// stop stops programs in parallel.
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
