package swift

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// TestSegmentNumbers has objects with impossible numbers among the segments of an interrupted
// upload: the upload can be resumed, and no number overflows.
func TestSegmentNumbers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := cutUpload(t, f.FS, "/c/cut")
	p, err := f.uploads.Find(t.Context(), api.Name{Container: "c", Object: "cut"})
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	for i, base := range []string{
		fmt.Sprintf("%d-%d", int64(math.MaxInt64), 1), fmt.Sprintf("0-%d", int64(math.MaxInt64)), fmt.Sprintf("%d-%d", int64(math.MaxInt64), int64(math.MaxInt64)),
		fmt.Sprintf("0-%d", int64(math.MaxInt64-1)), "9999999999999999999-0", "-1-5", "0--7", "-", "0-", fmt.Sprintf("%d-%d", int64(math.MaxInt64/4), 1_000_000_001),
	} {
		f.putSegment(t, p.Place.With(p.Place.Object+base), []byte{byte(i)})
	}
	isCut(t, f.FS, "/c/cut", data)
}

// TestListedNumbers lists impossible sizes.
func TestListedNumbers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.ListTimes = timesOfSwift })
	f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Container: "c", Fault: swifttest.Fault{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: `[{"name":"a","bytes":-5,"hash":"x","content_type":"text/plain","last_modified":"2026-01-02T03:04:05.000000"}]`,
	}})
	infos, err := listAll(t.Context(), f, "/c")
	if err != nil || len(infos) > 1 || len(infos) == 1 && infos[0].Size < 0 {
		t.Errorf("listed are %+v, %v", infos, err)
	}
	f.srv.Heal()
	f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Container: "c", Fault: swifttest.Fault{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: `[{"name":"a","bytes":1e30,"hash":"x"}]`,
	}})
	if _, err := listAll(t.Context(), f, "/c"); vfs.Kind(err) != vfs.ErrUnavailable {
		t.Errorf("a listing with a size that does not fit: %v", err)
	}
}

// TestReleaseUnseen removes a large file with a login that may write to the container for segments
// but not read it. The login cannot see which other names use the segments, so they stay.
func TestReleaseUnseen(t *testing.T) {
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
	if err := owner.Mkdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	data := apitest.Noise(3 * mib)
	owner.mustWrite(t, "/c/old", data)
	// A rename that was interrupted between the copy and the deletion.
	owner.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Object: "old", Fault: swifttest.Fault{Status: http.StatusForbidden}})
	if err := owner.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); err == nil {
		t.Fatal("the rename was to be cut off")
	}
	owner.srv.Heal()
	who := u.Account + ":" + u.Name
	for container, header := range map[string]map[string]string{
		"c":          {"X-Container-Read": who + ",.rlistings", "X-Container-Write": who},
		"c_segments": {"X-Container-Write": who},
	} {
		_, err := owner.client.Send(t.Context(), api.Request{Method: http.MethodPost, Target: api.Name{Container: container}, Header: header})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := opened.Remove(t.Context(), "/c/old"); err != nil {
		t.Logf("the guest's removal: %v", err)
	}
	if got, err := owner.read(t.Context(), "/c/new"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the other name has %d bytes (%v): its segments were deleted by a login that could not see that it has them", len(got), err)
	}
}
