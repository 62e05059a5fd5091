package login

import (
	"context"
	"math/rand/v2"
	"time"
)

// pace sees to it that logins are checked a few at a time, and that a failed one takes as long whatever the reason.
type pace struct {
	failDelay time.Duration
	slots     chan struct{}
}

func newPace(failDelay time.Duration, concurrent int) *pace {
	return &pace{failDelay: failDelay, slots: make(chan struct{}, concurrent)}
}

// enter waits until one more login may be checked. The caller calls leave after a nil.
func (p *pace) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *pace) leave() { <-p.slots }

// hold waits until a failed login that began at that time may be answered. It takes no place from those that are checked.
func (p *pace) hold(ctx context.Context, began time.Time) {
	delay := p.failDelay
	if delay > 0 {
		delay += rand.N(delay/4 + 1)
	}
	sleep(ctx, time.Until(began.Add(delay)))
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
