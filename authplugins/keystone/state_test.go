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
		seal := func() []byte {
			t.Helper()
			sealed, err := st.seal(state{Session: "s", Account: credential{Name: "u"}})
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		}
		open := func(sealed []byte) error {
			_, err := st.open(sealed, "s", "u")
			return err
		}
		for wait, good := range map[time.Duration]bool{0: true, stateLife - 1: true, stateLife: false} {
			sealed := seal()
			time.Sleep(wait)
			if err := open(sealed); (err == nil) != good || (err != nil && !errors.Is(err, auth.ErrDenied)) {
				t.Errorf("after %s: got %v", wait, err)
			}
		}
		once := seal()
		if err := open(once); err != nil {
			t.Error(err)
		}
		if err := open(once); err == nil || !strings.Contains(err.Error(), "answered before") {
			t.Errorf("the second time: %v", err)
		}
		time.Sleep(stateLife)
		if err := open(seal()); err != nil {
			t.Error(err)
		}
		if len(st.used) != 1 {
			t.Errorf("%d used states are kept, and all but one have expired", len(st.used))
		}
	})
}
