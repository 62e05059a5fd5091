package gateway

import (
	"time"

	"filegate/core/backend"
	"filegate/core/config"
)

// runningBackend is a running backend.
type runningBackend struct {
	backend.Backend
	config   *config.Backend
	observer *backendObserver
}

// newStore starts a backend, with an observer that counts its requests.
func (g *Gateway) newStore(b *config.Backend) (*runningBackend, error) {
	s := &runningBackend{config: b, observer: g.metrics.backend(b.Name)}
	made, err := b.Config.New(backend.Env{
		Name: b.Name, Log: g.log.With("backend", b.Name), Cache: g.shared, Local: g.local, Observer: s.observer,
	})
	s.Backend = made
	return s, err
}

// stores returns the current backends by name.
func (g *Gateway) stores() map[string]*runningBackend {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[string]*runningBackend, len(g.backends))
	for name, s := range g.backends {
		all[name] = s
	}
	return all
}

// retireStore closes a replaced backend when no session needs it any more. Logins that were in
// progress when it was replaced may still begin sessions on it.
func (g *Gateway) retireStore(s *runningBackend) {
	g.retiring.Go(func() {
		lingering := time.NewTimer(retireLinger)
		defer lingering.Stop()
		select {
		case <-lingering.C:
		case <-g.life.Done():
		}
		for _, sess := range g.desk.Sessions() {
			select {
			case <-sess.Closed():
			case <-g.life.Done():
			}
		}
		if err := s.Close(); err != nil {
			g.log.Warn("backend of before the reload could not be closed", "backend", s.config.Name, "err", err)
			return
		}
		g.log.Info("backend of before the reload closed", "backend", s.config.Name)
	})
}
