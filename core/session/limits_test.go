package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

func limited(l auth.Limits) func(*session.Config) {
	return func(cfg *session.Config) { cfg.Identity.Limits = l }
}

// transfers move size bytes through a session, as frontends do.
var transfers = []struct {
	name string
	up   bool
	move func(ctx context.Context, s *session.Session, size int) error
}{
	{"upload as a stream", true, func(ctx context.Context, s *session.Session, size int) error {
		w, err := s.OpenWriter(ctx, "/file", replace)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.ReadFrom(bytes.NewReader(make([]byte, size))); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}},
	{"upload in pieces", true, func(ctx context.Context, s *session.Session, size int) error {
		w, err := s.OpenWriter(ctx, "/file", replace)
		if err != nil {
			return err
		}
		defer w.Close()
		for off := 0; off < size; off += 100 {
			if _, err := w.WriteAt(make([]byte, min(100, size-off)), int64(off)); err != nil {
				return err
			}
		}
		_, err = w.Commit(ctx)
		return err
	}},
	{"download as a stream", false, func(ctx context.Context, s *session.Session, _ int) error {
		f, err := s.Open(ctx, "/file", vfs.OpenOptions{})
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteTo(io.Discard)
		return err
	}},
	{"download in pieces", false, func(ctx context.Context, s *session.Session, size int) error {
		f, err := s.Open(ctx, "/file", vfs.OpenOptions{})
		if err != nil {
			return err
		}
		defer f.Close()
		for off := 0; off < size; off += 100 {
			if _, err := f.ReadAt(make([]byte, 100), int64(off)); err != nil && err != io.EOF {
				return err
			}
		}
		return nil
	}},
}

// TestRates moves three seconds' worth, of which the first passes at once, in each direction, alone
// and twice at the same time.
func TestRates(t *testing.T) {
	const rate = 1000
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := auth.Limits{DownloadRate: rate}
				if tt.up {
					limits = auth.Limits{UploadRate: rate}
				}
				s := begin(t, limited(limits))
				put(t, s.store, home+"/file", string(make([]byte, 3*rate)))
				start := time.Now()
				if err := tt.move(t.Context(), s.Session, 3*rate); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start).Round(time.Millisecond); took != 2*time.Second {
					t.Errorf("one transfer of three seconds' worth took %v, want 2s", took)
				}
				start = time.Now()
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() {
						if err := tt.move(t.Context(), s.Session, 3*rate); err != nil {
							t.Error(err)
						}
					})
				}
				both.Wait()
				if took := time.Since(start).Round(time.Millisecond); took != 6*time.Second {
					t.Errorf("two more at a time took %v, want 6s: the rate is the session's", took)
				}
			})
		})
	}
}

// TestRateAndTheEnd ends a session whose transfer is waiting for its turn, for hours still.
func TestRateAndTheEnd(t *testing.T) {
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, limited(auth.Limits{UploadRate: 10, DownloadRate: 10}))
				put(t, s.store, home+"/file", string(make([]byte, 100_000)))
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := tt.move(t.Context(), s.Session, 100_000); !errors.Is(err, context.Canceled) {
						t.Errorf("the transfer ended with %v, want that of the session", err)
					}
				})
				synctest.Wait()
				s.End(errors.New("thrown out"))
				s.Close()
				wg.Wait()
				if took := time.Since(start); took != 0 {
					t.Errorf("the end took %v, want it at once", took)
				}
			})
		})
	}
}

// TestRateHoldsNothing sets the time of a file that is being written, while a write to it waits for
// its turn.
func TestRateHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, limited(auth.Limits{UploadRate: 10}))
		w, err := s.OpenWriter(t.Context(), "/file", replace)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := w.WriteAt(make([]byte, 1000), 0); err == nil {
				t.Error("a write went on after Close")
			}
		})
		synctest.Wait()
		start, when := time.Now(), time.Unix(1e9, 0)
		if err := w.SetAttrs(vfs.Attrs{ModTime: &when}); err != nil {
			t.Error(err)
		}
		if _, err := s.Stat(t.Context(), "/file"); err != nil {
			t.Error(err)
		}
		w.Close()
		wg.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("that took %v, want nothing to wait", took)
		}
	})
}

// TestSessionBytes lets through what fits, in both directions together, and nothing that is cut off
// becomes a file.
func TestSessionBytes(t *testing.T) {
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, limited(auth.Limits{SessionBytes: 2500}))
			put(t, s.store, home+"/file", string(make([]byte, 1000)))
			for range 2 {
				if err := tt.move(t.Context(), s.Session, 1000); err != nil {
					t.Fatal(err)
				}
			}
			put(t, s.store, home+"/file", "before"+string(make([]byte, 994)))
			wantKind(t, tt.move(t.Context(), s.Session, 1000), vfs.ErrQuota, "the third thousand of 2500 bytes")
			events := s.seen.take()
			wantKind(t, events[len(events)-1].Err, vfs.ErrQuota, "the outcome of the transfer")
			if got := content(t, s.store, home+"/file"); got[:6] != "before" {
				t.Error("an upload that was too much has replaced the file")
			}
			if _, err := s.Stat(t.Context(), "/file"); err != nil {
				t.Errorf("Stat of a session that may move no more: %v", err)
			}
		})
	}
}
