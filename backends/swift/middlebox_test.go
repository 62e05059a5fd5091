package swift

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestRedirect redirects every request to another host: filegate does not follow with its token,
// and reports nothing as done.
func TestRedirect(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/a", []byte("a"))
	other := swifttest.Start(t, swifttest.Config{})
	for _, code := range []int{301, 302, 303, 307, 308} {
		f.forget()
		f.srv.Inject(swifttest.Rule{Fault: swifttest.Fault{Status: code, Header: http.Header{"Location": {other.AuthURL()}}}})
		for what, err := range map[string]error{
			"remove": f.Remove(t.Context(), "/c/a"),
			"rename": f.Rename(t.Context(), "/c/a", "/c/b", vfs.RenameOptions{}),
			"mkdir":  f.Mkdir(t.Context(), "/d"),
		} {
			if vfs.Kind(err) != vfs.ErrUnavailable || !strings.Contains(vfs.ClientText(err), "storage_url") {
				t.Errorf("status %d: %s: %v, want an error that names storage_url", code, what, err)
			}
		}
		if _, err := f.read(t.Context(), "/c/a"); err == nil {
			t.Errorf("status %d: a redirected file was read", code)
		}
		f.srv.Heal()
	}
	f.has(t, "/c/a", []byte("a"), "nothing was removed or renamed")
	if requests := other.Requests(); len(requests) > 0 {
		t.Errorf("the host of the redirect was asked %v", requests)
	}
}

// TestConditionRefused has the store refuse each If-Match, as Swift does for a plain copy of a
// large object: parts of the file can still be read, and parts of another version are not returned.
func TestConditionRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := apitest.Noise(300_000)
	f.mustWrite(t, "/c/a", data)
	f.srv.Inject(swifttest.Rule{
		Match: func(r *http.Request) bool { return r.Header.Get("If-Match") != "" },
		Fault: swifttest.Fault{Status: http.StatusPreconditionFailed},
	})
	file, err := f.Open(t.Context(), "/c/a", vfs.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	part := make([]byte, 1000)
	if _, err := file.ReadAt(part, 250_000); err != nil || !bytes.Equal(part, data[250_000:251_000]) {
		t.Errorf("a part of the file: %v, or other bytes", err)
	}
	for i, most := range []int{2, 1, 1} {
		f.srv.ForgetRequests()
		r, err := f.objects.OpenRange(t.Context(), api.Name{Account: "", Container: "c", Object: "a"}, api.Pieces{data}.MD5(), 150_000, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[150_000:151_000]) {
			t.Errorf("range %d of the file: %v, or other bytes", i, err)
		}
		r.Close()
		if n := f.srv.Count(swifttest.GetObject); n > most {
			t.Errorf("range %d took %d requests: that the condition is refused is known after the first", i, n)
		}
	}
	if err := f.Copy(t.Context(), "/c/a", "/c/b", vfs.CopyOptions{}); err != nil {
		t.Errorf("a copy: %v", err)
	}
	f.has(t, "/c/b", data, "the copy")
	f.mustWrite(t, "/c/a", apitest.Noise(400_000))
	if _, err := file.ReadAt(part, 20_000); err == nil && !bytes.Equal(part, data[20_000:21_000]) {
		t.Error("a part of another content was given for one of the file that was opened")
	}
	n := api.Name{Account: "", Container: "c", Object: "a"}
	if _, err := f.client.SendMatching(t.Context(), api.Request{Method: api.MethodCopy, Target: n, Header: f.client.Destination(n.With("no"))}, api.Pieces{data}.MD5()); api.StatusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("a copy of another content: %v, want status 412", err)
	}
}

// TestExpectRefused has a proxy refuse "Expect: 100-continue": the upload is sent without it.
func TestExpectRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{
		Match: func(r *http.Request) bool { return r.Header.Get("Expect") != "" },
		Fault: swifttest.Fault{Status: http.StatusExpectationFailed},
	})
	data := apitest.Noise(5 * mib)
	f.mustWrite(t, "/c/a", data)
	f.has(t, "/c/a", data, "the upload")
}

// TestRetryAfter has the store ask for more time than the patience: the request is not repeated,
// and the client is told how long to wait.
func TestRetryAfter(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{
		Op:    swifttest.HeadObject,
		Fault: swifttest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"3600"}}},
	})
	f.srv.ForgetRequests()
	_, err := f.Stat(t.Context(), "/c/a")
	if vfs.Kind(err) != vfs.ErrUnavailable || !strings.Contains(vfs.ClientText(err), "1h0m0s") {
		t.Errorf("Stat = %v (%q), want an error that tells when to come again", err, vfs.ClientText(err))
	}
	if n := f.srv.Count(swifttest.HeadObject); n != 1 {
		t.Errorf("the store was asked %d times, want once", n)
	}
}

// TestAnswerTooLong has a record that is longer than any valid one: it is requested once.
func TestAnswerTooLong(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	putRaw(t, f.FS, "long", strings.Repeat("x", 2000), nil)
	f.srv.ForgetRequests()
	if _, _, err := f.client.Fetch(t.Context(), api.Request{Method: http.MethodGet, Target: api.Name{Container: "c", Object: "long"}}, 1000); err == nil {
		t.Error("an answer of 2000 bytes was taken, want an error above 1000")
	}
	if n := f.srv.Count(swifttest.GetObject); n != 1 {
		t.Errorf("it was asked for %d times, want once", n)
	}
}
