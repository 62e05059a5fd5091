package authplugin

import (
	"bytes"
	"errors"
	"testing"

	"filegate/core/auth"
)

func TestSeal(t *testing.T) {
	type credential struct{ User, Password string }
	want := credential{"alice", "secret"}
	sealer := mustSealer(t, 'a')
	sealed, err := sealer.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got credential
	if err := sealer.Open(sealed, &got); err != nil || got != want {
		t.Errorf("Open: %+v, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the secret can be read")
	}
	if again, _ := sealer.Seal(want); bytes.Equal(sealed, again) {
		t.Error("the same is sealed in the same way twice: it can be recognised")
	}
	if err := mustSealer(t, 'b').Open(sealed, &got); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Open with another key: %v", err)
	}
	if err := sealer.Open(nil, &got); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("Open of nothing: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x80
		if err := sealer.Open(changed, &got); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Open with byte %d changed: %v", i, err)
		}
		if err := sealer.Open(sealed[:max(i, 1)], &got); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Open of %d bytes: %v", i, err)
		}
	}
	var other []int
	if err := sealer.Open(sealed, &other); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Open into another type: %v", err)
	}
}

func mustSealer(t *testing.T, key byte) Sealer {
	t.Helper()
	s, err := NewSealer(bytes.Repeat([]byte{key}, sealKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealKeySize(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := NewSealer(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was taken", n)
		}
	}
}
