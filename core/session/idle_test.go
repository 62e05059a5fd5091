package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/session"
	"filegate/core/vfs"
)

func TestWaitIdle(t *testing.T) {
	for name, busy := range map[string]func(s *session.Session) error{
		"operation": func(s *session.Session) error { _, err := s.Stat(context.Background(), "/file"); return err },
		"file": func(s *session.Session) error {
			f, err := s.Open(context.Background(), "/file", vfs.OpenOptions{})
			if err != nil {
				return err
			}
			time.Sleep(time.Hour)
			return f.Close()
		},
		"listing": func(s *session.Session) error {
			l, err := s.List(context.Background(), "/")
			if err != nil {
				return err
			}
			time.Sleep(time.Hour)
			return l.Close()
		},
		"upload": func(s *session.Session) error {
			w, err := s.OpenWriter(context.Background(), "/file", replace)
			if err != nil {
				return err
			}
			if _, err := w.Commit(context.Background()); err != nil {
				return err
			}
			time.Sleep(time.Hour) // committed, but not closed
			return w.Close()
		},
		"one after the other": func(s *session.Session) error {
			f, err := s.Open(context.Background(), "/file", vfs.OpenOptions{})
			if err != nil {
				return err
			}
			time.Sleep(30 * time.Minute)
			w, err := s.OpenWriter(context.Background(), "/file", replace)
			if err != nil {
				return err
			}
			f.Close()
			time.Sleep(30 * time.Minute)
			return w.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, nil)
				put(t, s.store, home+"/file", "content")
				s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
					if call == "Lstat" {
						time.Sleep(time.Hour)
					}
					return nil
				}
				over, cancel := context.WithCancel(t.Context())
				cancel()
				if err := s.WaitIdle(over); err != nil {
					t.Errorf("WaitIdle of an idle session: %v, though ctx has ended", err)
				}
				begun := time.Now()
				done := make(chan error, 1)
				go func() { done <- busy(s.Session) }()
				synctest.Wait()
				if err := s.WaitIdle(over); !errors.Is(err, context.Canceled) {
					t.Errorf("WaitIdle of a busy session = %v, want the error of ctx", err)
				}
				short, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := s.WaitIdle(short); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("WaitIdle = %v, want the error of ctx", err)
				}
				if err := s.WaitIdle(t.Context()); err != nil || time.Since(begun) != time.Hour {
					t.Errorf("WaitIdle = %v after %v, want nil after an hour", err, time.Since(begun))
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWaitIdleEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		create(t, s, "/file")
		time.AfterFunc(time.Hour, func() { s.End(errOperator) })
		begun := time.Now()
		if err := s.WaitIdle(t.Context()); err != nil || time.Since(begun) != time.Hour {
			t.Errorf("WaitIdle = %v after %v, want nil at the end of the session", err, time.Since(begun))
		}
	})
}
