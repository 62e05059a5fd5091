package swift

import (
	"testing"

	"filegate/backends/swift/api"
)

func TestTotalOf(t *testing.T) {
	for s, want := range map[string]int64{"bytes 0-0/10": 10, "bytes */10": 10, "bytes 5-9/9223372036854775807": 1<<63 - 1} {
		if got, err := api.TotalOf(s); err != nil || got != want {
			t.Errorf("totalOf(%q) = %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "bytes 0-0", "bytes 0-0/", "bytes 0-0/*", "bytes 0-0/-1", "bytes 0-0/9223372036854775808", "bytes 0-0/1/2"} {
		if got, err := api.TotalOf(s); err == nil {
			t.Errorf("totalOf(%q) = %d, want an error", s, got)
		}
	}
}
