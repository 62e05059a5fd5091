// Package hook reports actions of clients to programs and web addresses of the operator, and asks
// them before actions.
//
// [Hooks] has the hooks of a configuration. Each hook has a queue in memory and one goroutine that
// delivers its events in order (deliver.go), so a slow receiver delays no client and no other hook.
// An event is a record of the audit log.
//
// # Decisions
//
// The queue is in memory, because a gateway keeps no state on its machine. When the queue is full,
// a new event is dropped, counted and logged. An operator who needs every event reads the audit
// log.
//
// Only successful actions are events. Refused actions are in the audit log only, because there are
// many of them when a client guesses passwords.
//
// If a hook that is asked before an action fails, the action is refused, because an operator who
// has uploads checked does not want unchecked ones.
package hook

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"filegate/core/audit"
	"filegate/core/config"
)

// Observer counts events. Its method must return at once.
type Observer interface {
	// Event is called once for each event of a hook. The result is "delivered", or "dropped" if the
	// queue was full or the delivery failed. For a hook that is asked before actions, the results
	// are "allowed", "refused", "failed", and "busy" if the request had to wait too long.
	Event(hook, result string)
}

// firstPause is the pause after the first failed attempt. Each further pause is twice as long, up
// to maxPause.
const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// lastWords is the time that Close waits for the delivery of queued events.
const lastWords = 5 * time.Second

// logPause is the minimum interval between two log messages about dropped events.
const logPause = time.Minute

// Hooks are the hooks of the current configuration. Its methods are safe for concurrent use. A nil
// *Hooks is empty.
type Hooks struct {
	log      *slog.Logger
	observer Observer
	pause    time.Duration // firstPause

	life    context.Context // of the deliveries
	end     context.CancelFunc
	running sync.WaitGroup

	mu      sync.RWMutex // held for reading while an event is put into queues
	closed  bool
	current map[string]*hook
}

// hook is one running hook.
type hook struct {
	config *config.EventHook
	life   context.Context // of the deliveries
	end    context.CancelFunc
	queue  chan audit.Record
	asking *places // for requests before an action
	send   sender
	lost   lost
	busy   lost // requests that had to wait too long
}

// New returns empty Hooks. Call Close after the last use.
func New(log *slog.Logger, observer Observer) *Hooks {
	h := &Hooks{log: log, observer: observer, pause: firstPause, current: map[string]*hook{}}
	h.life, h.end = context.WithCancel(context.Background())
	return h
}

// Follow switches to the hooks of another configuration. Unchanged hooks keep running. Removed and
// changed hooks still deliver the events in their queues, for at most their RetryFor in all.
func (h *Hooks) Follow(cfg []*config.EventHook) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	next := map[string]*hook{}
	for _, c := range cfg {
		if old := h.current[c.Name]; old != nil && same(old.config, c) {
			next[c.Name] = old
			continue
		}
		k := &hook{config: c, queue: make(chan audit.Record, c.Queue), send: newSender(c), asking: newPlaces()}
		k.life, k.end = context.WithCancel(h.life)
		next[c.Name] = k
		h.running.Go(func() { h.run(k) })
	}
	for name, old := range h.current {
		if next[name] != old {
			close(old.queue)
			// Without retries, the current attempt still ends.
			time.AfterFunc(max(old.config.RetryFor, old.config.Timeout), old.end)
		}
	}
	h.current = next
}

func same(a, b *config.EventHook) bool {
	x, y := *a, *b
	x.Block, y.Block = config.Block{}, config.Block{} // ignore their places in the file
	x.Roots, y.Roots = nil, nil                       // DeepEqual finds no two pools equal
	return a.Roots.Equal(b.Roots) && reflect.DeepEqual(x, y)
}

// Send puts a record into the queues of the hooks that are configured for its event. It never
// waits.
func (h *Hooks) Send(r audit.Record) {
	if h == nil || r.Result != "ok" {
		return
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return
	}
	for _, k := range h.current {
		if k.config.Before || !slices.Contains(k.config.Events, r.Event) {
			continue
		}
		select {
		case k.queue <- r:
		default:
			h.dropped(k, "the queue is full")
		}
	}
}

// Close delivers the queued events for a short time, drops the others, and ends all deliveries.
func (h *Hooks) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		for _, k := range h.current {
			close(k.queue)
		}
	}
	h.mu.Unlock()
	late := time.AfterFunc(lastWords, h.end)
	h.running.Wait()
	late.Stop()
	h.end()
}
