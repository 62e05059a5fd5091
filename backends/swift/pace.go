package swift

import (
	"sync"
	"sync/atomic"
	"time"
)

// pace decides how many requests move one file at the same time: few, while the client is what takes the time, and step by step more, when the client
// waits for the store most of the time. A step that is hardly worth it (the network or Swift itself is at its limit) is taken back, and not tried again for
// a while, unless the store becomes slower than it was with it. Where the store is far away there is only one step, to the most.
type pace struct {
	streams   int // wanted now
	few, most int
	far       bool

	period  time.Duration // how long is measured before anything is decided
	begun   time.Time     // of the present period
	bytes   int64         // that have been moved in it
	starved time.Duration // that the client has waited in it
	since   time.Time     // since when it waits; zero: it does not
	waiting int           // calls of its that wait for the store

	before int     // how many there were before the step that is being tried; 0: none is
	rate   float64 // bytes a second then
	tried  int     // periods since
	sum    float64 // of the rates of those that count
	missed float64 // the rate that the last step came to that was not worth it
	pause  time.Duration
	notYet time.Time // before that, no step
}

const (
	// minPeriod is the shortest time that says something about a rate; periodTrips is how long it is in round trips to the store.
	minPeriod   = 250 * time.Millisecond
	periodTrips = 2
	// farTrip is from where on a connection is held up by the distance, whoever is at its ends: 4 MiB under way, which is what Linux lets it come to, are
	// 80 MiB/s at most.
	farTrip = 50 * time.Millisecond
	// settling is how many periods more requests get to come up to their speed, and judging how many are looked at then: the rate of one alone
	// is half chance.
	settling, judging = 1, 2
	// worthwhile is how much of what they might bring more requests must bring, of what twice as many might if there are more than that.
	worthwhile = 0.3
	// firstPause is how long to leave it at that after a step was not worth it; it doubles each time.
	firstPause = 30 * time.Second
	// wideFrom is how much must be left of a file for a step, in bytes.
	wideFrom = 16 * mib
)

// newPace begins with few requests, or with most if that is less; trip is what a small one takes.
func newPace(few, most int, trip time.Duration) pace {
	few = min(few, most)
	return pace{streams: few, few: few, most: most, far: trip >= farTrip, period: max(minPeriod, periodTrips*trip), pause: firstPause}
}

// newPaceFrom begins with most where the store is far away. It is for those who know that all of a file will be moved.
func newPaceFrom(few, most int, trip time.Duration) pace {
	p := newPace(few, most, trip)
	if p.far {
		p.streams = most
	}
	return p
}

// atLeast has so many requests, or most if that is less, and as many as there are if that is more.
func (p *pace) atLeast(streams int) { p.streams = max(p.streams, min(streams, p.most)) }

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

// await waits for wake, and counts it as time in which the client waits for the store. It is called with the lock of wake held.
func (p *pace) await(wake *sync.Cond) {
	if p.waiting == 0 {
		p.starves(time.Now())
	}
	p.waiting++
	wake.Wait()
	p.waiting--
	if p.waiting == 0 {
		p.fed(time.Now())
	}
}

// moved notes that n bytes have come from the store, or gone to it.
func (p *pace) moved(n int64) { p.bytes += n }

// decide decides anew when a period is over; left is how many bytes are to come. The first call begins the first period: what came before it says little,
// since a download has been coming while its client was still asking.
func (p *pace) decide(now time.Time, left int64) {
	if p.begun.IsZero() {
		p.begun, p.bytes, p.starved = now, 0, 0
		return
	}
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
	case p.before > 0 && p.tried < settling:
		p.tried++
	case p.before > 0:
		p.tried++
		p.sum += rate
		if p.tried == settling+judging {
			p.judge(now, starved)
		}
	case starved && p.streams < p.most && left > wideFrom && (now.After(p.notYet) || p.slower(rate)):
		p.before, p.rate, p.tried, p.sum = p.streams, rate, 0, 0
		p.streams = p.step()
	}
}

// judge keeps the step that has been tried, or takes it back. It has been worth it too if the client no longer waits.
func (p *pace) judge(now time.Time, starved bool) {
	p.missed = 0
	if rate := p.sum / judging; starved && !worth(rate, p.streams, p.rate, p.before) {
		p.wait(now)
		p.missed, p.streams = rate, p.before
	}
	p.before = 0
}

// slower says whether the store has become so slow that what the last step came to would be worth it now.
func (p *pace) slower(rate float64) bool {
	return p.missed > 0 && worth(p.missed, p.step(), rate, p.streams)
}

// worth says whether so many requests at one rate are worth it beside fewer at another.
func worth(rate float64, streams int, fewer float64, than int) bool {
	more := min(float64(streams)/float64(than)-1, 1)
	return rate >= (1+worthwhile*more)*fewer
}

// step is how many requests to try next.
func (p *pace) step() int {
	if p.far {
		return p.most
	}
	return min(p.streams+max(1, p.streams/2), p.most)
}

// wait has no step tried for a while.
func (p *pace) wait(now time.Time) {
	p.notYet = now.Add(p.pause)
	p.pause *= 2
}

// narrow goes back to few requests.
func (p *pace) narrow(now time.Time) {
	if p.streams > p.few {
		p.streams, p.before, p.missed = p.few, 0, 0
		p.wait(now)
	}
}
