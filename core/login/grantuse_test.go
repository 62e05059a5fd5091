package login

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
)

// TestSharedGrantsAreGivenBack checks that a shared grant is released by the last gateway that uses
// it, and by none if the cache has lost the names of the users.
func TestSharedGrantsAreGivenBack(t *testing.T) {
	for name, tt := range map[string]struct {
		between func(w *world, s *grantUse) // called when both have a session
		want    []string
	}{
		"by the last one":                    {func(*world, *grantUse) {}, []string{"token 1"}},
		"by none, whose names are forgotten": {func(w *world, s *grantUse) { w.shelf.Delete(context.Background(), s.users) }, nil},
		"by none, of whom one was killed": {func(w *world, s *grantUse) {
			(&grantUse{users: s.users, name: "killed"}).join(context.Background(), w.shelf, auth.Grant{})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w1, w2 := newWorld(), newWorld()
				i := newIdentity(w1)
				w2.shelf, w2.authenticate = w1.shelf, w1.authenticate
				text := guarded("") + `cache "shelf" {}`
				one, two := start(t, w1, text), start(t, w2, text)
				first, second := one.enter(t), two.enter(t)
				if n := i.questions(); n != 1 {
					t.Fatalf("there were %d questions, want one", n)
				}
				var stake *grantUse
				for held := range one.leases.all {
					stake = held.use
				}
				tt.between(w1, stake)
				first.Close()
				// After that the cached login is no longer valid.
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if given := append(w1.givenBack(), w2.givenBack()...); len(given) > 0 {
					t.Errorf("%q were given back while the other gateway has a session", given)
				}
				second.Close()
				synctest.Wait()
				if given := w2.givenBack(); !slices.Equal(given, tt.want) {
					t.Errorf("after the last session %q were given back, want %q", given, tt.want)
				}
			})
		})
	}
}

// TestLoginIsNotTakenWithoutALoan checks that the authenticator is asked if the cache has the login
// but not the users of its grant, which might be released at any time.
func TestLoginIsNotTakenWithoutALoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w1, w2 := newWorld(), newWorld()
		i := newIdentity(w1)
		w2.shelf, w2.authenticate = w1.shelf, w1.authenticate
		text := guarded("") + `cache "shelf" {}`
		one, two := start(t, w1, text), start(t, w2, text)
		one.enter(t)
		for held := range one.leases.all {
			w1.shelf.Delete(t.Context(), held.use.users)
		}
		two.enter(t)
		if n := i.questions(); n != 2 {
			t.Errorf("there were %d questions, want two", n)
		}
	})
}
