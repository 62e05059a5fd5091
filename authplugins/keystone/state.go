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

// stateLife is the time limit for an answer: the default lifetime of a receipt in Keystone. If
// Keystone is configured with a shorter one, it refuses the receipt itself, by its own clock.
const stateLife = 5 * time.Minute

// state is the data of a login between two steps. It is sealed, and valid for one answer.
type state struct {
	// Instance is that of this program. Only the instance that created a state knows whether it was
	// used.
	Instance string
	Number   string    // of this state
	Session  string    // the only session that may answer
	Expires  time.Time // the end of its validity
	Login    Login
	Account  credential // without the password, if it is not needed any more

	Receipt *receipt // not nil: the client is asked for a code
	// Token is not empty if the client is asked for a project: it is exchanged for a token of the
	// chosen one.
	Token    string
	Projects []project // the projects to choose from
}

// states seals states, and opens each of them once.
type states struct {
	sealer   authplugin.Sealer
	instance string

	mu   sync.Mutex
	used map[string]time.Time // by number; the value is when the state expires
}

func newStates(sealer authplugin.Sealer) *states {
	return &states{sealer: sealer, instance: rand.Text(), used: map[string]time.Time{}}
}

// seal sets the remaining fields of s and seals it.
func (st *states) seal(s state) ([]byte, error) {
	s.Instance, s.Number, s.Expires = st.instance, rand.Text(), time.Now().Add(stateLife)
	sealed, err := st.sealer.Seal(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, auth.ErrUnavailable)
	}
	return sealed, nil
}

// open returns the state for an answer of the session and the user. It succeeds once.
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

// use reports whether a state is used for the first time. It forgets expired states.
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
