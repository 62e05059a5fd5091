package swifttest

import (
	"slices"
	"time"
)

// lag is the delayed content of a container or an account, for its listings while
// [Server.ListingLag] is set.
type lag[T keyed] struct {
	by      time.Duration
	shown   sorted[T]
	pending []change[T] // not yet visible, the oldest first
	bytes   int64       // of the visible items
	size    func(T) int64
}

// change is a stored item, or the removal of an item if item is nil.
type change[T keyed] struct {
	at   time.Time
	name string
	item *T
}

// made and removed record a change that becomes visible later. Without a lag they do nothing.
func (l *lag[T]) made(item T) {
	if l != nil {
		l.pending = append(l.pending, change[T]{at: time.Now(), name: item.key(), item: &item})
	}
}

func (l *lag[T]) removed(name string) {
	if l != nil {
		l.pending = append(l.pending, change[T]{at: time.Now(), name: name})
	}
}

// catchUp makes changes visible that are old enough.
func (l *lag[T]) catchUp(now time.Time) {
	n := 0
	for ; n < len(l.pending) && now.Sub(l.pending[n].at) >= l.by; n++ {
		ch := l.pending[n]
		var old T
		var replaced bool
		if ch.item == nil {
			old, replaced = l.shown.remove(ch.name)
		} else {
			old, replaced = l.shown.put(*ch.item)
			l.bytes += l.size(*ch.item)
		}
		if replaced {
			l.bytes -= l.size(old)
		}
	}
	l.pending = slices.Delete(l.pending, 0, n)
}

// behind returns the lag for a list, or nil if by is 0. It keeps an existing lag.
func behind[T keyed](was *lag[T], by time.Duration, items sorted[T], size func(T) int64) *lag[T] {
	switch {
	case by == 0:
		return nil
	case was != nil:
		was.by = by
		return was
	}
	l := &lag[T]{by: by, shown: sorted[T]{items: slices.Clone(items.items)}, size: size}
	for _, item := range items.items {
		l.bytes += size(item)
	}
	return l
}

// ListingLag makes listings and totals of containers, and listings of accounts, show the state of d
// ago, like a Swift whose updates are delayed. GET and HEAD of an object, and HEAD of a container,
// always show whether it exists. As in Swift, a DELETE of a container checks the listing. Changes
// before the call are visible at once; with 0, all changes are.
func (s *Server) ListingLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
	for _, a := range s.accounts {
		s.accountBehind(a)
		for _, c := range a.containers.items {
			s.lagBehind(c)
		}
	}
}

// lagBehind sets the current lag of a container. The caller must hold mu.
func (s *Server) lagBehind(c *container) {
	c.lag = behind(c.lag, s.lag, c.objects, c.counted)
}

// accountBehind sets the current lag of an account. The caller must hold mu.
func (s *Server) accountBehind(a *account) {
	a.lag = behind(a.lag, s.lag, a.containers, func(*container) int64 { return 0 })
}

// Lose removes objects but keeps them in listings until they are deleted; the DELETE is answered
// 404. A real Swift has such entries when an update of a container was lost, or when its expirer
// has not run yet.
func (s *Server) Lose(containerName string, objects ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		c, ok := a.containers.get(containerName)
		if !ok {
			continue
		}
		for _, name := range objects {
			if o, ok := c.objects.get(name); ok {
				lost := *o
				lost.Lost = true
				c.put(&lost)
			}
		}
	}
}
