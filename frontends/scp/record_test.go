package scp

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRecord(t *testing.T) {
	for _, tt := range []struct {
		line string
		want record
		fail bool
	}{
		{line: "C0644 12 a b", want: record{kind: kindFile, mode: 0o644, size: 12, name: "a b"}},
		{line: "C4755 0 x", want: record{kind: kindFile, mode: 0o755, name: "x"}},
		{line: "D0755 0 dir", want: record{kind: kindDir, mode: 0o755, name: "dir"}},
		{line: "C0644 9223372036854775807 x", want: record{kind: kindFile, mode: 0o644, size: 1<<63 - 1, name: "x"}},
		{line: "E", want: record{kind: kindEnd}},
		{line: "T12 5 34 0", want: record{kind: kindTimes, times: times{time.Unix(12, 5000), time.Unix(34, 0)}}},
		{line: "", fail: true},
		{line: "Ex", fail: true},
		{line: "X", fail: true},
		{line: "C644 1 x", fail: true},
		{line: "C0999 1 x", fail: true},
		{line: "C0644 -1 x", fail: true},
		{line: "C0644 +1 x", fail: true},
		{line: "C0644 9223372036854775808 x", fail: true},
		{line: "C0644 1", fail: true},
		{line: "C0644 1 ", fail: true},
		{line: "C0644 1 .", fail: true},
		{line: "C0644 1 ..", fail: true},
		{line: "C0644 1 a/b", fail: true},
		{line: "C0644 1 a\x00b", fail: true},
		{line: "C0644 1 \xff", want: record{kind: kindFile, mode: 0o644, size: 1, name: "\xff"}},
		{line: "D0755 0 ../x", fail: true},
		{line: "T1 2 3", fail: true},
		{line: "T1 1000000 3 0", fail: true},
		{line: "T-1 0 3 0", fail: true},
	} {
		got, err := parseRecord(tt.line)
		if (err != nil) != tt.fail {
			t.Errorf("parseRecord(%q): error %v, want one: %v", tt.line, err, tt.fail)
			continue
		}
		if err == nil {
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(record{}, times{})); diff != "" {
				t.Errorf("parseRecord(%q) (-want +got):\n%s", tt.line, diff)
			}
		}
	}
}

// FuzzParseRecord checks that an accepted record has a name without a path, and that writing and
// parsing it again gives the same record.
func FuzzParseRecord(f *testing.F) {
	for _, line := range []string{"C0644 12 a b", "D0755 0 d", "E", "T1 2 3 4", "C0644 99999999999999999999 x", "C0644 1 ../x", "\x01scp: oh"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseRecord(line)
		if err != nil {
			return
		}
		if r.size < 0 || strings.Contains(r.name, "/") || r.name == ".." {
			t.Errorf("parseRecord(%q) = %+v", line, r)
		}
		if strings.ContainsAny(line, "\n") {
			return // the wire would end the line there
		}
		s := r.String()
		if !strings.HasSuffix(s, "\n") || strings.Count(s, "\n") != 1 {
			t.Fatalf("%+v is written as %q, which is not one line", r, s)
		}
		again, err := parseRecord(strings.TrimSuffix(s, "\n"))
		if err != nil {
			t.Fatalf("%q, from %q, cannot be read: %v", s, line, err)
		}
		if again.kind != r.kind || again.size != r.size || again.mode != r.mode || again.modified.Unix() != r.modified.Unix() {
			t.Errorf("%q became %q", line, s)
		}
	})
}
