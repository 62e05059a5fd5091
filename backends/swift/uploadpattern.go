package swift

import (
	"context"
	"sync"
	"time"

	"filegate/backends/swift/api"
)

// toReplace returns what the session was told of a name that is about to be replaced as a whole, if
// that is good still.
func (g *guesses) toReplace(ctx context.Context, n api.Name) (api.Object, requestTime, bool) {
	a, ok := g.recall(n)
	if !ok || a.err != nil || a.object.IsDir() || ctx.Err() != nil {
		return api.Object{}, requestTime{}, false
	}
	g.making.makes(n, g.backend.nearFor)
	return a.object, a.requestTime, true
}

// toMake reports whether a name that is about to be made is known to be free, and since when.
func (g *guesses) toMake(ctx context.Context, n api.Name) (requestTime, bool) {
	if a, ok := g.recall(n); ok && a.err != nil && !g.lists.ChangedBelow(ctx, n) {
		g.making.makes(n, g.backend.nearFor)
		return a.requestTime, true
	}
	if s, ok := g.surroundings(ctx, n); ok && s.free(n) {
		return s.requestTime, true
	}
	return requestTime{}, false
}

// uploadPattern recognises a client that uploads files one after another, and asks for each before.
type uploadPattern struct {
	mu    sync.Mutex
	asked api.Name // what was asked for last
	at    time.Time
	made  bool // it was made then, or replaced, at once
}

// ask notes that a name was asked for, and reports whether it will be made, as the one before.
func (m *uploadPattern) ask(n api.Name) (likely bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	likely = m.made
	m.asked, m.at, m.made = n, time.Now(), false
	return likely
}

func (m *uploadPattern) makes(n api.Name, near time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = m.asked == n && time.Since(m.at) < near
}

// isFree says, of what a client asks for, whether it is known to be free without asking Swift: to a
// client who is about to make it, that does not matter more than it does then. What the log has a
// change of may be there all the same.
func (g *guesses) isFree(ctx context.Context, n api.Name) (requestTime, bool) {
	if !g.making.ask(n) || ctx.Err() != nil {
		return requestTime{}, false
	}
	s, ok := g.surroundings(ctx, n)
	if !ok || !s.free(n) || g.lists.MayHaveChanged(ctx, n) {
		return requestTime{}, false
	}
	return s.requestTime, true
}
