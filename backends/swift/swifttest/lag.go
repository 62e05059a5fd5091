package swifttest

import (
	"slices"
	"time"
)

// lag is the late view of a container or an account that its listings show while
// [Server.ListingLag] is in force.
type lag[T keyed] struct {
	by      time.Duration
	shown   sorted[T]
	pending []change[T] // not yet shown, the oldest first
	bytes   int64       // of what is shown
	size    func(T) int64
}

// change is an item put, or removed where there is none.
type change[T keyed] struct {
	at   time.Time
	name string
	item *T
}

// made and removed remember a change to be shown later. Without a lag there is nothing to remember.
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

// catchUp shows what is old enough.
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

// behind gives a list the lag that is in force, which may be none.
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

// ListingLag makes the listings and totals of containers, and the listings of accounts, show the
// state of d ago, as those of a Swift do whose updates are behind; GET and HEAD of an object, and
// HEAD of a container, always tell whether it is there. As there, a DELETE of a container goes by
// what is listed. Changes made before the call are shown at once; with 0 everything is.
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

// lagBehind gives a container the lag that is in force. It is called with mu held.
func (s *Server) lagBehind(c *container) {
	c.lag = behind(c.lag, s.lag, c.objects, c.counted)
}

// accountBehind gives an account the lag that is in force. It is called with mu held.
func (s *Server) accountBehind(a *account) {
	a.lag = behind(a.lag, s.lag, a.containers, func(*container) int64 { return 0 })
}

// Lose takes objects away that listings go on to show until they are deleted, which is answered
// 404. A Swift has such rows where an update of a container was lost, or its expirer has not come.
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
