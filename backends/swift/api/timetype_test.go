package api

import (
	"testing"
	"time"
)

func TestTimedType(t *testing.T) {
	inType := &Client{store: &Store{config: Config{TimeInType: true}}}
	plain := &Client{store: &Store{}}
	for _, tt := range []struct {
		c                 *Client
		kind, mtime, want string
	}{
		{inType, "text/plain", "17.5", "text/plain;mtime=17.5"},
		{inType, "text/plain; charset=utf-8", "17", "text/plain; charset=utf-8;mtime=17"},
		{inType, "text/plain; MTime=3 ; charset=utf-8", "17", "text/plain; charset=utf-8;mtime=17"},
		{inType, "text/plain;mtime=3", "", "text/plain"},
		{inType, DirectoryType, "17", DirectoryType},
		{plain, "text/plain", "17", "text/plain"},
		{plain, "text/plain;mtime=3", "17", "text/plain;mtime=17"},
		{plain, "text/plain;mtime=3", "", "text/plain"},
	} {
		if got := tt.c.TimedType(tt.kind, map[string]string{MetaMtime: tt.mtime}); got != tt.want {
			t.Errorf("%q with the time %q: %q, want %q", tt.kind, tt.mtime, got, tt.want)
		}
	}
}

// FuzzTimeOfType checks that a time that was added to any content type is found again, and that the
// rest of the type stays.
func FuzzTimeOfType(f *testing.F) {
	f.Add("text/plain; charset=utf-8")
	f.Add("a;mtime=x;;mtime=1e9")
	f.Add(";")
	c := &Client{store: &Store{config: Config{TimeInType: true}}}
	f.Fuzz(func(t *testing.T, kind string) {
		if IsDirectoryType(kind) {
			return
		}
		timed := c.TimedType(kind, map[string]string{MetaMtime: "1000000000.250000000"})
		if got, ok := TimeOfType(timed); !ok || !got.Equal(time.Unix(1e9, 25e7)) {
			t.Errorf("%q: the time in %q is %v", kind, timed, got)
		}
		bare, _ := cutTime(kind)
		if again, _ := cutTime(timed); again != bare {
			t.Errorf("%q became %q", bare, again)
		}
	})
}
