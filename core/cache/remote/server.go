package remote

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// server is one server and its health.
type server struct {
	name  string
	store Store
	log   *slog.Logger
	pause time.Duration

	failures atomic.Int64 // in all

	mu    sync.Mutex
	inRow int       // failures in a row
	until time.Time // when the server is tried again, after MaxFailures
}

// MaxFailures is after how many failures in a row a server is not asked for a while.
const MaxFailures = 3

var errNotAsked = errors.New("the server has failed and is not asked for a while")

// do makes one request, unless the server is not asked at the moment.
func (s *server) do(ctx context.Context, request func(Store) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.mayTry() {
		return errNotAsked
	}
	err := request(s.store)
	if err == nil || errors.Is(err, ErrChanged) {
		s.worked()
	} else {
		s.failed(err)
	}
	return err
}

func (s *server) get(ctx context.Context, names []string) (items map[string]Item, err error) {
	err = s.do(ctx, func(store Store) error {
		items, err = store.Get(ctx, names)
		return err
	})
	return items, err
}

// mayTry reports whether the server can be asked. After the pause it lets one request through, as a
// test.
func (s *server) mayTry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inRow < MaxFailures {
		return true
	}
	now := time.Now()
	if now.Before(s.until) {
		return false
	}
	s.until = now.Add(s.pause)
	return true
}

func (s *server) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inRow >= MaxFailures {
		s.log.Info("the cache server is back")
	}
	s.inRow = 0
}

func (s *server) failed(err error) {
	s.store.Failed()
	s.failures.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inRow++
	s.until = time.Now().Add(s.pause)
	if s.inRow == MaxFailures {
		s.log.Warn("the cache server does not work, going on without it", "err", err)
	}
}
