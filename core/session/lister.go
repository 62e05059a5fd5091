package session

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// List implements [vfs.FS].
func (s *Session) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	l := &lister{s: s, path: name, start: time.Now(), trace: s.newTrace()}
	ctx, cancel := s.join(l.trace.In(ctx))
	defer cancel()
	err := s.enter(ctx, l, &Event{Op: OpList, Path: name}, func() (_ io.Closer, err error) {
		l.open = s.listOpen(ctx, name)
		l.under, err = s.fs.List(ctx, s.inStore(name))
		return l.under, err
	}, auth.List)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Partials implements [vfs.PartialFS]. It does not return uploads that are still in progress.
func (s *Session) Partials(ctx context.Context, name vfs.Path) (all []vfs.Info, err error) {
	err = s.do(ctx, Event{Op: OpList, Path: name}, auth.List, func(ctx context.Context) error {
		if all, err = vfs.Partials(ctx, s.fs, s.inStore(name)); err != nil || len(all) == 0 {
			return err
		}
		open := s.files.in(s.placeOf(ctx, name.Join("x")).Dir())
		all = slices.DeleteFunc(all, func(i vfs.Info) bool { return open[i.Name] != nil })
		return nil
	})
	return all, err
}

// lister is an open listing.
type lister struct {
	s     *Session
	under vfs.Lister
	path  vfs.Path
	start time.Time
	open  *openEntries
	trace *vfs.Trace

	mu       sync.Mutex // the end of the session may close a lister that another goroutine is using
	closed   bool
	closeErr error
	entries  int
	err      error
}

func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, vfs.ErrClosed
	}
	if err := l.s.ended(); err != nil {
		return nil, err
	}
	ctx, cancel := l.s.join(l.trace.In(ctx))
	defer cancel()
	page, err := l.open.next(ctx, l.under)
	l.entries += len(page)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return page, err
}

func (l *lister) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.closeErr
	}
	l.closed = true
	defer func() {
		l.s.leave(l, Event{Op: OpList, Path: l.path, Entries: l.entries, Duration: time.Since(l.start), Err: l.err}.traced(l.trace))
	}()
	l.closeErr = l.under.Close()
	return l.closeErr
}
