package session_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"filegate/core/session"
	"filegate/core/vfs"
)

var errOperator = errors.New("the operator wants it so")

// TestEndCutsCalls is that every call under way ends with its session, though its own context goes
// on.
func TestEndCutsCalls(t *testing.T) {
	calls := map[string]func(ctx context.Context, s *session.Session) error{}
	for _, op := range operations {
		calls[op.name] = func(ctx context.Context, s *session.Session) error { return op.call(ctx, s, "/file") }
		if op.op == session.OpList {
			calls[op.name] = func(ctx context.Context, s *session.Session) error { return op.call(ctx, s, "/") }
		}
	}
	for name, blocked := range map[string][]string{
		"stat": {"Lstat"}, "list": {"List", "Next"}, "space": {"StatSpace"}, "read": {"Open", "WriteTo"}, "write": {"OpenWriter", "WriteAt", "Commit"},
		"mkdir": {"Mkdir"}, "remove": {"Remove"}, "rmdir": {"Rmdir"}, "rename": {"Rename"}, "set attributes": {"SetAttrs"}, "truncate": {"OpenWriter", "Truncate", "Commit"},
	} {
		for _, at := range blocked {
			for how, end := range map[string]func(s *session.Session){
				"End":   func(s *session.Session) { s.End(errOperator) },
				"Close": (*session.Session).Close,
			} {
				t.Run(name+" at "+at+" by "+how, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := begin(t, nil)
						put(t, s.store, home+"/file", "old")
						s.store.before = func(ctx context.Context, call string, _ vfs.Path) error {
							if call == at {
								return untilEnd(ctx)
							}
							return nil
						}
						done := make(chan error, 1)
						go func() { done <- calls[name](context.Background(), s.Session) }()
						synctest.Wait()
						select {
						case err := <-done:
							t.Fatalf("the call did not wait: %v", err)
						default:
						}
						end(s.Session)
						if err := <-done; !errors.Is(err, context.Canceled) {
							t.Errorf("the call: %v, want context.Canceled", err)
						}
						if event := s.seen.last(t); !errors.Is(event.Err, context.Canceled) {
							t.Errorf("the event is %+v, want context.Canceled", event)
						}
						if strings.Contains(s.log.String(), "WARN") {
							t.Errorf("the end of a session is no fault of the storage:\n%s", s.log)
						}
						if got := content(t, s.store.FS, home+"/file"); got != "old" {
							t.Errorf("the content is %q", got)
						}
					})
				})
			}
		}
	}
}

func TestAfterEnd(t *testing.T) {
	for how, end := range map[string]func(s *session.Session){
		"End":   func(s *session.Session) { s.End(errOperator) },
		"Close": (*session.Session).Close,
	} {
		t.Run(how, func(t *testing.T) {
			s := begin(t, nil)
			put(t, s.store, home+"/file", "old")
			l, err := s.List(t.Context(), "/")
			if err != nil {
				t.Fatal(err)
			}
			w := create(t, s, "/file")
			end(s.Session)
			<-s.Context().Done()
			before := s.store.count("")
			for _, op := range operations {
				err := op.call(t.Context(), s.Session, "/file")
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v, want context.Canceled", op.name, err)
				}
				if text := vfs.ClientText(err); text != "the session was ended" {
					t.Errorf("%s: the client reads %q", op.name, text)
				}
			}
			if _, err := l.Next(t.Context()); err == nil {
				t.Error("Next = nil")
			}
			if _, err := w.WriteAt([]byte("x"), 0); err == nil {
				t.Error("WriteAt = nil")
			}
			if _, err := w.Commit(t.Context()); err == nil {
				t.Error("Commit = nil")
			}
			if n := s.store.count("") - before - s.store.count("WriteAt"); n != 0 {
				t.Errorf("the store was called %d times", n)
			}
			if strings.Contains(s.log.String(), "WARN") {
				t.Errorf("the end of a session is no fault of the storage:\n%s", s.log)
			}
		})
	}
}

func TestEndReason(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(s *session.Session)
		want string
	}{
		{"Close", func(*session.Session) {}, "closed"},
		{"End", func(s *session.Session) { s.End(errOperator) }, "the operator wants it so"},
		{"twice", func(s *session.Session) { s.End(errOperator); s.End(errors.New("another")) }, "the operator wants it so"},
		{"cancelled", func(s *session.Session) { s.End(context.Canceled) }, "closed"},
		{"without one", func(s *session.Session) { s.End(nil) }, "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t, nil)
			tt.end(s.Session)
			s.Close()
			s.Close()
			if cause := context.Cause(s.Context()); tt.want != "closed" && !errors.Is(cause, errOperator) || !errors.Is(cause, context.Canceled) {
				t.Errorf("the cause is %v", cause)
			}
			lines := s.log.lines(t, "session ends")
			if len(lines) != 1 || lines[0]["reason"] != tt.want {
				t.Errorf("the log says %v, want one line with the reason %q", lines, tt.want)
			}
		})
	}
}

func TestEndWithParent(t *testing.T) {
	parent, cancel := context.WithCancelCause(t.Context())
	s, err := session.New(parent, session.Config{FS: newStore(t), Log: begin(t, nil).Log()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel(errOperator)
	_, err = s.Stat(t.Context(), "/")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errOperator) {
		t.Errorf("Stat: %v, want a context.Canceled that says why", err)
	}
}

// TestCloseClosesHandles is that nothing of a session is left when Close returns, to whoever has
// called it.
func TestCloseClosesHandles(t *testing.T) {
	s := begin(t, nil)
	put(t, s.store, home+"/file", "content")
	goOn := make(chan struct{})
	s.store.before = func(_ context.Context, call string, _ vfs.Path) error {
		if call == "Close" {
			<-goOn // a store may take its time
		}
		return nil
	}
	if _, err := s.Open(t.Context(), "/file", vfs.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "/"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenWriter(t.Context(), "/abandoned", replace); err != nil {
		t.Fatal(err)
	}
	committed, err := s.OpenWriter(t.Context(), "/committed", replace)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := committed.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed := make(chan int, 3)
	for range 2 {
		go func() {
			s.Close()
			closed <- s.store.handles()
		}()
	}
	for s.store.count("Close") == 0 {
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("Close returned before the handles were closed")
	default:
	}
	close(goOn)
	for range 2 {
		if n := <-closed; n != 0 {
			t.Errorf("%d handles were open when Close returned", n)
		}
	}
	if n := len(s.seen.take()); n != 4 {
		t.Errorf("%d events for 4 operations", n)
	}
}

// TestCloseWaitsForOpening is that a handle which is being opened while its session is closed is
// closed too, and counted once.
func TestCloseWaitsForOpening(t *testing.T) {
	for call, open := range map[string]func(s *session.Session) error{
		"Open": func(s *session.Session) error {
			_, err := s.Open(context.Background(), "/file", vfs.OpenOptions{})
			return err
		},
		"OpenWriter": func(s *session.Session) error {
			_, err := s.OpenWriter(context.Background(), "/file", replace)
			return err
		},
		"List": func(s *session.Session) error { _, err := s.List(context.Background(), "/"); return err },
	} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, nil)
				put(t, s.store, home+"/file", "content")
				goOn := make(chan struct{})
				s.store.before = func(_ context.Context, at string, _ vfs.Path) error {
					if at == call {
						<-goOn // deaf to its context
					}
					return nil
				}
				s.store.ignoreEnd = true
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := open(s.Session); !errors.Is(err, context.Canceled) {
						t.Errorf("%s: %v, want context.Canceled", call, err)
					}
				})
				synctest.Wait()
				closed := make(chan struct{})
				wg.Go(func() {
					s.Close()
					if n := s.store.handles(); n != 0 {
						t.Errorf("%d handles were open when Close returned", n)
					}
					close(closed)
				})
				synctest.Wait()
				select {
				case <-closed:
					t.Error("Close returned before the call that opens a handle")
				default:
				}
				close(goOn)
				wg.Wait()
				s.seen.last(t)
			})
		})
	}
}

// TestCloseWhileUsed closes a session in the middle of everything, as when a connection breaks.
func TestCloseWhileUsed(t *testing.T) {
	for range 20 {
		s := begin(t, nil)
		put(t, s.store, home+"/file", strings.Repeat("content", 10_000))
		var wg sync.WaitGroup
		for range 4 {
			for _, op := range operations[:7] { // what leaves the file there
				wg.Go(func() {
					for op.call(t.Context(), s.Session, "/file") == nil {
					}
				})
			}
		}
		wg.Go(func() {
			if f, err := s.Open(t.Context(), "/file", vfs.OpenOptions{}); err == nil {
				f.WriteTo(io.Discard) // and it is left to the session to close it
			}
		})
		for range 2 {
			wg.Go(s.Close)
		}
		wg.Wait()
		if n := s.store.handles(); n != 0 {
			t.Fatalf("%d handles are left", n)
		}
		if ends := s.log.lines(t, "session ends"); len(ends) != 1 {
			t.Fatalf("the log says %v, want one line of the end", ends)
		}
	}
}
