package seal

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

const testSecret = auth.Secret("for tests only 0123456789 abcdefghijk")

// TestFormat reads what an earlier version has written. Gateways of two versions share a cache
// during an upgrade.
func TestFormat(t *testing.T) {
	s, err := New(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	key := cache.NewKey("purpose", "account", "name")
	if got, want := s.Name(key), "ERoEEQUQwM8RvWKsEjD5eq8xrcmq29WaiEi4BPK4YbM"; got != want {
		t.Errorf("the name of a key is %q, and was %q", got, want)
	}
	if got, want := hex.EncodeToString(s.Derive("renewals")), "b6e75a1cbb4fe7b0458e32370197c4fc0bfe89e85c17fa6ba37b7dbf79205a59"; got != want {
		t.Errorf("the derived key is %s, and was %s", got, want)
	}
	box, err := base64.StdEncoding.DecodeString("DylqH8j2XH4yjd2m/oTOZxrALxFyBWSWEdxqHmzibSuEOjhp2+rh5YggXMqN+CwCFBk3YFLCFvb0")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Open(key, box, time.Unix(0, 0)); string(got) != "the value" {
		t.Errorf("a box of before opens to %q", got)
	}
	if got := s.Open(key, box, time.Unix(4e9, 0)); got != nil {
		t.Errorf("after the end of its life, a box opens to %q", got)
	}
}

// FuzzOpen opens boxes that nobody sealed.
func FuzzOpen(f *testing.F) {
	s, err := New(testSecret)
	if err != nil {
		f.Fatal(err)
	}
	key := cache.NewKey("t", "key")
	f.Add([]byte{})
	f.Add(make([]byte, 24))
	f.Add(binary.BigEndian.AppendUint64(make([]byte, 40), 1<<60))
	f.Fuzz(func(t *testing.T, box []byte) {
		if value := s.Open(key, box, time.Unix(0, 0)); value != nil {
			t.Errorf("%q opens to %q", box, value)
		}
	})
}
