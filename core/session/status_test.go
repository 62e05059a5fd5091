package session_test

import (
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/session"
	"filegate/core/vfs"
)

// TestStatus counts bytes while they pass, not when the transfer has ended.
func TestStatus(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", "content")
	s.SetProgram("test 1.0")
	f, err := s.Open(t.Context(), "/file", vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.ReadAt(make([]byte, 3), 0)
	w, err := s.OpenWriter(t.Context(), "/new", vfs.WriteOptions{Create: true, Truncate: true, Size: 12})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	more, client := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.ReadFrom(more)
	}()
	io.Copy(client, strings.NewReader("some"))
	client.Write(nil) // the four bytes have been read by now
	want := session.Status{
		ID: "s1", User: "alice", Service: "ssh", Program: "test 1.0", Remote: s.Remote(), In: 4, Out: 3,
		Transfers: []session.TransferStatus{
			{Op: session.OpDownload, Path: "/file", Bytes: 3, Size: 7},
			{Op: session.OpUpload, Path: "/new", Bytes: 4, Size: 12},
		},
	}
	got := s.Status()
	opts := cmp.Options{cmpopts.IgnoreFields(session.Status{}, "Began"), cmpopts.IgnoreFields(session.TransferStatus{}, "Began"), cmpopts.EquateComparable(netip.AddrPort{})}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Errorf("the status (-want +got)\n%s", diff)
	}
	if got.Began.IsZero() || got.Transfers[0].Began.IsZero() {
		t.Error("it is not told when it began")
	}
	client.Close()
	<-done
}
