package keystone

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

func TestStates(t *testing.T) {
	sealer, err := authplugin.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		st := newStates(sealer)
		seal := func(life time.Duration) []byte {
			t.Helper()
			s := state{Session: "s", Account: credential{Name: "u"}}
			if life > 0 {
				s.Expires = time.Now().Add(life)
			}
			sealed, err := st.seal(s)
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}
		open := func(sealed []byte) error {
			_, err := st.open(sealed, "s", "u")
			return err
		}
		for _, c := range []struct {
			life, wait time.Duration
			good       bool
		}{
			{0, 0, true},
			{0, stateLife - 1, true},
			{0, stateLife, false},
			{time.Minute, time.Minute - 1, true},
			{time.Minute, time.Minute, false},
			{time.Hour, stateLife, false},
		} {
			sealed := seal(c.life)
			time.Sleep(c.wait)
			if err := open(sealed); (err == nil) != c.good || (err != nil && !errors.Is(err, auth.ErrDenied)) {
				t.Errorf("%+v: got %v", c, err)
			}
		}
		once := seal(0)
		if err := open(once); err != nil {
			t.Error(err)
		}
		if err := open(once); err == nil || !strings.Contains(err.Error(), "answered before") {
			t.Errorf("the second time: %v", err)
		}
		time.Sleep(stateLife)
		if err := open(seal(0)); err != nil {
			t.Error(err)
		}
		if len(st.used) != 1 {
			t.Errorf("%d used states are kept, and all but one have expired", len(st.used))
		}
	})
}
