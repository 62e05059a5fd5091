package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLine has one line for each record, whatever names it has, that reads back as what it was.
func TestLine(t *testing.T) {
	bytes := int64(0)
	for _, name := range []string{"plain", "a\nb", "<b>&", `q"\`, "\x1b[2J", "\u0085\u009b2J", "\u2028", "ü"} {
		want := Record{
			Time: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Event: "upload", Result: "ok", User: name, Path: name, Bytes: &bytes, TransIDs: []string{"tx1"},
		}
		line := string(want.Line())
		text, ended := strings.CutSuffix(line, "\n")
		if !ended || strings.ContainsAny(text, "\n\r\x1b\u0085\u009b\u2028") {
			t.Errorf("of %q: %q, want one line without control characters", name, line)
		}
		if !strings.Contains(line, `"bytes":0`) {
			t.Errorf("an empty file has no size: %s", line)
		}
		var got Record
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("of %q: %v in %s", name, err, line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("of %q (-want +got)\n%s", name, diff)
		}
	}
}

// TestLongLine bounds what others have chosen.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("ü", 1<<20)
	many := map[string]string{}
	for i := range 1000 {
		many[fmt.Sprintf("meta.%d", i)] = long[:100]
	}
	if line := string(Record{Changes: many}.Line()); len(line) > 2*maxText || !strings.Contains(line, " more\"") {
		t.Errorf("many changes have a line of %d bytes: %s", len(line), line)
	}
	if got := len((Record{Path: long, Target: long, Error: long, User: long}).Line()); got > 5*maxText {
		t.Errorf("the line has %d bytes", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLog(t *testing.T) {
	(*Log)(nil).Write(Record{})
	var out bytes.Buffer
	New(&out, func(err error) { t.Error(err) }).Write(Record{Event: "login"})
	if !strings.Contains(out.String(), `"event":"login"`) {
		t.Errorf("the log is %q", out.String())
	}
	var failed error
	New(broken{}, func(err error) { failed = err }).Write(Record{})
	if failed == nil {
		t.Error("nobody was told that the record could not be written")
	}
}
