package api

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
)

// TestFenceOpens checks that a store that does not ask for a body gets it nevertheless.
func TestFenceOpens(t *testing.T) {
	a := &asking{}
	f := newFence(t.Context(), "store", a)
	body := &fencedBody{ReadCloser: http.NoBody, fence: f}
	if !f.isShut() {
		t.Error("the fence is open from the beginning")
	}
	if _, err := body.Read(make([]byte, 1)); err == errNotAsked {
		t.Error("a store of which nothing is known does not get the body")
	}
	f.done(http.StatusPreconditionFailed)
	if a.never("store") {
		t.Error("a refusal is taken for a store that never asks")
	}
	f.done(http.StatusCreated)
	if !a.never("store") || a.always("store") {
		t.Error("a store that has taken a body without asking for it is waited for")
	}
	a.learn("store", true)
	if a.never("store") || !a.always("store") {
		t.Error("a store that asks is not known to")
	}
	for i := range maxMissed {
		if !a.always("store") {
			t.Errorf("a store that has not asked %d times is taken not to", i)
		}
		a.miss("store")
	}
	if a.never("store") || a.always("store") {
		t.Error("a store that has not asked for several bodies is not found out about again")
	}
	a.miss("another")
	if a.never("another") || a.always("another") {
		t.Error("something is known of a store that nobody has asked")
	}
}

// TestFenceInTime checks a store that normally asks for bodies, and does not ask for one.
func TestFenceInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asking{}
		a.learn("store", true)
		f := newFence(t.Context(), "store", a)
		if err := f.wait(); err != errNotAsked {
			t.Errorf("the body goes although nobody has asked for it: %v", err)
		}
		f = newFence(t.Context(), "store", a)
		go f.answers()
		if err := f.wait(); err != nil || !f.isShut() {
			t.Errorf("what is read behind the answer is dropped by the connection: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newFence(ctx, "store", a).wait(); err != errNotAsked {
			t.Errorf("the body of a request that is over goes: %v", err)
		}
	})
}
