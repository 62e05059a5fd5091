package hook

import (
	"context"
	"sync"
)

const (
	// maxAsking is the maximum number of parallel requests to one hook before actions. Further
	// requests wait.
	maxAsking = 16
	// maxAskingOfUser is how many of them may be for one user, so that one user cannot make all
	// others wait.
	maxAskingOfUser = 4
)

// places are the places for parallel requests to one hook.
type places struct {
	all chan struct{} // has an element for each taken place

	mu    sync.Mutex
	users map[string]*userPlaces // of users with requests
}

// userPlaces are the places of one user.
type userPlaces struct {
	taken    chan struct{} // has an element for each taken place
	requests int           // that have a place or wait for one
}

func newPlaces() *places {
	return &places{all: make(chan struct{}, maxAsking), users: map[string]*userPlaces{}}
}

// take waits for a place for a request of a user. The caller must call leave, if the error is nil.
func (p *places) take(ctx context.Context, user string) (leave func(), err error) {
	p.mu.Lock()
	u := p.users[user]
	if u == nil {
		u = &userPlaces{taken: make(chan struct{}, maxAskingOfUser)}
		p.users[user] = u
	}
	u.requests++
	p.mu.Unlock()
	forget := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if u.requests--; u.requests == 0 {
			delete(p.users, user)
		}
	}
	select {
	case u.taken <- struct{}{}:
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
	select {
	case p.all <- struct{}{}:
	case <-ctx.Done():
		<-u.taken
		forget()
		return nil, ctx.Err()
	}
	return func() {
		<-p.all
		<-u.taken
		forget()
	}, nil
}
