package sftp_test

import (
	"strings"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// TestResumptionOfNothing goes on with an upload of which nothing is there: the client learns it at
// CLOSE, and no file with a hole is published.
func TestResumptionOfNothing(t *testing.T) {
	store := memfs.New()
	w := dialWire(t, start(t, store))
	h := w.open(t, "/new", fxWrite|fxCreate)
	w.wants(t, statusOK, pktWrite, str(h), number(5), str("tail"))
	kind, text := w.ask(t, pktClose, str(h))
	if kind != pktStatus || text[3] != statusFailure || !strings.Contains(string(text), "resumed at byte 5") {
		t.Errorf("CLOSE: %d, %q", kind, text)
	}
	if !frontendtest.Missing(t, store, "/new") {
		t.Error("the file is there")
	}

	for _, tt := range []struct {
		name   string
		flags  uint32
		before func(h string)
	}{
		{"begun anew", fxWrite | fxCreate | fxTrunc, func(string) {}},
		{"to be new", fxWrite | fxCreate | fxExcl, func(string) {}},
		{"of a size", fxWrite | fxCreate, func(h string) { w.wants(t, statusOK, pktFsetstat, str(h), sizeOnly(5)) }},
		{"in any order", fxWrite | fxCreate, func(h string) { w.wants(t, statusOK, pktWrite, str(h), number(0), str("\x00\x00")) }},
	} {
		h := w.open(t, "/"+tt.name, tt.flags)
		tt.before(h)
		w.wants(t, statusOK, pktWrite, str(h), number(5), str("tail"))
		w.wants(t, statusOK, pktClose, str(h))
		if got := string(frontendtest.Read(t, store, vfs.Path("/"+tt.name))); got != "\x00\x00\x00\x00\x00tail" {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestResumptionByHandles writes the parts of a new file by a handle each, the first part last.
func TestResumptionByHandles(t *testing.T) {
	store := memfs.New()
	w := dialWire(t, start(t, store))
	var handles []string
	for range 3 {
		handles = append(handles, w.open(t, "/parts", fxWrite|fxCreate))
	}
	for i := 2; i >= 0; i-- {
		w.wants(t, statusOK, pktWrite, str(handles[i]), number(uint64(3*i)), str("abc"))
		w.wants(t, statusOK, pktClose, str(handles[i]))
	}
	if got := string(frontendtest.Read(t, store, "/parts")); got != "abcabcabc" {
		t.Errorf("%q", got)
	}
}

// TestOpenSSHResumesNothing has the client say that there is nothing to go on with.
func TestOpenSSHResumesNothing(t *testing.T) {
	store := memfs.New()
	dir := t.TempDir()
	writeLocal(t, dir, "f", random(1000))
	if r := batch(t, start(t, store), dir, "reput f\n"); r.Status == 0 && len(frontendtest.Read(t, store, "/f")) != 1000 {
		t.Errorf("status %d, and the file is not whole", r.Status)
	}
}
