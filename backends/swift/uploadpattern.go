package swift

import (
	"context"
	"sync"
	"time"

	"filegate/backends/swift/api"
)

// toReplace returns the recent lookup of a name that is about to be replaced as a whole, if it can
// still be used.
func (g *guesses) toReplace(ctx context.Context, n api.Name) (api.Object, requestTime, bool) {
	a, ok := g.recall(n)
	if !ok || a.err != nil || a.object.IsDir() || ctx.Err() != nil {
		return api.Object{}, requestTime{}, false
	}
	g.making.makes(n, g.backend.nearFor)
	return a.object, a.requestTime, true
}

// toMake reports whether a name that is about to be created is known to be free, and since when.
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

// uploadPattern detects a client that uploads files one after another, and asks for each before.
type uploadPattern struct {
	mu    sync.Mutex
	asked api.Name // the name that the client asked for last
	at    time.Time
	made  bool // the client created or replaced it at once
}

// ask notes that the client asks for a name, and reports whether the client will probably create
// it, because it created the one before.
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

// isFree reports whether a name that the client asks for is known to be unused without asking
// Swift. It is true only for a client that is about to create the name: a wrong answer now does no
// more harm than a wrong answer when the file is opened. A name with a change in the write log may
// be in use, so it is not reported as free.
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
