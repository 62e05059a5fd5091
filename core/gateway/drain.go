package gateway

import (
	"context"
	"sync"
	"time"

	"filegate/core/login"
	"filegate/core/session"
)

const (
	// idleAfter is how long a session must have done nothing to count as idle: the answer to its
	// last operation must be sent, and a client that transfers many files pauses between two.
	idleAfter = 250 * time.Millisecond
	// hangUp is the time that frontends have to close their connections after all sessions have
	// ended.
	hangUp = 5 * time.Second
)

// ErrShutdown is the reason of sessions that the gateway ended at its shutdown.
var ErrShutdown = login.ErrShutdown

// serveDrainDelay continues to serve for drain_delay, while /readyz fails, so that a load balancer
// notices before a client is refused. It returns early if now ends, or with the error of a frontend
// that fails.
func (g *Gateway) serveDrainDelay(now context.Context) error {
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

// drain ends all sessions gracefully. It refuses new clients and logins. An idle session ends at
// once; a busy one ends when it is idle, or at the end of the configured grace period. When now
// ends, all sessions end.
func (g *Gateway) drain(now context.Context) {
	g.down()
	g.reloading.Lock() // a running reload completes first, and no other begins
	sessions := g.desk.Shut()
	g.mu.Lock()
	open := append([]*servedFrontend(nil), g.doors...)
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

// untilIdle returns nil when the session has been idle for idleAfter or has ended, or else the
// error of ctx.
func untilIdle(ctx context.Context, s *session.Session) error {
	expired, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		if err := s.WaitIdle(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(idleAfter):
		case <-s.Context().Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.WaitIdle(expired) == nil { // still idle
			return nil
		}
	}
}
