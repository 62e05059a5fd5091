package authplugin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// missedPings is the number of consecutive unanswered health checks after which a program
	// without calls is replaced.
	missedPings = 2
	// missedCalls is the number of consecutive calls without an answer until their deadline after
	// which a program is replaced. Until the next program has answered a call, one such call is
	// enough.
	missedCalls = 8
	// steadyAfter is the time that a program must have run to be restarted after the shortest
	// pause, as a multiple of the longest pause.
	steadyAfter = 2
)

// errHung is the trouble of a program that leaves calls unanswered.
var errHung = errors.New("it left several calls in a row unanswered until their deadline (call_timeout)")

// errClosed is the trouble of a program that was closed.
var errClosed = errors.New("it was stopped")

// supervise keeps the program running until ctx ends, and then stops it.
func (p *program) supervise(ctx context.Context, inst *instance) {
	pause := p.restart.min
	for {
		why := p.watch(ctx, inst)
		p.lost(inst, why)
		inst.stop()
		if ctx.Err() != nil {
			return
		}
		// A program that ends repeatedly costs a start each time, however long it runs in between.
		// Only a program that has run for longer than the longest pauses begins with the shortest
		// pause again.
		if time.Since(inst.since) > steadyAfter*p.restart.max {
			pause = p.restart.min
		}
		p.log.Error("authenticator ended", "pid", inst.process.ID(), "err", why, "pause", pause)
		if inst, pause = p.revive(ctx, pause); inst == nil {
			return
		}
	}
}

// watch returns the reason when the program is lost: it has ended or does not answer, or ctx is
// done.
func (p *program) watch(ctx context.Context, inst *instance) error {
	ticker := time.NewTicker(p.restart.health)
	defer ticker.Stop()
	connected, cancel := context.WithCancel(ctx)
	broken := make(chan struct{}, 1)
	var watching sync.WaitGroup
	watching.Go(func() { inst.watchConnection(connected, broken) })
	defer watching.Wait()
	defer cancel()
	var last error
	for missed := 0; missed < missedPings; {
		select {
		case <-ctx.Done():
			return errClosed
		case <-inst.process.exited:
			return errors.New("it ended: " + inst.process.how())
		case <-inst.hung:
			return errHung
		case <-broken:
			if err := p.reconnect(ctx, inst); err != nil {
				return fmt.Errorf("its socket is closed: %w", err)
			}
			continue
		case <-ticker.C:
		}
		busy := len(p.slots) > 0
		pingCtx, cancel := context.WithTimeout(ctx, p.restart.healthLimit)
		err := inst.ping(pingCtx)
		cancel()
		switch {
		case err == nil:
			missed = 0
		case busy || len(p.slots) > 0:
			// A program with few threads answers its calls first. Whether it hangs is decided by
			// the deadlines of these calls.
			continue
		default:
			missed++
			last = err
		}
		p.troubled(inst, err)
	}
	return fmt.Errorf("it does not answer when it is asked for its health: %w", last)
}

// reconnect checks a program whose connection has ended. It returns nil if the program can be
// reached again: it may have closed only an old connection.
func (p *program) reconnect(ctx context.Context, inst *instance) error {
	limited, cancel := context.WithTimeout(ctx, p.restart.healthLimit)
	defer cancel()
	err := inst.ping(limited)
	if err != nil && (ctx.Err() != nil || p.died(ctx, inst)) {
		return nil // watch finds the better reason
	}
	return err
}

// unanswered counts a call that inst has not answered until its deadline. A program that hangs is
// taken out of use at once.
func (p *program) unanswered(inst *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != inst {
		return
	}
	if p.missed++; p.missed < missedCalls && !p.suspect {
		return
	}
	p.suspect = true
	p.takeDown(errHung)
	close(inst.hung)
}

// answered records that inst answers its calls.
func (p *program) answered(inst *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == inst {
		p.missed, p.suspect = 0, false
	}
}

// takeDown makes calls wait for the next program. It is called with mu held.
func (p *program) takeDown(why error) {
	p.current, p.trouble, p.missed, p.down = nil, why, 0, time.Now()
	p.ready = make(chan struct{})
}

// revive starts the program again, after a pause that doubles with each failure. It returns the
// pause for the next time, and no program if ctx ends.
func (p *program) revive(ctx context.Context, pause time.Duration) (*instance, time.Duration) {
	for {
		// Half of the pause is random, so that authenticators that have died together do not start
		// together.
		wait := pause/2 + rand.N(pause/2+1)
		pause = min(2*pause, p.restart.max)
		select {
		case <-ctx.Done():
			return nil, pause
		case <-time.After(wait):
		}
		began := time.Now()
		inst, err := p.start(ctx)
		switch {
		case err == nil:
			p.up(inst, time.Since(began), true)
			return inst, pause
		case ctx.Err() != nil:
			return nil, pause
		}
		p.log.Error("authenticator cannot be started again", "err", err, "next", pause)
		p.troubled(nil, fmt.Errorf("it cannot be started again: %w", err))
	}
}

// up makes inst the program that gets the calls.
func (p *program) up(inst *instance, took time.Duration, again bool) {
	p.mu.Lock()
	p.current, p.info, p.file, p.trouble = inst, inst.info, inst.file, nil
	close(p.ready)
	p.mu.Unlock()
	p.log.Info("authenticator started", "pid", inst.process.ID(), "version", inst.info.Version, "dur", took)
	if p.spec.Observer != nil {
		p.spec.Observer.Started(took, again)
	}
}

// lost makes calls wait for the next program, if inst is the one that gets the calls.
func (p *program) lost(inst *instance, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == inst {
		p.takeDown(why)
	}
}

// troubled records the program's trouble, or nil, if inst is the one that gets the calls.
func (p *program) troubled(inst *instance, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == inst {
		p.trouble = err
	}
}
