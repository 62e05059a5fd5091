package session_test

import (
	"context"
	"errors"
	"testing"

	"filegate/core/session"
	"filegate/core/vfs"
)

// asked is an observer that is asked before operations, and refuses some.
type asked struct {
	events
	refuse session.Op
}

var errAsked = errors.New("refused by the observer")

func (a *asked) Asks(session.Op) bool { return true }

func (a *asked) Before(_ context.Context, e session.Event) error {
	if e.Op == a.refuse {
		return errAsked
	}
	return nil
}

// TestBefore has an observer refuse operations. A handle for reading and writing is a download too,
// unless the old content goes first.
func TestBefore(t *testing.T) {
	for _, refuse := range []session.Op{session.OpDownload, session.OpUpload} {
		w := begin(t, func(c *session.Config) { c.Observer = &asked{refuse: refuse} })
		ctx := t.Context()
		write := func(opts vfs.WriteOptions) error {
			f, err := w.OpenWriter(ctx, "/file", opts)
			if err == nil {
				f.Close()
			}
			return err
		}
		want := func(what string, err error, refused bool) {
			t.Helper()
			if errors.Is(err, errAsked) != refused {
				t.Errorf("%s without %s: %v", what, refuse, err)
			}
		}
		want("a new file", write(vfs.WriteOptions{Create: true, Truncate: true}), refuse == session.OpUpload)
		want("reading and writing", write(vfs.WriteOptions{Create: true, Read: true}), true)
		want("reading and writing from nothing", write(vfs.WriteOptions{Create: true, Read: true, Truncate: true}), refuse == session.OpUpload)
		_, err := w.Open(ctx, "/file", vfs.OpenOptions{})
		want("reading", err, refuse == session.OpDownload)
	}
}

// countingObserver counts the questions before operations.
type countingObserver struct {
	events
	asked int
}

func (c *countingObserver) Asks(session.Op) bool { return true }

func (c *countingObserver) Before(context.Context, session.Event) error {
	c.asked++
	return nil
}

// TestBeforeIsBehindTheLimits tests that the observer is not asked about a file that the session
// may not open.
func TestBeforeIsBehindTheLimits(t *testing.T) {
	o := &countingObserver{}
	s := begin(t, func(c *session.Config) { c.Observer, c.MaxOpen = o, 1 })
	create(t, s, "/file")
	for range 3 {
		if _, err := s.OpenWriter(t.Context(), "/other", vfs.WriteOptions{Create: true}); !errors.Is(err, vfs.ErrUnavailable) {
			t.Errorf("a file over the limit: %v", err)
		}
	}
	if o.asked != 1 {
		t.Errorf("the observer was asked %d times, want once", o.asked)
	}
}
