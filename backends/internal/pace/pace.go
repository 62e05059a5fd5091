// Package pace decides how many requests transfer one file in parallel, and measures the round-trip
// time to the store.
package pace

import (
	"sync"
	"time"
)

// Pace decides how many requests move one file at the same time: few while the client takes the
// time, and step by step more when the client waits for the store most of the time. A step that
// gains little (the network or the store is at its limit) is taken back, and not tried again for a
// while, unless the store becomes slower than it was with that step. Where the store is far away
// there is only one step, to the most.
type Pace struct {
	Streams   int // how many requests there are to be now
	few, most int
	far       bool

	period  time.Duration // how long is measured before anything is decided
	begun   time.Time     // when the present period began
	bytes   int64         // moved in the present period
	starved time.Duration // that the client has waited in the present period
	since   time.Time     // since when the client waits; zero: it does not
	waiting int           // calls of Await that wait

	before int           // streams before the step that is being tried; 0: none is
	rate   float64       // bytes a second before that step
	tried  int           // periods since that step
	sum    float64       // of the rates of the periods by which the step is judged
	missed float64       // the rate of the last step that was taken back
	pause  time.Duration // after the next step that is taken back
	notYet time.Time     // no step before then
}

const (
	// minPeriod is the shortest time that tells a rate; periodRTTs is the same in round trips to
	// the store.
	minPeriod  = 250 * time.Millisecond
	periodRTTs = 2
	// farRTT is the round trip from which on distance limits a connection: Linux lets 4 MiB be
	// under way, and at this distance those are 80 MiB/s at most.
	farRTT = 50 * time.Millisecond
	// warmUp is how many periods a step has to come up to its speed, and judged how many are then
	// measured: the rate of a single one is half chance.
	warmUp, judged = 1, 2
	// minGain is the share of the ideal speed-up that a step must reach. The ideal of more than
	// twice as many requests is taken to be that of twice as many.
	minGain = 0.3
	// firstPause is how long no step is tried after one was taken back. It doubles each time.
	firstPause = 30 * time.Second
	// wideFrom is how many bytes of a file must be left for a step.
	wideFrom = 16 << 20
)

// New returns a pace that begins with few requests and never has more than most. rtt is the round
// trip to the store.
func New(few, most int, rtt time.Duration) Pace {
	few = min(few, most)
	return Pace{Streams: few, few: few, most: most, far: rtt >= farRTT, period: max(minPeriod, periodRTTs*rtt), pause: firstPause}
}

// NewForWhole is New for a file that will be moved as a whole: where the store is far away the pace
// begins with most.
func NewForWhole(few, most int, rtt time.Duration) Pace {
	p := New(few, most, rtt)
	if p.far {
		p.Streams = most
	}
	return p
}

// AtLeast raises the number of requests to streams, or to the most there may be.
func (p *Pace) AtLeast(streams int) { p.Streams = max(p.Streams, min(streams, p.most)) }

// starves notes that the client begins to wait for the store, and fed that it no longer waits.
func (p *Pace) starves(now time.Time) { p.since = now }

func (p *Pace) fed(now time.Time) {
	p.starved += now.Sub(p.since)
	p.since = time.Time{}
}

// Await waits for wake, and counts the time as one in which the client waits for the store. It is
// called with the lock of wake held.
func (p *Pace) Await(wake *sync.Cond) {
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

// IsStarved reports whether a call of Await waits.
func (p *Pace) IsStarved() bool { return p.waiting > 0 }

// JudgeBy lets rates be measured over periods of d at least.
func (p *Pace) JudgeBy(d time.Duration) { p.period = max(p.period, d) }

// Moved notes that n bytes have come from the store or gone to it.
func (p *Pace) Moved(n int64) { p.bytes += n }

// Decide decides anew when a period is over; left is the number of bytes to come. The first call
// begins the first period. What came before tells little: the store sends the beginning of a
// download while the client has not begun to read.
func (p *Pace) Decide(now time.Time, left int64) {
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
	case p.before > 0 && p.tried < warmUp:
		p.tried++
	case p.before > 0:
		p.tried++
		p.sum += rate
		if p.tried == warmUp+judged {
			p.judge(now, starved)
		}
	case starved && p.Streams < p.most && left > wideFrom && (now.After(p.notYet) || p.slower(rate)):
		p.before, p.rate, p.tried, p.sum = p.Streams, rate, 0, 0
		p.Streams = p.step()
	}
}

// judge keeps the step that has been tried, or takes it back. A step is kept, too, if the client no
// longer waits.
func (p *Pace) judge(now time.Time, starved bool) {
	p.missed = 0
	if rate := p.sum / judged; starved && !worth(rate, p.Streams, p.rate, p.before) {
		p.wait(now)
		p.missed, p.Streams = rate, p.before
	}
	p.before = 0
}

// slower reports whether the store has become so slow that the rate of the last step that was taken
// back would now be a gain.
func (p *Pace) slower(rate float64) bool {
	return p.missed > 0 && worth(p.missed, p.step(), rate, p.Streams)
}

// worth reports whether streams requests with their rate gain enough over fewer with theirs.
func worth(rate float64, streams int, fewerRate float64, fewer int) bool {
	ideal := min(float64(streams)/float64(fewer)-1, 1)
	return rate >= (1+minGain*ideal)*fewerRate
}

// step returns how many requests to try next.
func (p *Pace) step() int {
	if p.far {
		return p.most
	}
	return min(p.Streams+max(1, p.Streams/2), p.most)
}

// wait puts off the next step.
func (p *Pace) wait(now time.Time) {
	p.notYet = now.Add(p.pause)
	p.pause *= 2
}

// Narrow goes back to few requests, as where memory is short.
func (p *Pace) Narrow(now time.Time) {
	if p.Streams > p.few {
		p.Streams, p.before, p.missed = p.few, 0, 0
		p.wait(now)
	}
}
