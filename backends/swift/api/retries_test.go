package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"filegate/core/vfs"
)

// TestStatusRules checks that each rule is used, and has a reason.
func TestStatusRules(t *testing.T) {
	for i, r := range statusRules {
		if r.from > r.to || r.why == "" {
			t.Errorf("rule %d is for %d to %d because of %q", i, r.from, r.to, r.why)
		}
		err := &StatusError{Method: http.MethodPut, Status: r.from}
		if got := triesFor(Request{Body: Pieces{}.Reader()}, err); got != r.tries {
			t.Errorf("status %d is tried %d times again, and its rule says %d", r.from, got, r.tries)
		}
	}
}

// TestFinalFailures checks that a request is tried only once if each attempt would fail in the same
// way.
func TestFinalFailures(t *testing.T) {
	for _, err := range []error{
		errAnswerTooLong, errNotRewound, http.ErrSchemeMismatch, &tls.CertificateVerificationError{Err: errors.New("unknown")}, vfs.ErrTooLarge,
	} {
		if n := triesFor(Request{}, fmt.Errorf("GET: %w", err)); n != 0 {
			t.Errorf("%v is tried %d times again", err, n)
		}
	}
	if triesFor(Request{}, errors.New("connection reset by peer")) != anyTries {
		t.Error("a connection that broke is not tried again")
	}
}

// TestCertificateText checks that the error names the option to set if a store's certificate cannot
// be verified.
func TestCertificateText(t *testing.T) {
	err := Translate(fmt.Errorf("GET: %w", &tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")}))
	if vfs.Kind(err) != vfs.ErrUnavailable || !strings.Contains(vfs.ClientText(err), "ca_file") {
		t.Errorf("the error is %v", err)
	}
}

// TestIsCopyOf compares objects with the expected result of a COPY.
func TestIsCopyOf(t *testing.T) {
	h := func(pairs ...string) Object {
		header := http.Header{"Content-Length": {"3"}, "Etag": {"e"}, "Content-Type": {"text/x"}, "X-Object-Meta-Mtime": {"1"}}
		for i := 0; i < len(pairs); i += 2 {
			header[pairs[i]] = []string{pairs[i+1]}
		}
		return ParseObject(header)
	}
	slo := []string{"X-Static-Large-Object", "True"}
	asManifest := Request{Query: map[string][]string{"multipart-manifest": {"get"}}}
	content := Request{Header: map[string]string{MetaCopyOf: "e"}}
	for _, tt := range []struct {
		what     string
		dst, src Object
		req      Request
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
		{"the content of a manifest", h("Etag", "md5", MetaCopyOf, "e"), h(slo...), content, true},
		{"the content of another", h("Etag", "md5", MetaCopyOf, "other"), h(slo...), content, false},
		{"a manifest for its content", h(append(slo, MetaCopyOf, "e")...), h(slo...), content, false},
		{"a link for a file", h(SymlinkTargetHeader, "c/o"), h(), asManifest, false},
		{"fresh metadata", h("X-Object-Meta-Mtime", "2"), h(), Request{Header: map[string]string{"X-Fresh-Metadata": "true"}}, true},
	} {
		if got := isCopyOf(tt.dst, tt.src, tt.req); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.what, got, tt.want)
		}
	}
}
