package login

import (
	"context"
	"math/rand/v2"
	"time"
)

// pace makes all failed logins take the same time, so that the time does not reveal the reason.
type pace struct {
	rules *rules
}

// hold waits until the answer to a failed login is due, which began at the time began.
func (p *pace) hold(ctx context.Context, began time.Time) {
	delay := p.rules.now().login.FailDelay
	if delay > 0 {
		delay += rand.N(delay/4 + 1)
	}
	sleep(ctx, time.Until(began.Add(delay)))
}

// sleep waits for d, or until ctx ends.
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
