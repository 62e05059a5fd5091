package gateway

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
)

// TestSharedGrantsAreGivenBack by the last of the gateways that have them from one cache, and by none where the cache has forgotten who that is.
func TestSharedGrantsAreGivenBack(t *testing.T) {
	for name, tt := range map[string]struct {
		between func(w *world, lent *loan) // when both have a session
		want    []string
	}{
		"by the last one":                    {func(*world, *loan) {}, []string{"token 1"}},
		"by none, whose names are forgotten": {func(w *world, lent *loan) { w.shelf.Delete(context.Background(), lent.users) }, nil},
		"by none, of whom one was killed": {func(w *world, lent *loan) {
			(&loan{users: lent.users, name: "killed"}).join(context.Background(), w.shelf, auth.Grant{})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w1, w2 := newWorld(), newWorld()
				i := newIdentity(w1)
				w2.shelf, w2.authenticate = w1.shelf, w1.authenticate
				text := guarded("") + `cache "shelf" {}`
				one, two := start(t, w1, text), start(t, w2, text)
				first, second := one.door.login(t), two.door.login(t)
				if n := i.questions(); n != 1 {
					t.Fatalf("there were %d questions, want one", n)
				}
				var lent *loan
				for lg := range one.logons.all {
					lent = lg.lent
				}
				tt.between(w1, lent)
				first.Close()
				time.Sleep(2 * time.Minute) // no further login may come
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

// TestLoginIsNotTakenWithoutALoan asks anew where the cache has the login, and not who uses its grant: it might be given back at any moment.
func TestLoginIsNotTakenWithoutALoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w1, w2 := newWorld(), newWorld()
		i := newIdentity(w1)
		w2.shelf, w2.authenticate = w1.shelf, w1.authenticate
		text := guarded("") + `cache "shelf" {}`
		one, two := start(t, w1, text), start(t, w2, text)
		one.door.login(t)
		for lg := range one.logons.all {
			w1.shelf.Delete(t.Context(), lg.lent.users)
		}
		two.door.login(t)
		if n := i.questions(); n != 2 {
			t.Errorf("there were %d questions, want two", n)
		}
	})
}
