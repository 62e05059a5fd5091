package swift

import (
	"sync/atomic"
	"time"
)

// pace decides how many requests move one file at the same time: few, while the client is what takes the time; most, when the client waits for the
// store most of the time. Where most are hardly faster than few (the network or Swift itself is at its limit) it goes back to few, and does
// not try again for a while.
type pace struct {
	streams   int // wanted now
	few, most int

	period  time.Duration // how long is measured before anything is decided
	begun   time.Time     // of the present period
	bytes   int64         // that have been moved in it
	starved time.Duration // that the client has waited in it
	since   time.Time     // since when it waits; zero: it does not

	rate   float64 // bytes a second by few
	wide   int     // periods with most
	pause  time.Duration
	notYet time.Time // before that, no more than few
}

const (
	// minPeriod is the shortest time that says something about a rate; periodTrips is how long it is in round trips to the store.
	minPeriod   = 250 * time.Millisecond
	periodTrips = 2
	// farTrip is from where on a connection is held up by the distance, whoever is at its ends: 4 MiB under way, which is what Linux lets it come to, are
	// 80 MiB/s at most.
	farTrip = 50 * time.Millisecond
	// worthwhile is how much faster most requests must be than few.
	worthwhile = 1.3
	// firstPause is how long to be content with few after most were no better; it doubles each time.
	firstPause = 30 * time.Second
	// wideFrom is how much must be left of a file for more than few, in bytes.
	wideFrom = 16 * mib
)

// newPace begins with few requests, or with most if that is less; trip is what a small one takes.
func newPace(few, most int, trip time.Duration) pace {
	few = min(few, most)
	return pace{streams: few, few: few, most: most, period: max(minPeriod, periodTrips*trip), pause: firstPause}
}

// newPaceFrom begins with most where the store is far away. It is for those who know that all of a file will be moved.
func newPaceFrom(few, most int, trip time.Duration) pace {
	p := newPace(few, most, trip)
	if trip >= farTrip {
		p.streams = most
	}
	return p
}

// trip is how long a small request takes to the store and back: the least of late, since what is more is waiting for something else. It may be
// used by several goroutines.
type trip struct{ nanoseconds atomic.Int64 }

func (t *trip) note(took time.Duration) {
	now := int64(took)
	if old := t.nanoseconds.Load(); old > 0 && now > old {
		now = old + (now-old)/8
	}
	t.nanoseconds.Store(now)
}

func (t *trip) get() time.Duration { return time.Duration(t.nanoseconds.Load()) }

// starves notes that the client begins to wait for the store, and fed that it has what it waited for.
func (p *pace) starves(now time.Time) { p.since = now }

func (p *pace) fed(now time.Time) {
	p.starved += now.Sub(p.since)
	p.since = time.Time{}
}

// passed notes that n more bytes have been moved, and decides anew when a period is over; left is how many are to come.
func (p *pace) passed(now time.Time, n, left int64) {
	if p.begun.IsZero() {
		p.begun = now
		return
	}
	p.bytes += n
	took := now.Sub(p.begun)
	if took < p.period {
		return
	}
	if !p.since.IsZero() {
		p.starved += now.Sub(p.since)
		p.since = now
	}
	rate, starved := float64(p.bytes)/took.Seconds(), p.starved > took/2
	p.begun, p.bytes, p.starved = now, 0, 0
	switch {
	case p.streams == p.few:
		p.rate = rate
		if starved && left > wideFrom && now.After(p.notYet) {
			p.streams, p.wide = p.most, 0
		}
	case p.wide < 3: // they are only getting up to speed
		p.wide++
	case rate < worthwhile*p.rate:
		p.narrow(now)
	}
}

// narrow goes back to few requests.
func (p *pace) narrow(now time.Time) {
	if p.streams > p.few {
		p.streams, p.notYet = p.few, now.Add(p.pause)
		p.pause *= 2
	}
}
