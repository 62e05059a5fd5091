package swift

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// headersOf returns the headers of a container.
func (f *FS) headersOf(t *testing.T, container string) http.Header {
	t.Helper()
	resp, err := f.client.Send(t.Context(), api.Request{Method: http.MethodHead, Target: api.Name{Container: container}})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header
}

// TestSegmentsFollow shares a container before its first large file is written, and then changes
// its access lists. The container for segments gets the same lists each time that an answer shows
// them to the owner.
func TestSegmentsFollow(t *testing.T) {
	run := func(t *testing.T, a account) {
		owner := openFS(t, a, nil)
		guest := openFS(t, a.other(), nil)
		dir := makeContainer(t, owner)
		ctx, large := t.Context(), apitest.Noise(2*mib+1000)
		put := func(f *FS, p vfs.Path, data []byte) {
			t.Helper()
			w := must(f.OpenWriter(ctx, p, replace))
			defer w.Close()
			must(w.ReadFrom(bytes.NewReader(data)))
			must(w.Commit(ctx))
		}
		same := func(when string) {
			t.Helper()
			files, segments := aclsOf(owner.headersOf(t, dir.Base())), aclsOf(owner.headersOf(t, api.SegmentsContainer(dir.Base())))
			if files != segments {
				t.Errorf("%s the container has the rights %+v, that of the segments %+v", when, files, segments)
			}
		}
		owner.share(t, dir.Base(), true, false)
		put(owner, dir.Join("large"), large)
		same("made with them")
		shared := vfs.Path("/@" + owner.client.Account).Under(dir)
		if got := readAll(t, guest, shared.Join("large")); !bytes.Equal(got, large) {
			t.Errorf("the guest reads %d bytes that are other ones", len(got))
		}
		owner.share(t, dir.Base(), true, true)
		put(owner, dir.Join("large2"), large)
		same("after a large upload")
		put(guest, shared.Join("large3"), large)
		owner.share(t, dir.Base(), false, false)
		must(listAll(ctx, owner, dir))
		same("shown by a listing")

		// A session that does not know the old access lists.
		owner.share(t, dir.Base(), true, false)
		owner.containers.ForgetAll()
		must(owner.Stat(ctx, dir))
		same("shown to a new session")
		owner.share(t, dir.Base(), false, false)
		owner.containers.ForgetAll()
		put(owner, dir.Join("large4"), large)
		same("taken away before a new session")
	}
	t.Run("fake", func(t *testing.T) { run(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { run(t, realSwift(t)) })
}

// TestSegmentsOfOthers has a guest put a large file while there is no container for segments yet,
// and while the guest may not write to it. The error says what the owner must do.
func TestSegmentsOfOthers(t *testing.T) {
	run := func(t *testing.T, a account) {
		owner := openFS(t, a, nil)
		guest := openFS(t, a.other(), nil)
		dir := makeContainer(t, owner)
		owner.share(t, dir.Base(), true, true)
		ctx, segments := t.Context(), api.SegmentsContainer(dir.Base())
		large := vfs.Path("/@" + owner.client.Account).Under(dir).Join("large")
		put := func(p vfs.Path) error {
			w, err := guest.OpenWriter(ctx, p, replace)
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err = w.ReadFrom(bytes.NewReader(apitest.Noise(3 * mib))); err == nil {
				_, err = w.Commit(ctx)
			}
			return err
		}
		refused := func(err error) {
			t.Helper()
			command := "swift post " + segments + " -r READ -w WRITE"
			if !errors.Is(err, vfs.ErrPermission) && !errors.Is(err, vfs.ErrCorrupt) || !strings.Contains(vfs.ClientText(err), command) {
				t.Errorf("%v (%s), want the command %q", err, vfs.ClientText(err), command)
			}
		}
		// A guest of the account also gets 403 for a container that does not exist.
		refused(put(large))
		if err := owner.makeContainer(ctx, api.Name{Container: segments}, nil); err != nil {
			t.Fatal(err)
		}
		refused(put(large))
		owner.share(t, segments, true, true)
		if err := put(large); err != nil {
			t.Error(err)
		}
		owner.share(t, segments, false, false)
		_, err := (&fake{FS: guest}).read(ctx, large)
		refused(err)
	}
	t.Run("fake", func(t *testing.T) { run(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { run(t, realSwift(t)) })
}

// TestSegmentsPolicy creates containers for segments of files in containers of two policies, one of
// which permits no new containers any more.
func TestSegmentsPolicy(t *testing.T) {
	w := &world{srv: swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{Policies: []string{"gold", "silver"}}})}
	f := w.fake(w.gateway(t))
	large := apitest.Noise(2*mib + 5)
	for _, policy := range []string{"gold", "silver"} {
		header := map[string]string{"X-Storage-Policy": policy}
		if err := f.makeContainer(t.Context(), api.Name{Container: policy}, header); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, vfsPath("/%s/large", policy), large)
		if got := f.headersOf(t, policy+"_segments").Get("X-Storage-Policy"); got != policy {
			t.Errorf("the container for segments has the policy %q, want %q", got, policy)
		}
	}
	if err := f.makeContainer(t.Context(), api.Name{Container: "old"}, map[string]string{"X-Storage-Policy": "silver"}); err != nil {
		t.Fatal(err)
	}
	f.srv.Inject(swifttest.Rule{
		Op: swifttest.PutContainer, Times: 1, Fault: swifttest.Fault{Status: http.StatusBadRequest},
	})
	f.mustWrite(t, "/old/large", large)
	f.has(t, "/old/large", large, "its segments have another policy")
}

// TestSegmentsFollowAtTheirTime counts the requests for this: none for a container that is not
// shared, otherwise a HEAD for each session, and every five minutes.
func TestSegmentsFollowAtTheirTime(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/large", apitest.Noise(2*mib))
	asked := func(what string, heads, posts int) {
		t.Helper()
		f.srv.ForgetRequests()
		must(listAll(t.Context(), f, "/c"))
		if h, p := f.srv.Count(swifttest.HeadContainer), f.srv.Count(swifttest.PostContainer); h != heads || p != posts {
			t.Errorf("%s a listing takes %d HEADs and %d POSTs of containers, want %d and %d", what, h, p, heads, posts)
		}
	}
	asked("open to nobody:", 0, 0)
	f.share(t, "c", true, false)
	asked("open to a guest:", 1, 1)
	asked("followed:", 0, 0)
	f.containers.FollowFor = 0
	asked("after some time:", 1, 0)
	f.containers.FollowFor = time.Hour
	f.containers.ForgetAll()
	asked("in another session:", 1, 0)
}

// aclsOf returns the access lists of a container.
func aclsOf(h http.Header) [2]string {
	return [2]string{h.Get("X-Container-Read"), h.Get("X-Container-Write")}
}
