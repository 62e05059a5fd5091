package gateway

import (
	"context"
	"sync"
	"time"

	"filegate/core/login"
	"filegate/core/session"
)

const (
	// linger is how long a session must have had nothing to do before it counts as idle: the answer
	// to its last operation has to go out, and a client that moves many files pauses between two.
	linger = 250 * time.Millisecond
	// hangUp is how long frontends may take to end their connections when all sessions have ended.
	hangUp = 5 * time.Second
)

// ErrShutdown is the reason of sessions that the gateway ended at its shutdown.
var ErrShutdown = login.ErrShutdown

// linger goes on serving for the drain_delay of the configuration, while /readyz says that no
// client should be sent here: a load balancer notices before anybody is refused. It ends when now
// does, and returns the error of a frontend that fails meanwhile.
func (g *Gateway) linger(now context.Context) error {
	g.lingering.Store(true)
	delay := g.config().DrainDelay
	if delay <= 0 {
		return nil
	}
	g.log.Info("told to stop, and serving on", "dur", delay)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-now.Done():
	case err := <-g.failed:
		return err
	}
	return nil
}

// drain ends everybody's session with care. No new client comes in from here on and no login
// succeeds. A session that is idle ends at once; a busy one when it is idle, or when the grace of
// the configuration is over. When now ends, so does all.
func (g *Gateway) drain(now context.Context) {
	g.down()
	g.reloading.Lock() // one that is under way comes to its end first, and none follows
	sessions := g.desk.Shut()
	g.mu.Lock()
	open := append([]*door(nil), g.doors...)
	for d := range g.retired {
		open = append(open, d)
	}
	wait := g.cfg.ShutdownGrace
	g.mu.Unlock()
	g.reloading.Unlock()
	g.log.Info("shutting down", "sessions", len(sessions), "grace", wait)
	cut, cancel := context.WithCancel(now)
	defer cancel()
	var doors sync.WaitGroup
	for _, d := range open {
		doors.Go(func() {
			if err := d.server.Shutdown(cut); err != nil {
				g.log.Warn("connections were cut", "frontend", d.label(), "err", err)
			}
		})
	}
	grace, stop := context.WithTimeout(now, wait)
	defer stop()
	var ending sync.WaitGroup
	for _, s := range sessions {
		ending.Go(func() {
			if err := untilIdle(grace, s); err != nil {
				s.Log().Warn("session cut while it was busy", "err", err)
			}
			s.End(ErrShutdown)
		})
	}
	ending.Wait()
	defer time.AfterFunc(hangUp, cancel).Stop()
	doors.Wait()
}

// untilIdle returns nil when the session has had nothing to do for a while or has ended, else the
// error of ctx.
func untilIdle(ctx context.Context, s *session.Session) error {
	expired, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		if err := s.WaitIdle(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(linger):
		case <-s.Context().Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.WaitIdle(expired) == nil { // idle still
			return nil
		}
	}
}
