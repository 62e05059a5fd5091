package swift

import (
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// TestPartialsOfOthers has a login that may read a container but not its container for segments. It
// looks names up there before and after the owner: neither gets the other's results.
func TestPartialsOfOthers(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{})
	owner := &fake{FS: openFS(t, accountIn(srv), nil), srv: srv, dir: "/c"}
	u := swifttest.DefaultUsers()[2] // of the same account
	opened, err := owner.backend.Open(t.Context(), backend.Login{
		SessionID: "guest", User: u.Name, Remote: netip.MustParseAddrPort("192.0.2.8:1024"), Log: owner.backend.log,
		Grants: newLogin(t, account{authURL: srv.AuthURL(), user: u.Account + ":" + u.Name, key: u.Key}),
	})
	if err != nil {
		t.Fatal(err)
	}
	guest := opened.(*FS)
	if err := owner.Mkdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	_, err = owner.client.Send(t.Context(), api.Request{
		Method: http.MethodPost, Target: api.Name{Container: "c"},
		Header: map[string]string{"X-Container-Read": u.Account + ":" + u.Name + ",.rlistings"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := owner.OpenWriter(t.Context(), "/c/big", vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	const sent = 5 * mib
	if _, err := w.WriteAt(apitest.Noise(sent), 0); err != nil {
		t.Fatal(err)
	}
	w.Close()
	owner.shareWith(t, "c_segments", "", false, false)

	sees := func(when string) {
		t.Helper()
		if info, err := owner.Stat(t.Context(), "/c/big"); err != nil || !info.Partial || info.Size != sent {
			t.Errorf("%s the owner's Stat = %+v, %v, want an upload with %d bytes", when, info, err, sent)
		}
		if names := listNames(t, owner, "/c"); len(names) != 1 {
			t.Errorf("%s the owner sees %q, want the upload", when, names)
		}
	}
	none := func(when string) {
		t.Helper()
		if _, err := guest.Stat(t.Context(), "/c/big"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s the guest's Stat = %v, want %v", when, err, fs.ErrNotExist)
		}
		if names := listNames(t, guest, "/c"); len(names) != 0 {
			t.Errorf("%s the guest sees %q, want nothing", when, names)
		}
	}
	fresh := func() {
		owner.uploads.Known.Forget()
	}
	fresh()
	none("asked first")
	sees("after the guest")
	none("after the owner")
	fresh()
	sees("asked first")
	none("asked next")
	w, err = owner.OpenWriter(t.Context(), "/c/big", vfs.WriteOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Size() != sent {
		t.Errorf("the owner goes on from %d bytes, want %d", w.Size(), sent)
	}
}
