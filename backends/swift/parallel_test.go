package swift

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/vfs"
)

// never is a round trip that is longer than any, so that no request is sent in parallel.
const never = time.Hour

// newFarFake is newFake with a Swift that counts as far away.
func newFarFake(t *testing.T) *fake {
	t.Helper()
	f := newFake(t, swifttest.Limits{}, nil)
	f.backend.besideFrom = 0
	return f
}

// holdHeads delays HEADs of an object until a number of listings were requested, or until release
// is called.
func (f *fake) holdHeads(object string, listings int) (release func()) {
	come := make(chan struct{})
	open := sync.OnceFunc(func() { close(come) })
	heads := f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: object, Fault: swifttest.Fault{Stall: come}})
	lists := f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, After: listings - 1, Fault: swifttest.Fault{Call: open}})
	return func() {
		heads()
		lists()
		open()
	}
}

// ops returns the kinds of requests since the log was emptied, sorted, so that their order does not
// matter.
func (f *fake) ops() []swifttest.Op {
	var all []swifttest.Op
	for _, r := range f.srv.Requests() {
		all = append(all, r.Op)
	}
	slices.Sort(all)
	return all
}

// TestBeside looks up names without an object. All requests for one name are sent before the first
// is answered.
func TestBeside(t *testing.T) {
	const head, list, put = swifttest.HeadObject, swifttest.ListContainer, swifttest.PutObject
	for what, tt := range map[string]struct {
		do       func(context.Context, *fake) error
		listings int
		want     []swifttest.Op
		err      error
	}{
		"stat of nothing": {
			func(ctx context.Context, f *fake) error { _, err := f.Stat(ctx, "/c/x"); return err }, 2, []swifttest.Op{head, list, list}, vfs.ErrNotExist,
		},
		"stat of a prefix": {
			func(ctx context.Context, f *fake) error { _, err := f.Stat(ctx, "/c/below"); return err }, 2, []swifttest.Op{head, list, list}, nil,
		},
		"lstat of nothing": {
			func(ctx context.Context, f *fake) error { _, err := f.Lstat(ctx, "/c/x"); return err }, 2, []swifttest.Op{head, list, list}, vfs.ErrNotExist,
		},
		"write": {
			func(ctx context.Context, f *fake) error {
				_, err := f.write(ctx, "/c/x", apitest.Noise(10), replace)
				return err
			}, 2, []swifttest.Op{head, list, list, put}, nil,
		},
		"write with an offset": {
			func(ctx context.Context, f *fake) error {
				_, err := f.write(ctx, "/c/x", apitest.Noise(10), vfs.WriteOptions{Create: true})
				return err
			}, 2, []swifttest.Op{head, list, list, put}, nil,
		},
		"mkdir": {
			func(ctx context.Context, f *fake) error { return f.Mkdir(ctx, "/c/x") }, 2, []swifttest.Op{head, list, list, put}, nil,
		},
		"rename": {
			func(ctx context.Context, f *fake) error { return f.Rename(ctx, "/c/file", "/c/x", vfs.RenameOptions{}) },
			1,
			[]swifttest.Op{head, head, list, swifttest.CopyObject, swifttest.DeleteObject},
			nil,
		},
		"copy": {
			func(ctx context.Context, f *fake) error { return f.Copy(ctx, "/c/file", "/c/x", vfs.CopyOptions{}) },
			1,
			[]swifttest.Op{head, head, list, swifttest.CopyObject},
			nil,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFarFake(t)
			f.mustWrite(t, "/c/below/file", apitest.Noise(10))
			f.mustWrite(t, "/c/file", apitest.Noise(10))
			f.forget()
			f.uploads.Known.Forget()
			f.srv.ForgetRequests()
			f.holdHeads("x", tt.listings)
			f.holdHeads("below", tt.listings)
			if err := tt.do(t.Context(), f); vfs.Kind(err) != tt.err {
				t.Errorf("it ends in %v, want %v", err, tt.err)
			}
			f.backend.besides.Wait()
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, f.ops()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBesideInVain looks up names that are objects, or cannot be requested. The requests beside the
// HEAD are not waited for, and end.
func TestBesideInVain(t *testing.T) {
	f := newFarFake(t)
	ctx := t.Context()
	f.mustWrite(t, "/c/file", apitest.Noise(10))
	if err := f.Mkdir(ctx, "/c/dir"); err != nil {
		t.Fatal(err)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "forbidden", Fault: swifttest.Fault{Status: http.StatusForbidden}})
	for fault, bad := range map[string]swifttest.Fault{
		"are not answered": {Stall: swifttest.Forever()}, "fail": {Status: http.StatusServiceUnavailable}, "are refused": {Status: http.StatusForbidden},
	} {
		remove := f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Fault: bad})
		for _, p := range []vfs.Path{"/c/file", "/c/dir"} {
			f.forget()
			if info, err := f.Stat(ctx, p); err != nil || info.IsDir() != (p == "/c/dir") {
				t.Errorf("%s, when listings %s: %+v, %v", p, fault, info, err)
			}
		}
		f.forget()
		if _, err := f.Stat(ctx, "/c/forbidden"); vfs.Kind(err) != vfs.ErrPermission {
			t.Errorf("what may not be looked at, when listings %s: %v, want %v", fault, err, vfs.ErrPermission)
		}
		f.backend.besides.Wait()
		remove()
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Fault: swifttest.Fault{Stall: swifttest.Forever()}})
	ctx, gone := context.WithCancel(ctx)
	f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "x", Fault: swifttest.Fault{Call: gone}})
	if _, err := f.Stat(ctx, "/c/x"); vfs.Kind(err) == vfs.ErrNotExist || err == nil {
		t.Errorf("Stat for a client who has gone: %v", err)
	}
	f.backend.besides.Wait()
}

// TestBesideCosts counts the requests beside HEADs for several names: there are none if it is known
// what is below the name.
func TestBesideCosts(t *testing.T) {
	f := newFarFake(t)
	f.recallLong()
	ctx := t.Context()
	const head, list = swifttest.HeadObject, swifttest.ListContainer
	for _, p := range []vfs.Path{"/c/dir/f1", "/c/dir/f2", "/c/dir/f3"} {
		f.mustWrite(t, p, apitest.Noise(10))
	}
	f.forgetChanges() // as if it were long ago
	f.forget()
	for _, tt := range []struct {
		p    vfs.Path
		want []swifttest.Op
	}{
		{"/c/dir/f1", []swifttest.Op{head, list}},
		{"/c/dir/f2", []swifttest.Op{head, list}}, // existing files are no reason to list a whole directory
		{"/c/dir/a", []swifttest.Op{head, list}},
		{"/c/dir/b", []swifttest.Op{head, list}},
		{"/c/dir/c", []swifttest.Op{head}},
		{"/c/dir/f3", []swifttest.Op{head}},
	} {
		f.srv.ForgetRequests()
		release := func() {}
		if slices.Contains(tt.want, list) { // a HEAD that is answered first would end the listing before it is sent
			release = f.holdHeads("dir/", 1)
		}
		f.Stat(ctx, tt.p)
		release()
		f.backend.besides.Wait()
		if diff := cmp.Diff(tt.want, f.ops()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.p, diff)
		}
	}
}

// TestBesideFromTheFirst checks that a new login uses the round trip that other logins have
// measured: a client that sends a single file has no time to measure it.
func TestBesideFromTheFirst(t *testing.T) {
	f := newFarFake(t)
	login := backend.Login{SessionID: "another", Log: f.log, Grants: f.client.Grants}
	fsys, err := f.backend.Open(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	another := fsys.(*FS)
	if _, err := f.Stat(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	if trip := another.backend.store.RTT.Get(); trip == 0 || trip != f.backend.store.RTT.Get() {
		t.Errorf("a trip takes %v by a login that has made none, and %v by another", trip, f.backend.store.RTT.Get())
	}
}

// TestBesideFrom checks that only a Swift that is far away gets parallel requests.
func TestBesideFrom(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.backend.besideFrom = besideFrom
	n := api.Name{Container: "c", Object: "x"}
	for trip, want := range map[time.Duration]bool{0: false, 5 * time.Millisecond: false, 30 * time.Millisecond: true, 100 * time.Millisecond: true} {
		f.backend.store.RTT.Set(trip)
		b := f.guess.askBeside(t.Context(), func(ctx context.Context) (vfs.Info, error) { return f.statPrefix(ctx, n, "x") })
		if (b != nil) != want {
			t.Errorf("where a trip takes %v, asked at once: %v", trip, b != nil)
		}
		if b != nil {
			if _, err := b.wait(); vfs.Kind(err) != vfs.ErrNotExist {
				t.Errorf("a name that is free: %v", err)
			}
		}
	}
}

// TestBesideBounded looks up many existing files, as a client does that checks a tree: the useless
// listings stop, and start again when a name is missing.
func TestBesideBounded(t *testing.T) {
	f := newFarFake(t)
	f.mustWrite(t, "/c/file", apitest.Noise(10))
	listings := func(times int, p vfs.Path) int {
		f.srv.ForgetRequests()
		for range times {
			f.forget()
			if _, err := f.Stat(t.Context(), p); err != nil && vfs.Kind(err) != vfs.ErrNotExist {
				t.Fatal(err)
			}
			f.backend.besides.Wait()
		}
		return f.srv.Count(swifttest.ListContainer)
	}
	listings(maxInVain, "/c/file")
	if got := listings(30, "/c/file"); got > 0 {
		t.Errorf("%d listings for files that are there, when %d were in vain already", got, maxInVain)
	}
	if got := listings(1, "/c/none"); got == 0 {
		t.Error("no listing for a name that is free")
	}
	if b := f.guess.askBeside(t.Context(), func(context.Context) (vfs.Info, error) { return vfs.Info{}, nil }); b == nil {
		t.Error("after something was missing nothing leaves beside a HEAD")
	} else {
		b.wait()
	}
}
