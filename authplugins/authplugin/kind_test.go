package authplugin

import (
	"testing"
	"time"
)

// TestCallTimeoutIsTold tests that a program can reject a time limit of its own that is not shorter
// than the gateway's.
func TestCallTimeoutIsTold(t *testing.T) {
	for limit, want := range map[string]bool{"29s": true, "30s": false, "1m": false} {
		p, diags, err := (&Launcher{}).Launch(t.Context(), spec(t, programAs(t, "good"), map[string]any{"greeting": limit}))
		if err != nil || (len(diags) == 0) != want {
			t.Errorf("%s: %v, %v", limit, diags, err)
		}
		if p != nil {
			_ = p.Close()
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		values            string
		limit, call, want time.Duration
		mistake           bool
	}{
		{`{"timeout": "20s"}`, 20 * time.Second, 30 * time.Second, 20 * time.Second, false},
		{`{"timeout": "20s"}`, 20 * time.Second, 0, 20 * time.Second, false},
		{`{"timeout": "20s"}`, 20 * time.Second, 20 * time.Second, 20 * time.Second, true},
		{`{}`, 20 * time.Second, 10 * time.Second, 9 * time.Second, false},
	} {
		got, diags := Config{Values: []byte(c.values), CallTimeout: c.call}.Within("timeout", c.limit)
		if got != c.want || len(diags) > 0 != c.mistake {
			t.Errorf("%s of %s within %s: %s, %v", c.values, c.limit, c.call, got, diags)
		}
	}
}
