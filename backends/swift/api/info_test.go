package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestParseInfo(t *testing.T) {
	changed := func(change func(*Limits)) Limits {
		l := DefaultLimits()
		l.SLO = false
		change(&l)
		return l
	}
	for _, tt := range []struct {
		text string
		want Limits
	}{
		{`{}`, changed(func(*Limits) {})},
		{`{"slo": {}}`, changed(func(l *Limits) { l.SLO = true })},
		{`{"slo": {"max_manifest_segments": 7, "max_manifest_size": 9}}`, changed(func(l *Limits) { l.SLO, l.SLOSegments, l.SLOManifest = true, 7, 9 })},
		{`{"slo": {"max_manifest_segments": 0, "max_manifest_size": -1}}`, changed(func(l *Limits) { l.SLO = true })},
		{
			`{"swift": {"container_listing_limit": 5, "max_file_size": 6, "max_meta_value_length": 7}}`,
			changed(func(l *Limits) { l.Listing, l.FileSize, l.metaValueLen = 5, 6, 7 }),
		},
		{`{"swift": {"container_listing_limit": -5, "more": []}, "tempurl": {}}`, changed(func(l *Limits) { l.TempURLHash = "sha1" })},
		{`{"tempurl": {"allowed_digests": ["sha1", "sha512", "sha256", "md5"]}}`, changed(func(l *Limits) { l.TempURLHash = "sha256" })},
		{`{"tempurl": {"allowed_digests": ["sha3"]}}`, changed(func(*Limits) {})},
		{`{"bulk_delete": {"max_deletes_per_request": 3}}`, changed(func(l *Limits) { l.bulkDelete, l.bulkDeletes = true, 3 })},
	} {
		if got, err := parseInfo(strings.NewReader(tt.text)); err != nil || got != tt.want {
			t.Errorf("parseInfo(%s) = %+v, %v; want %+v", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{``, `[]`, `"x"`, `{"swift": 1}`, `{"swift": {"max_file_size": "5GB"}}`, `<html>`, `{"slo"`} {
		if got, err := parseInfo(strings.NewReader(text)); err == nil {
			t.Errorf("parseInfo(%q) = %+v, want an error", text, got)
		}
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add(`{"swift": {"container_listing_limit": 10000, "max_file_size": 5368709122}, "slo": {"max_manifest_segments": 1000}}`)
	f.Add(`{"slo": null, "bulk_delete": {"max_deletes_per_request": 9223372036854775807}}`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseInfo(strings.NewReader(text))
		if err != nil {
			return
		}
		if l.Listing <= 0 || l.FileSize <= 0 || l.SLOSegments <= 0 || l.SLOManifest <= 0 || l.bulkDeletes <= 0 || l.metaValueLen <= 0 {
			t.Errorf("%q gives the limits %+v: none can be less than one", text, l)
		}
	})
}

// TestInfoCache looks up the limits of clusters that answer, that give invalid answers, and that
// become available again.
func TestInfoCache(t *testing.T) {
	var answer atomic.Pointer[string]
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if text := answer.Load(); text != nil {
			w.Write([]byte(*text))
			return
		}
		http.NotFound(w, nil)
	}))
	defer srv.Close()
	tr, err := newTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	c := &infoCache{http: tr, all: map[string]cachedLimits{}}
	of := func() Limits {
		t.Helper()
		l, err := c.of(t.Context(), srv.URL+"/v1/AUTH_test")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	forget := func() {
		for key, known := range c.all {
			known.until = time.Now().Add(-time.Second)
			c.all[key] = known
		}
	}
	if got := of(); got != DefaultLimits() {
		t.Errorf("the limits of a cluster that does not tell are %+v, want the defaults", got)
	}
	told := `{"slo": {"max_manifest_segments": 7}}`
	answer.Store(&told)
	if got := of(); got != DefaultLimits() || asked.Load() != 1 {
		t.Errorf("asked %d times, limits %+v; a failure is not asked again at once", asked.Load(), got)
	}
	forget()
	if got := of(); got.SLOSegments != 7 {
		t.Errorf("the limits are %+v, want the 7 segments that the cluster now tells", got)
	}
	for range 3 {
		of()
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want 2: what is known is not asked again", asked.Load())
	}
	answer.Store(nil)
	forget()
	if got := of(); got.SLOSegments != 7 {
		t.Errorf("the limits are %+v: when the cluster stops telling, what it told holds on", got)
	}
}

func TestInfoCacheOfACanceledSession(t *testing.T) {
	tr, err := newTransport(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := &infoCache{http: tr, all: map[string]cachedLimits{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.of(ctx, "http://127.0.0.1:1/v1/AUTH_test"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if len(c.all) != 0 {
		t.Errorf("a canceled session left %v for the others", c.all)
	}
	if _, err := c.of(t.Context(), "http://[::1/"); err == nil {
		t.Error("a storage URL that is none passes")
	}
}
