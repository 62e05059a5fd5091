package api

import (
	"net/http"
	"testing"
)

// TestFenceOpens checks that a store that asks for no body gets it nevertheless.
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
}
