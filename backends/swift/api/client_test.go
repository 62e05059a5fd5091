package api

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	for try, most := range []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000, 10_000} {
		most *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 200 {
			d := Backoff(try)
			if d > most || d < most/2 {
				t.Fatalf("backoff(%d) = %v, want from %v to %v", try, d, most/2, most)
			}
			seen[d] = true
		}
		if len(seen) < 100 {
			t.Errorf("backoff(%d) takes only %d values of 200: clients that failed together must not come back together", try, len(seen))
		}
	}
	if d := Backoff(1 << 40); d > 10*time.Second || d <= 0 {
		t.Errorf("backoff of a great many tries = %v", d)
	}
}

// TestTries checks which failures are tried again, and after which failures the request may have
// been executed nevertheless.
func TestTries(t *testing.T) {
	at := func(code int) error { return &StatusError{Status: code} }
	for _, tt := range []struct {
		err                error
		temporary, reached bool
	}{
		{io.ErrUnexpectedEOF, true, true},
		{at(500), true, true},
		{at(502), true, true},
		{at(503), true, true},
		{at(504), true, true},
		{at(501), false, true},
		{at(507), false, true},
		{at(408), true, false},
		{at(429), true, false},
		{at(498), true, false},
		{at(499), true, false},
		{at(400), false, false},
		{at(401), false, false},
		{at(403), false, false},
		{at(404), false, false},
		{at(409), false, false},
		{at(412), false, false},
		{at(413), false, false},
		{at(422), false, false},
		{errors.Join(errNotRewound, io.EOF), false, true},
	} {
		if got := triesFor(Request{}, tt.err) > 0; got != tt.temporary {
			t.Errorf("%v is tried again: %t", tt.err, got)
		}
		if got := Reached(tt.err); got != tt.reached {
			t.Errorf("reached(%v) = %v", tt.err, got)
		}
	}
}

func TestShortText(t *testing.T) {
	if got := ShortText(" <html>\n <p>a\tb</p> "); got != "a b" {
		t.Errorf("%q", got)
	}
	if got := ShortText(strings.Repeat("ü", 1000)); len(got) > 310 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// TestStallOfCopy checks that a COPY has enough time: Swift answers only after it has copied all
// bytes, and sends nothing until then (row G3 of the old servers).
func TestStallOfCopy(t *testing.T) {
	c := Client{Stall: time.Minute}
	if got := c.stallFor(Request{Method: MethodCopy}); got < 5<<30/(2<<20)*time.Second {
		t.Errorf("a COPY may take %v, want the time for 5 GiB", got)
	}
	if got := c.stallFor(Request{Method: "PUT", Silence: time.Second}); got != time.Minute+time.Second {
		t.Errorf("a manifest may take %v to check, want a second more than anything else", got)
	}
	if got := c.stallFor(Request{Method: "PUT"}); got != time.Minute {
		t.Errorf("a PUT may stand still for %v, want what is configured", got)
	}
}

// TestShortTextHasNoMarkup checks that the log contains no HTML, which is the form of the errors of
// Swift and of proxies.
func TestShortTextHasNoMarkup(t *testing.T) {
	for page, want := range map[string]string{
		"<html><h1>Unprocessable Entity</h1><p>Unable to process\nthe contained instructions.</p></html>": "Unprocessable Entity Unable to process the contained instructions.",
		"<!DOCTYPE html><!-- a > b --><body class='x'>no&nbsp;server</body>":                              "no server",
		"plain, a < b": "plain, a < b",
		"HTTP Error: 503: 503 Service Unavailable": "HTTP Error: 503: 503 Service Unavailable",
	} {
		if got := ShortText(page); got != want {
			t.Errorf("of %q: %q, want %q", page, got, want)
		}
	}
}
