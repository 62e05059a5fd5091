package swift

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestStatusRules is that each rule is reached, and says why.
func TestStatusRules(t *testing.T) {
	for i, r := range statusRules {
		if r.from > r.to || r.why == "" {
			t.Errorf("rule %d is for %d to %d because of %q", i, r.from, r.to, r.why)
		}
		err := &statusError{method: http.MethodPut, status: r.from}
		if got := triesFor(request{body: pieces{}.reader()}, err); got != r.tries {
			t.Errorf("status %d is tried %d times again, and its rule says %d", r.from, got, r.tries)
		}
	}
}

// TestFinalFailures is that what fails alike each time is tried once.
func TestFinalFailures(t *testing.T) {
	for _, err := range []error{
		errAnswerTooLong, errNotRewound, http.ErrSchemeMismatch, &tls.CertificateVerificationError{Err: errors.New("unknown")}, vfs.ErrTooLarge,
	} {
		if n := triesFor(request{}, fmt.Errorf("GET: %w", err)); n != 0 {
			t.Errorf("%v is tried %d times again", err, n)
		}
	}
	if triesFor(request{}, errors.New("connection reset by peer")) != anyTries {
		t.Error("a connection that broke is not tried again")
	}
}

// TestCertificateText is that a store whose certificate cannot be verified is not asked for the whole patience, and the error says what to set.
func TestCertificateText(t *testing.T) {
	err := translate(fmt.Errorf("GET: %w", &tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")}))
	if vfs.Kind(err) != vfs.ErrUnavailable || !strings.Contains(vfs.ClientText(err), "ca_file") {
		t.Errorf("the error is %v", err)
	}
}

// copyFaults are the ways in which the answer to a COPY is lost.
func copyFaults(at swifttest.Point) map[string]swifttest.Fault {
	return map[string]swifttest.Fault{
		"502": {At: at, Status: http.StatusBadGateway}, "504": {At: at, Status: http.StatusGatewayTimeout}, "cut": {At: at, Cut: true},
	}
}

// TestCopyAnswerLost has the answer to each COPY be lost: what it was to make is looked up, and not made again.
func TestCopyAnswerLost(t *testing.T) {
	for what, fault := range copyFaults(swifttest.AtAnswer) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
			small, large := noise(1000), noise(3*mib)
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
			if n := f.srv.Count(swifttest.CopyObject); n != 5 { // of the large one, each segment
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

// TestCopyNotMade has a COPY fail that was not made, also where its target has been there before: it is made.
func TestCopyNotMade(t *testing.T) {
	for what, fault := range copyFaults(swifttest.AtStart) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, nil)
			data := noise(1000)
			f.mustWrite(t, "/c/a", data)
			f.mustWrite(t, "/c/b", noise(1000))
			f.srv.Inject(swifttest.Rule{Op: swifttest.CopyObject, Times: 2, Fault: fault})
			if err := f.Rename(t.Context(), "/c/a", "/c/b", vfs.RenameOptions{Replace: true}); err != nil {
				t.Fatal(err)
			}
			f.has(t, "/c/b", data, "it was renamed")
		})
	}
}

// TestIsCopyOf compares objects with what a COPY was to make of them.
func TestIsCopyOf(t *testing.T) {
	h := func(pairs ...string) object {
		header := http.Header{"Content-Length": {"3"}, "Etag": {"e"}, "Content-Type": {"text/x"}, "X-Object-Meta-Mtime": {"1"}}
		for i := 0; i < len(pairs); i += 2 {
			header[pairs[i]] = []string{pairs[i+1]}
		}
		return parseObject(header)
	}
	slo := []string{"X-Static-Large-Object", "True"}
	asManifest := request{query: map[string][]string{"multipart-manifest": {"get"}}}
	content := request{header: map[string]string{metaCopyOf: "e"}}
	for _, tt := range []struct {
		what     string
		dst, src object
		req      request
		want     bool
	}{
		{"the same", h(), h(), asManifest, true},
		{"more metadata", h("X-Object-Meta-More", "1"), h(), asManifest, true},
		{"another content", h("Etag", "f"), h(), asManifest, false},
		{"another size", h("Content-Length", "4"), h(), asManifest, false},
		{"another time", h("X-Object-Meta-Mtime", "2"), h(), asManifest, false},
		{"another type", h("Content-Type", "text/y"), h(), asManifest, false},
		{"a plain file for a manifest", h(), h(slo...), asManifest, false},
		{"a manifest", h(slo...), h(slo...), asManifest, true},
		{"the content of a manifest", h("Etag", "md5", metaCopyOf, "e"), h(slo...), content, true},
		{"the content of another", h("Etag", "md5", metaCopyOf, "other"), h(slo...), content, false},
		{"a manifest for its content", h(append(slo, metaCopyOf, "e")...), h(slo...), content, false},
		{"a link for a file", h(linkTarget, "c/o"), h(), asManifest, false},
		{"fresh metadata", h("X-Object-Meta-Mtime", "2"), h(), request{header: map[string]string{"X-Fresh-Metadata": "true"}}, true},
	} {
		if got := isCopyOf(tt.dst, tt.src, tt.req); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.what, got, tt.want)
		}
	}
}

// TestCopyMethodRefused has something on the way not know COPY: PUT with X-Copy-From does the same, also of versions and between accounts, and
// COPY is not asked for again.
func TestCopyMethodRefused(t *testing.T) {
	for _, code := range []int{http.StatusMethodNotAllowed, http.StatusNotImplemented} {
		f := newFake(t, swifttest.Limits{}, nil)
		data, large := noise(1000), noise(3*mib)
		f.mustWrite(t, "/c/with space & ü%", data)
		f.mustWrite(t, "/c/large", large)
		refused := 0
		f.srv.Inject(swifttest.Rule{
			Match: func(r *http.Request) bool { return r.Method == methodCopy },
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

// TestHeartbeat has manifests of many segments be put with signs of life, and what the answer says behind them count.
func TestHeartbeat(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
	f.putRaw(t, "/c/seg", []byte("x"), nil, nil)
	put := func(p vfs.Path, n int, header map[string]string) (*response, error) {
		entries := slices.Repeat([]sloEntry{{Path: "/c/seg", Etag: pieces{[]byte("x")}.md5(), Size: 1}}, n)
		target, err := f.locate(p)
		if err != nil {
			t.Fatal(err)
		}
		return f.putSLO(t.Context(), target, entries, header)
	}
	f.srv.ForgetRequests()
	for _, n := range []int{heartbeatFrom, heartbeatFrom - 1} {
		resp, err := put(vfsPath("/c/%d", n), n, map[string]string{})
		if err != nil {
			t.Fatal(err)
		}
		if resp.status != http.StatusCreated || resp.header.Get("Etag") == "" || resp.header.Get("Last-Modified") == "" {
			t.Errorf("the answer for %d segments is %d, %v", n, resp.status, resp.header)
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
	if _, err := put("/c/100", heartbeatFrom, map[string]string{ifNoneMatch: "*"}); status(err) != http.StatusPreconditionFailed {
		t.Errorf("a manifest for a name that is taken: %v", err)
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutManifest, Object: "cut", Fault: swifttest.Fault{At: swifttest.InAnswer, Bytes: 1, Cut: true}})
	if _, err := put("/c/cut", heartbeatFrom, map[string]string{}); err == nil || !reached(err) {
		t.Errorf("an answer that breaks off behind the first sign of life: %v, want an error that leaves open what was stored", err)
	}
	if err := f.client.deleteObject(t.Context(), name{"", "c", "seg"}); err != nil {
		t.Fatal(err)
	}
	if _, err := put("/c/broken", heartbeatFrom, map[string]string{}); status(err) != http.StatusBadRequest || !strings.Contains(err.Error(), "/c/seg") {
		t.Errorf("a manifest whose segment is gone: %v", err)
	}
}

// TestMkdirAnswerLost has the answers to a mkdir and a symlink be lost: what they find the second time is their own work.
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

// TestManifestTakesTime is that a store may be silent for longer than the stall time while it checks many segments.
func TestManifestTakesTime(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	quiet := f.client.stallFor(request{method: http.MethodPut, silence: 1000 * checkTime})
	if quiet < f.client.stall+100*time.Second {
		t.Errorf("1000 segments have to be checked within %v", quiet)
	}
}

// TestBulkDeleteRefused is that a bulk delete which says in its body that nothing was done counts as a failure.
func TestBulkDeleteRefused(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(cfg *Config) { cfg.Patience = 0 })
	f.srv.Inject(swifttest.Rule{Op: swifttest.BulkDelete, Fault: swifttest.Fault{
		Status: http.StatusOK, Body: `{"Response Status": "502 Bad Gateway", "Response Body": "", "Number Deleted": 0, "Number Not Found": 0, "Errors": []}`,
	}})
	if err := f.client.bulkDelete(t.Context(), []name{{"", "c", "a"}, {"", "c", "b"}}); err == nil {
		t.Error("a bulk delete that was not made succeeds")
	}
}
