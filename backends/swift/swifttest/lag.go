package swifttest

import (
	"slices"
	"time"
)

// lag is the late view of a container that its listings show while [Server.ListingLag] is in force.
type lag struct {
	by      time.Duration
	objects sorted[*object]
	bytes   int64
	pending []change // not yet shown, the oldest first
}

// change is an object put, or removed where obj is nil.
type change struct {
	at   time.Time
	name string
	obj  *object
}

// note remembers a change to be shown later. Without a lag there is nothing to remember.
func (l *lag) note(name string, o *object) {
	if l != nil {
		l.pending = append(l.pending, change{at: time.Now(), name: name, obj: o})
	}
}

// catchUp shows what is old enough.
func (l *lag) catchUp(now time.Time) {
	n := 0
	for ; n < len(l.pending) && now.Sub(l.pending[n].at) >= l.by; n++ {
		ch := l.pending[n]
		if ch.obj == nil {
			if old, ok := l.objects.remove(ch.name); ok {
				l.bytes -= old.Size
			}
			continue
		}
		if old, ok := l.objects.put(ch.obj); ok {
			l.bytes -= old.Size
		}
		l.bytes += ch.obj.Size
	}
	l.pending = slices.Delete(l.pending, 0, n)
}

// ListingLag makes the listings and totals of containers show the state of d ago, as those of a Swift do whose updates are behind; GET and HEAD
// of an object always tell the truth. As there, a DELETE of a container goes by what is listed. Changes made before the call are shown at once;
// with 0 everything is.
func (s *Server) ListingLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
	for _, a := range s.accounts {
		for _, c := range a.containers.items {
			s.lagBehind(c)
		}
	}
}

// lagBehind gives a container the lag that is in force. It is called with mu held.
func (s *Server) lagBehind(c *container) {
	switch {
	case s.lag == 0:
		c.lag = nil
	case c.lag != nil:
		c.lag.by = s.lag
	default:
		c.lag = &lag{by: s.lag, objects: sorted[*object]{items: slices.Clone(c.objects.items)}, bytes: c.bytes}
	}
}
