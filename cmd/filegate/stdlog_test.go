package main

import (
	"bytes"
	stdlog "log"
	"log/slog"
	"strings"
	"testing"
)

// TestStandardLog writes a message like net/http.
func TestStandardLog(t *testing.T) {
	before := stdlog.Writer()
	var b bytes.Buffer
	restore := takeStandardLog(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
	stdlog.Print("Unsolicited response")
	restore()
	if got := b.String(); !strings.Contains(got, `level=DEBUG msg="Unsolicited response"`) {
		t.Errorf("the log has %q, want a debug message", got)
	}
	if stdlog.Writer() != before {
		t.Error("the standard logger does not write where it wrote before")
	}
}
