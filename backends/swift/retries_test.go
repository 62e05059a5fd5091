package swift

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// copyFaults are the ways in which the answer to a COPY is lost.
func copyFaults(at swifttest.Point) map[string]swifttest.Fault {
	return map[string]swifttest.Fault{
		"502": {At: at, Status: http.StatusBadGateway}, "504": {At: at, Status: http.StatusGatewayTimeout}, "cut": {At: at, Cut: true},
	}
}

// TestCopyAnswerLost loses the answer to each COPY: filegate looks its result up, and does not
// repeat it.
func TestCopyAnswerLost(t *testing.T) {
	for what, fault := range copyFaults(swifttest.AtAnswer) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
			small, large := apitest.Noise(1000), apitest.Noise(3*mib)
			f.mustWrite(t, "/c/small", small)
			f.mustWrite(t, "/c/large", large)
			f.putDLO(t, "/c/dlo", "c_segments/dlo/", small)
			f.putLink(t, "link", "c/small")
			f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Fault: fault})
			f.srv.ForgetRequests()
			for _, p := range []vfs.Path{"/c/small", "/c/large", "/c/dlo"} {
				if err := f.Copy(t.Context(), p, p+"-copy", vfs.CopyOptions{}); err != nil {
					t.Errorf("copy of %q: %v", p, err)
				}
			}
			if n := f.srv.Count(swifttest.CopyObject); n != 5 { // the large file takes one for each segment
				t.Errorf("%d copies were made", n)
			}
			f.srv.ForgetRequests()
			for _, p := range []vfs.Path{"/c/small", "/c/large", "/c/dlo", "/c/link"} {
				if err := f.Rename(t.Context(), p, p+"-moved", vfs.RenameOptions{}); err != nil {
					t.Errorf("rename of %q: %v", p, err)
				}
			}
			if n := f.srv.Count(swifttest.CopyObject); n != 4 {
				t.Errorf("%d copies were made by 4 renames", n)
			}
			f.srv.Heal()
			for p, want := range map[vfs.Path][]byte{"/c/small": small, "/c/large": large, "/c/dlo": small} {
				f.has(t, p+"-copy", want, "it was copied")
				f.has(t, p+"-moved", want, "it was renamed")
			}
		})
	}
}

// TestCopyNotMade makes a COPY fail before it is carried out, also with an existing target:
// filegate repeats it.
func TestCopyNotMade(t *testing.T) {
	for what, fault := range copyFaults(swifttest.AtStart) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, nil)
			data := apitest.Noise(1000)
			f.mustWrite(t, "/c/a", data)
			f.mustWrite(t, "/c/b", apitest.Noise(1000))
			f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Times: 2, Fault: fault})
			if err := f.Rename(t.Context(), "/c/a", "/c/b", vfs.RenameOptions{Replace: true}); err != nil {
				t.Fatal(err)
			}
			f.has(t, "/c/b", data, "it was renamed")
		})
	}
}

// TestCopyMethodRefused has a proxy that does not know COPY: PUT with X-Copy-From does the same,
// also for versions and between accounts, and COPY is not tried again.
func TestCopyMethodRefused(t *testing.T) {
	for _, code := range []int{http.StatusMethodNotAllowed, http.StatusNotImplemented} {
		f := newFake(t, swifttest.Limits{}, nil)
		data, large := apitest.Noise(1000), apitest.Noise(3*mib)
		f.mustWrite(t, "/c/with space & ü%", data)
		f.mustWrite(t, "/c/large", large)
		refused := 0
		f.srv.Inject(swifttest.Rule{
			Match: func(r *http.Request) bool { return r.Method == api.MethodCopy },
			Fault: swifttest.Fault{Status: code, Call: func() { refused++ }},
		})
		if err := errors.Join(
			f.Copy(t.Context(), "/c/with space & ü%", "/c/copy", vfs.CopyOptions{}),
			f.Copy(t.Context(), "/c/large", "/c/large2", vfs.CopyOptions{}),
			f.Rename(t.Context(), "/c/with space & ü%", "/c/moved ü%", vfs.RenameOptions{}),
			f.Rename(t.Context(), "/c/large", "/c/large3", vfs.RenameOptions{}),
		); err != nil {
			t.Error(err)
		}
		if refused != 1 {
			t.Errorf("COPY was asked for %d times of a store that does not know it", refused)
		}
		for p, want := range map[vfs.Path][]byte{"/c/copy": data, "/c/moved ü%": data, "/c/large2": large, "/c/large3": large} {
			f.has(t, p, want, "it was copied or renamed")
		}
		f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Fault: swifttest.Fault{Status: code}})
		if err := f.Copy(t.Context(), "/c/copy", "/c/no", vfs.CopyOptions{}); err == nil {
			t.Error("a copy that is refused in both forms succeeds")
		}
	}
}

// TestHeartbeat puts manifests of many segments with heartbeats. The result in the body of the
// answer, after the heartbeats, counts.
func TestHeartbeat(t *testing.T) {
	const heartbeats = 100 // number of segments from which on filegate asks for heartbeats
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
	f.putRaw(t, "/c/seg", []byte("x"), nil, nil)
	put := func(p vfs.Path, n int, header map[string]string) (*api.Response, error) {
		entries := slices.Repeat([]object.ManifestEntry{{Path: "/c/seg", Etag: api.Pieces{[]byte("x")}.MD5(), Size: 1}}, n)
		target, err := f.locate(p)
		if err != nil {
			t.Fatal(err)
		}
		return f.large.PutManifest(t.Context(), target, entries, header)
	}
	f.srv.ForgetRequests()
	for _, n := range []int{heartbeats, heartbeats - 1} {
		resp, err := put(vfsPath("/c/%d", n), n, map[string]string{})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status != http.StatusCreated || resp.Header.Get("Etag") == "" || resp.Header.Get("Last-Modified") == "" {
			t.Errorf("the answer for %d segments is %d, %v", n, resp.Status, resp.Header)
		}
		f.has(t, vfsPath("/c/%d", n), bytes.Repeat([]byte("x"), n), "it was put")
	}
	var asked []bool
	for _, r := range f.srv.Requests() {
		if r.Op == swifttest.PutManifest {
			asked = append(asked, strings.Contains(r.Query, "heartbeat=on"))
		}
	}
	if fmt.Sprint(asked) != "[true false]" {
		t.Errorf("heartbeats were asked for: %v", asked)
	}
	if _, err := put("/c/100", heartbeats, map[string]string{api.IfNoneMatch: "*"}); api.StatusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("a manifest for a name that is taken: %v", err)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutManifest, Object: "cut", Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 1, Cut: true}})
	if _, err := put("/c/cut", heartbeats, map[string]string{}); err == nil || !api.Reached(err) {
		t.Errorf("an answer that breaks off behind the first sign of life: %v, want an error that leaves open what was stored", err)
	}
	if err := f.client.Delete(t.Context(), api.Name{Account: "", Container: "c", Object: "seg"}); err != nil {
		t.Fatal(err)
	}
	if _, err := put("/c/broken", heartbeats, map[string]string{}); api.StatusOf(err) != http.StatusBadRequest || !strings.Contains(err.Error(), "/c/seg") {
		t.Errorf("a manifest whose segment is gone: %v", err)
	}
}

// TestMkdirAnswerLost loses the answers to a mkdir and a symlink: the second attempts find that
// their own first attempts succeeded.
func TestMkdirAnswerLost(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Object: "d", Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Status: http.StatusGatewayTimeout}})
	if err := f.Mkdir(t.Context(), "/c/d"); err != nil {
		t.Error(err)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Object: "link", Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Cut: true}})
	if err := f.Symlink(t.Context(), "/c/file", "/c/link"); err != nil {
		t.Error(err)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Object: "e", Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Status: http.StatusGatewayTimeout, Call: func() {
		f.putRaw(t, "/c/e", []byte("a file by now"), nil, nil)
	}}})
	if err := f.Mkdir(t.Context(), "/c/e"); !errors.Is(err, vfs.ErrExist) {
		t.Errorf("Mkdir where a file has come: %v, want %v", err, vfs.ErrExist)
	}
}

// TestBulkDeleteRefused checks that a bulk delete fails if its answer says in the body that nothing
// was done.
func TestBulkDeleteRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
	f.srv.Inject(swifttest.Rule{Op: swifttest.BulkDelete, Fault: swifttest.Fault{
		Status: http.StatusOK, Body: `{"Response Status": "502 Bad Gateway", "Response Body": "", "Number Deleted": 0, "Number Not Found": 0, "Errors": []}`,
	}})
	if err := f.client.DeleteAll(t.Context(), []api.Name{{Account: "", Container: "c", Object: "a"}, {Account: "", Container: "c", Object: "b"}}); err == nil {
		t.Error("a bulk delete that was not made succeeds")
	}
}
