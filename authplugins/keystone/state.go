package keystone

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// stateLife is how long a login may wait for an answer: as long as a receipt is good, unless
// Keystone is told otherwise. Then it refuses the receipt itself, by its own clock.
const stateLife = 5 * time.Minute

// state is what a login that is half way needs to know. It travels sealed, and is good for one
// answer.
type state struct {
	Instance string    // of this program: what has been used is known only to the one that gave it
	Number   string    // of this state
	Session  string    // the only one that may answer
	Expires  time.Time // when it is too late
	Login    Login
	Account  credential // without the password, if that will be of no use

	Receipt  *receipt  // set: a code is wanted
	Token    string    // set: a project is wanted, to which this token is to be narrowed
	Projects []project // among them
}

// states gives out what logins need to go on, and takes it back once.
type states struct {
	sealer   authplugin.Sealer
	instance string

	mu   sync.Mutex
	used map[string]time.Time // number to end
}

func newStates(sealer authplugin.Sealer) *states {
	return &states{sealer: sealer, instance: rand.Text(), used: map[string]time.Time{}}
}

// seal completes s.
func (st *states) seal(s state) ([]byte, error) {
	s.Instance, s.Number, s.Expires = st.instance, rand.Text(), time.Now().Add(stateLife)
	sealed, err := st.sealer.Seal(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return sealed, nil
}

// open returns the state for the answer of a session's user, once.
func (st *states) open(sealed []byte, session, user string) (state, error) {
	var s state
	if err := st.sealer.Open(sealed, &s); err != nil {
		return state{}, fmt.Errorf("the state of the step: %w", auth.ErrDenied)
	}
	now := time.Now()
	var err error
	switch {
	case s.Instance != st.instance:
		err = errors.New("the program was started anew during the login, or the state is of something else")
	case s.Session != session || s.Account.Name != user:
		err = errors.New("the answer is of another login than the question")
	case !now.Before(s.Expires):
		err = errors.New("the answer came too late")
	case !st.use(s.Number, s.Expires, now):
		err = errors.New("the question has been answered before")
	}
	if err != nil {
		return state{}, fmt.Errorf("%w: %w", err, auth.ErrDenied)
	}
	return s, nil
}

// use reports whether a state is used for the first time. What has expired is forgotten.
func (st *states) use(number string, expires, now time.Time) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	for n, end := range st.used {
		if !now.Before(end) {
			delete(st.used, n)
		}
	}
	if _, ok := st.used[number]; ok {
		return false
	}
	st.used[number] = expires
	return true
}
