package login

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// soiled is a cache that returns the same wrong value for every key.
type soiled struct {
	*cache.Memory
	value []byte
}

// Get implements [cache.Cache].
func (s soiled) Get(context.Context, cache.Key) ([]byte, bool) { return s.value, len(s.value) > 0 }

// Update implements [cache.Cache].
func (s soiled) Update(_ context.Context, _ cache.Key, _ time.Duration, change func([]byte) []byte) bool {
	change(s.value)
	return true
}

// DeriveKey implements [cache.KeyDeriver].
func (soiled) DeriveKey(purpose string) []byte { return []byte("derived for " + purpose) }

// FuzzRecords puts arbitrary values into the shared cache. A user that the authenticator does not
// know may log in only with a complete record, and nothing may panic.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"Identity":{"User":"mallory","CacheFor":60000000000},"Token":"t","Stake":"s","Checked":"2026-01-01T00:00:00Z","Made":"2026-01-01T00:00:00Z","Until":"2999-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"Until":"2999-01-01T00:00:00Z"}`))
	f.Add([]byte("\x00\x01\x02"))
	f.Add(make([]byte, 32))
	f.Add([]byte("[1,2,3]"))
	f.Fuzz(func(t *testing.T, value []byte) {
		w := newWorld()
		d := startSoiled(t, w, soiled{cache.NewMemory(1 << 16), value})
		for _, password := range []auth.Secret{"wrong", "secret"} {
			sess, _, err := d.Login(t.Context(), request(func(r *auth.Request) { r.Password = password }))
			if (sess != nil) == (err != nil) {
				t.Fatalf("a session and an error, or neither: %v", err)
			}
			if sess == nil {
				continue
			}
			if sess.User() == "" {
				t.Error("a session of nobody")
			}
			sess.Close()
		}
		d.stop()
	})
}

// startSoiled starts a desk without delays and with the given shared cache.
func startSoiled(t *testing.T, w *world, shared cache.Cache) *desk {
	t.Helper()
	cfg := parse(t, guarded("fail_delay = \"0s\"\nban {\nslow_after = 0\n}"))
	life, end := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &desk{counts: &counts{logins: map[string]int{}, bans: map[string]int{}}}
	d.Desk = NewDesk(Options{
		Config: cfg.Login, Limits: cfg.Limits, Life: life, Local: cache.NewMemory(1 << 16), Shared: shared, Used: func(auth.Grant) func() { return func() {} },
		Log: slog.New(slog.DiscardHandler), Observer: d.counts,
	})
	d.Frontend = d.Desk.Frontend(auth.Chain{{Name: "first", Authenticator: w}}, "main", w)
	d.Follow("fingerprint")
	d.stop = func() {
		d.Shut()
		end()
		d.Desk.Close()
	}
	return d
}
