package authplugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"filegate/core/auth"
)

// deathNotice is the time within which the end of the program should be known after the end of the
// connection.
const deathNotice = 250 * time.Millisecond

// program is an authenticator program that is kept running. It implements auth.Plugin.
type program struct {
	spec         auth.LaunchSpec
	log          *slog.Logger
	sockets      *socketDir
	sealKey      []byte
	values       []byte // the configuration, after the first start
	startTimeout time.Duration
	callTimeout  time.Duration
	restart      restart
	slots        chan struct{} // one for each running call
	masks        *masks

	cancel    context.CancelFunc // ends supervise
	wg        sync.WaitGroup
	closeOnce sync.Once
	closeErr  error

	mu      sync.Mutex
	current *instance     // nil while it is down
	ready   chan struct{} // closed while current is not nil
	info    auth.Info
	file    fs.FileInfo // the program file at the last start
	trouble error       // the reason why the program is down or does not answer; nil if it answers
	down    time.Time   // when current became nil
	missed  int         // number of consecutive calls that were not answered
	suspect bool        // the previous program hung, and the current one has not answered a call yet
}

var _ auth.Plugin = (*program)(nil)

// launch makes the first start, which gets the configuration.
func (p *program) launch(ctx context.Context) (auth.Diagnostics, error) {
	began := time.Now()
	inst, err := p.startInstance(ctx)
	if err != nil {
		return nil, err
	}
	values, diags := p.spec.Decode(inst.info.Schema)
	if len(diags) == 0 {
		p.values = values
		diags, err = p.configure(ctx, inst)
	}
	if err != nil || len(diags) > 0 {
		inst.stop()
		return diags, err
	}
	p.up(inst, time.Since(began), false)
	// Supervision outlasts this call; Close ends it.
	supervised, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.cancel = cancel
	p.wg.Go(func() { p.supervise(supervised, inst) })
	return nil, nil
}

// start starts a program with the configuration of the first start.
func (p *program) start(ctx context.Context) (*instance, error) {
	inst, err := p.startInstance(ctx)
	if err != nil {
		return nil, err
	}
	diags, err := p.configure(ctx, inst)
	if err == nil && len(diags) > 0 {
		err = rejected(diags)
	}
	if err != nil {
		inst.stop()
		return nil, err
	}
	return inst, nil
}

func (p *program) startInstance(ctx context.Context) (*instance, error) {
	file, err := checkFile(p.spec)
	if err != nil {
		return nil, err
	}
	inst, err := startInstance(ctx, p.spec, p.sockets.path, p.startTimeout, p.log, p.masks)
	if err != nil {
		return nil, err
	}
	inst.file = file
	if err := inst.checkKind(p.spec.Kind); err != nil {
		inst.stop()
		return nil, err
	}
	return inst, nil
}

func (p *program) configure(ctx context.Context, inst *instance) (auth.Diagnostics, error) {
	ctx, cancel := context.WithTimeout(ctx, p.startTimeout)
	defer cancel()
	callTimeout := p.callTimeout
	if callTimeout == forever {
		callTimeout = 0
	}
	diags, err := inst.configure(ctx, p.values, p.sealKey, callTimeout)
	if errors.Is(err, errLate) {
		return nil, fmt.Errorf("it has not answered Configure within %s: Configure must not wait for a network (%w)", p.startTimeout, err)
	}
	if err != nil || len(diags) > 0 {
		return diags, err
	}
	// A program that does not answer this would be regarded as hung a few seconds later.
	if err := inst.ping(ctx); err != nil {
		return nil, fmt.Errorf("it does not answer grpc.health.v1.Health/Check for the service %q: %w", goplugin.GRPCServiceName, err)
	}
	return nil, nil
}

// Authenticate implements auth.Authenticator.
func (p *program) Authenticate(ctx context.Context, req auth.Request) (resp auth.Response, err error) {
	err = p.call(ctx, "authenticate", func(ctx context.Context, inst *instance) (err error) {
		resp, err = inst.Authenticate(ctx, req)
		return err
	})
	return resp, err
}

// Renew implements auth.Authenticator.
func (p *program) Renew(ctx context.Context, grant auth.Grant) (fresh auth.Grant, err error) {
	err = p.callTwice(ctx, "renew", func(ctx context.Context, inst *instance) (err error) {
		fresh, err = inst.Renew(ctx, grant)
		return err
	})
	return fresh, err
}

// Revalidate implements auth.Revalidator.
func (p *program) Revalidate(ctx context.Context, id auth.Identity) error {
	return p.callTwice(ctx, "revalidate", func(ctx context.Context, inst *instance) error { return inst.Revalidate(ctx, id) })
}

// Release implements auth.Releaser.
func (p *program) Release(ctx context.Context, grant auth.Grant) error {
	return p.callTwice(ctx, "release", func(ctx context.Context, inst *instance) error { return inst.Release(ctx, grant) })
}

// callTwice is call for calls that are safe to repeat. A call that was interrupted by the end of
// the program is repeated, so that sessions do not notice it.
func (p *program) callTwice(ctx context.Context, what string, f func(context.Context, *instance) error) error {
	cutOff := false
	once := func(ctx context.Context, inst *instance) error {
		err := f(ctx, inst)
		cutOff = errors.Is(err, errNoAnswer) && p.died(ctx, inst)
		return err
	}
	err := p.call(ctx, what, once)
	if cutOff {
		err = p.call(ctx, what, once)
	}
	return err
}

// died reports whether inst has ended, and if so keeps calls from it. The connection ends a moment
// before the end of the process is known.
func (p *program) died(ctx context.Context, inst *instance) bool {
	select {
	case <-inst.process.exited:
		p.lost(inst, errors.New("it ended: "+inst.process.how()))
		return true
	case <-time.After(deathNotice):
		return false
	case <-ctx.Done():
		return false
	}
}

// call runs f with the running program. The number of calls at a time and the time of each are
// limited.
func (p *program) call(ctx context.Context, what string, f func(context.Context, *instance) error) error {
	began := time.Now()
	err := p.bounded(ctx, f)
	// Calls that the program does not support do not count.
	if p.spec.Observer != nil && !errors.Is(err, errors.ErrUnsupported) {
		p.spec.Observer.Called(what, time.Since(began), err)
	}
	return err
}

func (p *program) bounded(ctx context.Context, f func(context.Context, *instance) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.callTimeout)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return fmt.Errorf("%d calls are waiting for an answer already: %w: %w", cap(p.slots), auth.ErrUnavailable, ctx.Err())
	}
	inst, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	err = f(ctx, inst)
	switch {
	case errors.Is(err, errLate), errors.Is(err, errNoAnswer) && errors.Is(ctx.Err(), context.DeadlineExceeded):
		p.unanswered(inst)
	case !errors.Is(err, errNoAnswer):
		p.answered(inst)
	}
	if errors.Is(err, errNoAnswer) && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// acquire returns the running program. If it has just gone down, acquire waits a short time for the
// next one.
func (p *program) acquire(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	wait := p.restart.wait
	if p.current == nil {
		wait -= time.Since(p.down)
	}
	p.mu.Unlock()
	timeout := time.NewTimer(max(0, wait))
	defer timeout.Stop()
	for {
		p.mu.Lock()
		inst, ready, trouble := p.current, p.ready, p.trouble
		p.mu.Unlock()
		switch {
		case inst != nil:
			return inst, nil
		case errors.Is(trouble, errClosed):
			return nil, fmt.Errorf("%w: %w", errClosed, auth.ErrUnavailable)
		}
		select {
		case <-ready:
		case <-timeout.C:
			return nil, fmt.Errorf("the program is down: %w: %w", trouble, auth.ErrUnavailable)
		case <-ctx.Done():
			return nil, fmt.Errorf("the program is down: %w: %w: %w", trouble, auth.ErrUnavailable, ctx.Err())
		}
	}
}

// Info implements auth.Plugin.
func (p *program) Info() auth.Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

// Healthy implements auth.Plugin.
func (p *program) Healthy() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// Replaced implements auth.Plugin.
func (p *program) Replaced() bool {
	p.mu.Lock()
	was := p.file
	p.mu.Unlock()
	is, err := os.Stat(p.spec.Path)
	return err != nil || !os.SameFile(was, is) || was.Size() != is.Size() || !was.ModTime().Equal(is.ModTime())
}

// Close implements auth.Plugin.
func (p *program) Close() error {
	p.closeOnce.Do(func() {
		p.cancel()
		p.wg.Wait()
		p.closeErr = p.sockets.remove()
	})
	return p.closeErr
}
